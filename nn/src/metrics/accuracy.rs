//! How often predictions are right.

use super::mean_metric::{Direction, MeanMetric, Measure, matched, plain_measure};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};

plain_measure! {
    /// How often `y_pred` equals `y_true`, element by element.
    AccuracyFormula, Accuracy = "Accuracy", "accuracy", Up, |t, p| {
        let (t, p) = matched(t, p)?;
        t.cast(p.dtype())?.equal(&p)?.cast(DType::F32)
    }
}

plain_measure! {
    /// How often the largest of `y_pred` stands where the largest of `y_true` does, along the last axis.
    CategoricalAccuracyFormula, CategoricalAccuracy = "CategoricalAccuracy", "categorical_accuracy", Up, |t, p| {
        categorical_accuracy(t, p)
    }
}

plain_measure! {
    /// How often the largest of `y_pred` along the last axis stands at the class number `y_true`.
    SparseCategoricalAccuracyFormula, SparseCategoricalAccuracy = "SparseCategoricalAccuracy",
    "sparse_categorical_accuracy", Up, |t, p| {
        sparse_categorical_accuracy(t, p)
    }
}

/// How often `y_pred > threshold` equals `y_true`, element by element.
pub type BinaryAccuracy = MeanMetric<BinaryAccuracyFormula>;

/// The options of [`BinaryAccuracy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BinaryAccuracyFormula {
    threshold: f64,
}

impl Default for BinaryAccuracyFormula {
    fn default() -> Self {
        BinaryAccuracyFormula { threshold: 0.5 }
    }
}

impl BinaryAccuracy {
    /// Above this a prediction means yes; 0.5 by default.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.measure.threshold = threshold;
        self
    }
}

impl Measure for BinaryAccuracyFormula {
    const CLASS: &'static str = "BinaryAccuracy";
    const NAME: &'static str = "binary_accuracy";
    const DIRECTION: Direction = Direction::Up;

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        binary_accuracy(t, p, self.threshold)
    }
}

/// [`BinaryAccuracy`]'s values: 1 where right, 0 where wrong.
pub fn binary_accuracy(y_true: &Tensor, y_pred: &Tensor, threshold: f64) -> Result<Tensor> {
    let (t, p) = matched(y_true, y_pred)?;
    let p = if p.dtype().is_float() { p } else { p.cast(DType::F32)? };
    let yes = p.greater(&p.like(threshold)?)?.cast(t.dtype())?;
    t.equal(&yes)?.cast(DType::F32)
}

/// [`CategoricalAccuracy`]'s values: 1 where right, 0 where wrong.
pub fn categorical_accuracy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    last_axis("categorical_accuracy", y_true)?;
    last_axis("categorical_accuracy", y_pred)?;
    y_true.argmax(-1)?.equal(&y_pred.argmax(-1)?)?.cast(DType::F32)
}

/// [`SparseCategoricalAccuracy`]'s values: 1 where right, 0 where wrong.
pub fn sparse_categorical_accuracy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    last_axis("sparse_categorical_accuracy", y_pred)?;
    let single = y_true.rank() == y_pred.rank() && y_true.shape().last() == Some(&1);
    let t = if single { y_true.squeeze(-1)? } else { y_true.clone() };
    let found = y_pred.argmax(-1)?;
    let right = t.cast(found.dtype())?.equal(&found)?.cast(DType::F32)?;
    if right.rank() > 1 && right.shape().last() == Some(&1) { right.squeeze(-1) } else { Ok(right) }
}

fn last_axis(name: &str, t: &Tensor) -> Result<()> {
    if t.rank() > 0 && t.shape().last() != Some(&0) {
        return Ok(());
    }
    Err(Error::shape(format!("{name}: expected classes along the last axis, found shape {}", t.shape())))
}
