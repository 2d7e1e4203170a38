//! Squares near zero, absolute values far from it (Huber 1964).

use super::formula::{Formula, FormulaLoss, prepared};
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// The mean over the last axis of `error^2 / 2` up to `delta`, `delta * |error| - delta^2 / 2` beyond.
pub type Huber = FormulaLoss<HuberFormula>;

/// The options of [`Huber`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HuberFormula {
    pub(crate) delta: f64,
}

impl Default for HuberFormula {
    fn default() -> Self {
        HuberFormula { delta: 1.0 }
    }
}

impl Huber {
    /// Where squares turn into absolute values; 1 by default.
    #[must_use]
    pub fn delta(mut self, delta: f64) -> Self {
        self.formula.delta = delta;
        self
    }
}

impl Formula for HuberFormula {
    const CLASS: &'static str = "Huber";
    const NAME: &'static str = "huber_loss";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        let delta = p.like(self.delta)?;
        let half = p.like(0.5)?;
        let error = p.sub(&t.cast(p.dtype())?)?;
        let size = error.abs()?;
        let near = half.mul(&error.square()?)?;
        let far = delta.mul(&size)?.sub(&half.mul(&delta.square()?)?)?;
        size.less_equal(&delta)?.select(&near, &far)?.reduce_mean(-1, false)
    }
}

/// [`Huber`]'s value per sample.
pub fn huber(y_true: &Tensor, y_pred: &Tensor, delta: f64) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    HuberFormula { delta }.values(&t, &p)
}
