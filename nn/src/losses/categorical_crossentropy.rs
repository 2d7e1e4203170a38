//! Cross-entropy of one class among several, given as a distribution.

use super::EPSILON;
use super::formula::{Formula, FormulaLoss, prepared};
use super::logits::Logits;
use gradus_tensor::{Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// `-sum(y_true * log(y_pred))` over the classes, probabilities normalized and clipped to `[1e-7, 1 - 1e-7]`.
///
/// With `from_logits` the predictions are taken before the softmax. Predictions that come straight from a
/// softmax activation are traced back to their logits. Labels are distributions, one-hot for instance; for class
/// numbers see [`SparseCategoricalCrossentropy`](super::SparseCategoricalCrossentropy).
pub type CategoricalCrossentropy = FormulaLoss<CategoricalCrossentropyFormula>;

/// The options of [`CategoricalCrossentropy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CategoricalCrossentropyFormula {
    pub(crate) from_logits: bool,
    pub(crate) label_smoothing: f64,
    pub(crate) axis: isize,
}

impl Default for CategoricalCrossentropyFormula {
    fn default() -> Self {
        CategoricalCrossentropyFormula { from_logits: false, label_smoothing: 0.0, axis: -1 }
    }
}

impl CategoricalCrossentropy {
    /// Predictions are logits rather than probabilities; false by default.
    #[must_use]
    pub fn from_logits(mut self, yes: bool) -> Self {
        self.formula.from_logits = yes;
        self
    }

    /// Spreads this fraction of the label over all classes; 0 by default.
    #[must_use]
    pub fn label_smoothing(mut self, fraction: f64) -> Self {
        self.formula.label_smoothing = fraction;
        self
    }

    /// The axis of the classes; -1 by default.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.formula.axis = axis;
        self
    }
}

/// Labels with a fraction spread over the last axis.
pub(crate) fn smoothed(t: &Tensor, fraction: f64) -> Result<Tensor> {
    if fraction == 0.0 {
        return Ok(t.clone());
    }
    let classes = t.shape().last().copied().unwrap_or(1) as f64;
    t.mul(&t.like(1.0 - fraction)?)?.add(&t.like(fraction / classes)?)
}

impl Formula for CategoricalCrossentropyFormula {
    const CLASS: &'static str = "CategoricalCrossentropy";
    const NAME: &'static str = "categorical_crossentropy";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        if t.shape() != p.shape() {
            return Err(Error::shape(format!(
                "categorical_crossentropy: y_true has shape {}, y_pred {}; they must be the same, \
                 use the sparse loss for class numbers",
                t.shape(),
                p.shape()
            )));
        }
        let t = smoothed(&t.cast(p.dtype())?, self.label_smoothing)?;
        let logits = match Logits::of(p) {
            Some(Logits::Softmax(x)) => Some(x),
            _ => self.from_logits.then(|| p.clone()),
        };
        let last = |x: &Tensor| x.move_axis(self.axis, -1);
        let log = match logits {
            // One pass for values and gradient; it takes labels to sum to 1, as TensorFlow does.
            Some(x) => return last(&x)?.softmax_cross_entropy_with_logits(&last(&t)?),
            None => p.div(&p.reduce_sum(self.axis, true)?)?.clip(EPSILON, 1.0 - EPSILON)?.log()?,
        };
        t.mul(&log)?.reduce_sum(self.axis, false)?.neg()
    }
}

/// [`CategoricalCrossentropy`]'s value per sample, with default options.
pub fn categorical_crossentropy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    CategoricalCrossentropyFormula::default().values(&t, &p)
}
