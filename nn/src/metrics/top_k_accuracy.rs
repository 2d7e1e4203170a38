//! How often the truth is among the best guesses.

use super::mean_metric::{Direction, MeanMetric, Measure};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// How often the largest of `y_true` is among the `k` largest of `y_pred`, along the last axis.
pub type TopKCategoricalAccuracy = MeanMetric<TopKFormula>;

/// How often the class number `y_true` is among the `k` largest of `y_pred`, along the last axis.
pub type SparseTopKCategoricalAccuracy = MeanMetric<SparseTopKFormula>;

/// The options of [`TopKCategoricalAccuracy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TopKFormula {
    k: usize,
}

/// The options of [`SparseTopKCategoricalAccuracy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SparseTopKFormula {
    k: usize,
    from_sorted_ids: bool,
}

impl Default for TopKFormula {
    fn default() -> Self {
        TopKFormula { k: 5 }
    }
}

impl Default for SparseTopKFormula {
    fn default() -> Self {
        SparseTopKFormula { k: 5, from_sorted_ids: false }
    }
}

impl TopKCategoricalAccuracy {
    /// How many guesses count; 5 by default.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.measure.k = k;
        self
    }
}

impl SparseTopKCategoricalAccuracy {
    /// How many guesses count; 5 by default.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.measure.k = k;
        self
    }

    /// `y_pred` holds class numbers, best first, rather than scores; false by default.
    #[must_use]
    pub fn from_sorted_ids(mut self, yes: bool) -> Self {
        self.measure.from_sorted_ids = yes;
        self
    }
}

impl Measure for TopKFormula {
    const CLASS: &'static str = "TopKCategoricalAccuracy";
    const NAME: &'static str = "top_k_categorical_accuracy";
    const DIRECTION: Direction = Direction::Up;

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        in_top_k(&y_true.argmax(-1)?, y_pred, self.k)
    }
}

impl Measure for SparseTopKFormula {
    const CLASS: &'static str = "SparseTopKCategoricalAccuracy";
    const NAME: &'static str = "sparse_top_k_categorical_accuracy";
    const DIRECTION: Direction = Direction::Up;

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        if !self.from_sorted_ids {
            return in_top_k(y_true, y_pred, self.k);
        }
        let ids = rows(y_pred)?;
        let k = self.k.min(ids.shape()[1]);
        let best = ids.slice_sizes(&[0, 0], &[-1, k as isize])?;
        let found = best.equal(&y_true.cast(ids.dtype())?.flatten()?.expand_dims(-1)?)?;
        found.reduce_any(-1, false)?.cast(DType::F32)?.reshape(y_true.shape().clone())
    }
}

/// The predictions as a matrix: one row per sample.
fn rows(y_pred: &Tensor) -> Result<Tensor> {
    match y_pred.shape().last() {
        Some(&n) if n > 0 && y_pred.rank() > 1 => y_pred.reshape([y_pred.len() / n, n]),
        _ => Err(Error::shape(format!(
            "top_k_categorical_accuracy: expected scores [.., classes], found shape {}",
            y_pred.shape()
        ))),
    }
}

fn in_top_k(classes: &Tensor, y_pred: &Tensor, k: usize) -> Result<Tensor> {
    let scores = rows(y_pred)?;
    let flat = classes.cast(DType::I64)?.flatten()?;
    scores.in_top_k(&flat, k)?.cast(DType::F32)?.reshape(classes.shape().clone())
}
