//! Circle loss (Sun et al. 2020): embeddings of a class close together, those of others apart.

use super::formula::{Formula, FormulaLoss};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// `softplus(logsumexp over positives + logsumexp over negatives)` of weighted cosine distances.
///
/// Predictions are L2-normalized embeddings `[batch, size]`, labels class numbers `[batch]`. Samples whose loss is
/// 0 do not count in means.
pub type Circle = FormulaLoss<CircleFormula>;

/// The options of [`Circle`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CircleFormula {
    gamma: f64,
    margin: f64,
    remove_diagonal: bool,
}

impl Default for CircleFormula {
    fn default() -> Self {
        CircleFormula { gamma: 80.0, margin: 0.4, remove_diagonal: true }
    }
}

impl Circle {
    /// The scale; 80 by default.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.formula.gamma = gamma;
        self
    }

    /// How far apart classes must be; 0.4 by default.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.formula.margin = margin;
        self
    }

    /// Leaves each sample's distance to itself out; true by default.
    #[must_use]
    pub fn remove_diagonal(mut self, yes: bool) -> Self {
        self.formula.remove_diagonal = yes;
        self
    }
}

impl Formula for CircleFormula {
    const CLASS: &'static str = "Circle";
    const NAME: &'static str = "circle";

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let [batch, _] = y_pred.dims::<2>()?;
        if y_true.len() != batch {
            return Err(Error::shape(format!(
                "circle: expected labels [batch] and embeddings [batch, size], found {} and {}",
                y_true.shape(),
                y_pred.shape()
            )));
        }
        let n = |x: f64| y_pred.like(x);
        let (zero, one) = (n(0.0)?, n(1.0)?);
        let distance = one.sub(&y_pred.matmul(&y_pred.t()?)?)?.maximum(&zero)?;
        let labels = y_true.cast(DType::I64)?.reshape([batch])?;
        let same = labels.expand_dims(1)?.equal(&labels)?;
        let index = Tensor::range(batch as i64)?;
        let other = index.expand_dims(1)?.not_equal(&index)?;
        let positive = if self.remove_diagonal { same.logical_and(&other)? } else { same.clone() };
        let negative = same.logical_not()?;
        let weighted = |mask: &Tensor, weight: Tensor, optimum: f64, sign: f64| -> Result<Tensor> {
            let weight = weight.mul(&mask.cast(y_pred.dtype())?)?.maximum(&zero)?;
            let logit = n(sign * self.gamma)?.mul(&weight)?.mul(&n(optimum)?.sub(&distance)?)?;
            mask.select(&logit, &n(f64::NEG_INFINITY)?)?.reduce_logsumexp(1, false)
        };
        let p = weighted(&positive, n(self.margin)?.add(&distance)?, self.margin, -1.0)?;
        let q = weighted(&negative, n(1.0 + self.margin)?.sub(&distance)?, 1.0 - self.margin, 1.0)?;
        p.add(&q)?.softplus()
    }

    fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let values = self.values(y_true, y_pred)?.stop_gradient()?;
        Ok(Some(values.greater(&values.like(0.0)?)?))
    }
}
