//! Cross-entropy of one class among several, given by its number.

use super::EPSILON;
use super::formula::{Formula, FormulaLoss, prepared};
use super::logits::Logits;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// `-log(y_pred[y_true])` over the last axis, probabilities clipped to `[1e-7, 1 - 1e-7]` and normalized.
///
/// With `from_logits` the predictions are taken before the softmax. Predictions that come straight from a
/// softmax activation are traced back to their logits. A label outside of the classes is an error.
pub type SparseCategoricalCrossentropy = FormulaLoss<SparseCategoricalCrossentropyFormula>;

/// The options of [`SparseCategoricalCrossentropy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SparseCategoricalCrossentropyFormula {
    pub(crate) from_logits: bool,
    pub(crate) ignore_class: Option<i64>,
    pub(crate) axis: isize,
}

impl Default for SparseCategoricalCrossentropyFormula {
    fn default() -> Self {
        SparseCategoricalCrossentropyFormula { from_logits: false, ignore_class: None, axis: -1 }
    }
}

impl SparseCategoricalCrossentropy {
    /// Predictions are logits rather than probabilities; false by default.
    #[must_use]
    pub fn from_logits(mut self, yes: bool) -> Self {
        self.formula.from_logits = yes;
        self
    }

    /// Labels of this class do not count (for padding, say); none by default.
    #[must_use]
    pub fn ignore_class(mut self, class: i64) -> Self {
        self.formula.ignore_class = Some(class);
        self
    }
}

/// Class numbers as integers, without a last axis of size 1 that the predictions' classes stand in.
fn classes(t: &Tensor, p: &Tensor) -> Result<Tensor> {
    let t = if t.rank() == p.rank() && t.shape().last() == Some(&1) { t.squeeze(-1)? } else { t.clone() };
    if t.dtype().is_int() { Ok(t) } else { t.cast(DType::I64) }
}

/// Logarithms of probabilities, which Keras takes for logits: it normalizes what was clipped once more.
fn logarithms(p: &Tensor) -> Result<Tensor> {
    p.clip(EPSILON, 1.0 - EPSILON)?.log()
}

impl Formula for SparseCategoricalCrossentropyFormula {
    const CLASS: &'static str = "SparseCategoricalCrossentropy";
    const NAME: &'static str = "sparse_categorical_crossentropy";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        if p.rank() == 0 || p.shape().axis(self.axis)? + 1 != p.rank() {
            return Err(Error::shape(format!(
                "sparse_categorical_crossentropy: the classes must be the last axis, found axis {} of shape {}",
                self.axis,
                p.shape()
            )));
        }
        let mut t = classes(t, p)?;
        let logits = match Logits::of(p) {
            Some(Logits::Softmax(x)) => Some(x),
            _ => self.from_logits.then(|| p.clone()),
        };
        let Some(ignored) = self.ignore_class else {
            return match logits {
                Some(x) => x.sparse_softmax_cross_entropy_with_logits(&t),
                None => logarithms(p)?.sparse_softmax_cross_entropy_with_logits(&t),
            };
        };
        let valid = t.not_equal(&t.like(ignored)?)?;
        t = valid.select(&t, &t.zeros_like()?)?;
        let zero = p.like(0.0)?;
        let keep = |x: &Tensor| valid.expand_dims(-1)?.select(x, &zero);
        let values = match logits {
            Some(x) => keep(&x)?.sparse_softmax_cross_entropy_with_logits(&t)?,
            None => logarithms(&keep(p)?)?.sparse_softmax_cross_entropy_with_logits(&t)?,
        };
        valid.select(&values, &zero)
    }

    fn mask(&self, t: &Tensor, p: &Tensor) -> Result<Option<Tensor>> {
        let Some(ignored) = self.ignore_class else { return Ok(None) };
        let t = classes(t, p)?;
        Ok(Some(t.not_equal(&t.like(ignored)?)?))
    }
}

/// [`SparseCategoricalCrossentropy`]'s value per sample, with default options.
pub fn sparse_categorical_crossentropy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    SparseCategoricalCrossentropyFormula::default().values(&t, &p)
}
