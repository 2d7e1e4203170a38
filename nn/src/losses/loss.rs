//! What training needs of a loss.

use super::reduction::{Reduction, reduce_weighted_values};
use gradus_tensor::{Result, Tensor};
use serde_json::Value;
use std::fmt;

/// A loss. One of your own gives [`Loss::values`]; a closure `|y_true, y_pred| ..` is a loss too.
pub trait Loss: Send + Sync {
    /// The name in histories and messages.
    fn name(&self) -> &str;

    /// One value per sample: `[batch, d1, ..]` for predictions `[batch, d1, .., classes]`.
    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor>;

    /// How values become a scalar; their mean by default.
    fn reduction(&self) -> Reduction {
        Reduction::SumOverBatchSize
    }

    /// Which values count, when the targets themselves say so (`ignore_class`); of the shape of the values.
    fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let _ = (y_true, y_pred);
        Ok(None)
    }

    /// Class name and configuration for files; `None` for a loss that cannot be written.
    fn config(&self) -> Option<(&'static str, Value)> {
        None
    }

    /// The reduced loss, each value multiplied by its sample weight.
    ///
    /// Weights have the shape of the values, or one that broadcasts to it.
    fn call(&self, y_true: &Tensor, y_pred: &Tensor, sample_weight: Option<&Tensor>) -> Result<Tensor> {
        self.call_masked(y_true, y_pred, sample_weight, None)
    }

    /// As [`Loss::call`], with a mask from the layers before: where it is false, values do not count.
    fn call_masked(
        &self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let reduced = || {
            let values = self.values(y_true, y_pred)?;
            let own = self.mask(y_true, y_pred)?;
            let both = match (&own, mask) {
                (Some(a), Some(b)) => Some(a.logical_and(b)?),
                (Some(a), None) => Some(a.clone()),
                (None, b) => b.cloned(),
            };
            reduce_weighted_values(&values, sample_weight, both.as_ref(), self.reduction())
        };
        reduced().map_err(|e| e.within(self.name()))
    }
}

impl fmt::Debug for dyn Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.config() {
            Some((class, config)) => write!(f, "{class}({config})"),
            None => write!(f, "Loss({:?})", self.name()),
        }
    }
}
