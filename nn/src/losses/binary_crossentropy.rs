//! Cross-entropy of yes-or-no answers.

use super::EPSILON;
use super::formula::{Formula, FormulaLoss, prepared};
use super::logits::Logits;
use gradus_tensor::{Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// `-mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred))` over an axis, probabilities clipped to
/// `[1e-7, 1 - 1e-7]`.
///
/// With `from_logits` the predictions are taken before the sigmoid, which is exact for large ones. Predictions
/// that come straight from a sigmoid activation are traced back to their logits.
pub type BinaryCrossentropy = FormulaLoss<BinaryCrossentropyFormula>;

/// The options of [`BinaryCrossentropy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BinaryCrossentropyFormula {
    pub(crate) from_logits: bool,
    pub(crate) label_smoothing: f64,
    pub(crate) axis: isize,
}

impl Default for BinaryCrossentropyFormula {
    fn default() -> Self {
        BinaryCrossentropyFormula { from_logits: false, label_smoothing: 0.0, axis: -1 }
    }
}

impl BinaryCrossentropy {
    /// Predictions are logits rather than probabilities; false by default.
    #[must_use]
    pub fn from_logits(mut self, yes: bool) -> Self {
        self.formula.from_logits = yes;
        self
    }

    /// Moves labels towards 0.5 by this fraction; 0 by default.
    #[must_use]
    pub fn label_smoothing(mut self, fraction: f64) -> Self {
        self.formula.label_smoothing = fraction;
        self
    }

    /// The axis of the mean; -1 by default.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.formula.axis = axis;
        self
    }
}

/// Labels moved towards 0.5.
pub(crate) fn smoothed(t: &Tensor, fraction: f64) -> Result<Tensor> {
    if fraction == 0.0 {
        return Ok(t.clone());
    }
    t.mul(&t.like(1.0 - fraction)?)?.add(&t.like(0.5 * fraction)?)
}

/// Cross-entropy per element, without the mean.
pub(crate) fn elementwise(t: &Tensor, p: &Tensor, from_logits: bool) -> Result<Tensor> {
    if t.shape() != p.shape() {
        return Err(Error::shape(format!(
            "binary_crossentropy: y_true has shape {}, y_pred {}; they must be the same",
            t.shape(),
            p.shape()
        )));
    }
    let logits = match Logits::of(p) {
        Some(Logits::Sigmoid(x)) => Some(x),
        _ => from_logits.then(|| p.clone()),
    };
    if let Some(x) = logits {
        return x.sigmoid_cross_entropy_with_logits(t);
    }
    let one = p.like(1.0)?;
    let p = p.clip(EPSILON, 1.0 - EPSILON)?;
    let yes = t.mul(&p.log()?)?;
    let no = one.sub(t)?.mul(&one.sub(&p)?.log()?)?;
    yes.add(&no)?.neg()
}

impl Formula for BinaryCrossentropyFormula {
    const CLASS: &'static str = "BinaryCrossentropy";
    const NAME: &'static str = "binary_crossentropy";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        let t = smoothed(&t.cast(p.dtype())?, self.label_smoothing)?;
        elementwise(&t, p, self.from_logits)?.reduce_mean(self.axis, false)
    }
}

/// [`BinaryCrossentropy`]'s value per sample, with default options.
pub fn binary_crossentropy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    BinaryCrossentropyFormula::default().values(&t, &p)
}
