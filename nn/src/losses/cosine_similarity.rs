//! The angle between truth and prediction.

use super::formula::{Formula, FormulaLoss, prepared};
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// `-sum(l2_normalize(y_true) * l2_normalize(y_pred))` over an axis: -1 for the same direction, 1 for opposite ones.
pub type CosineSimilarity = FormulaLoss<CosineSimilarityFormula>;

/// The options of [`CosineSimilarity`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CosineSimilarityFormula {
    pub(crate) axis: isize,
}

impl Default for CosineSimilarityFormula {
    fn default() -> Self {
        CosineSimilarityFormula { axis: -1 }
    }
}

impl CosineSimilarity {
    /// The axis of the vectors; -1 by default.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.formula.axis = axis;
        self
    }
}

/// Keras's `normalize`: divides by the L2 norm, which counts as 1e-12 at least.
fn normalized(x: &Tensor, axis: isize) -> Result<Tensor> {
    let square = x.square()?.reduce_sum(axis, true)?;
    x.div(&square.maximum(&x.like(1e-12)?)?.sqrt()?)
}

/// The cosine of the angle, along an axis.
pub(crate) fn cosine(t: &Tensor, p: &Tensor, axis: isize) -> Result<Tensor> {
    normalized(&t.cast(p.dtype())?, axis)?.mul(&normalized(p, axis)?)?.reduce_sum(axis, false)
}

impl Formula for CosineSimilarityFormula {
    const CLASS: &'static str = "CosineSimilarity";
    const NAME: &'static str = "cosine_similarity";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        cosine(t, p, self.axis)?.neg()
    }
}

/// [`CosineSimilarity`]'s value per sample.
pub fn cosine_similarity(y_true: &Tensor, y_pred: &Tensor, axis: isize) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    CosineSimilarityFormula { axis }.values(&t, &p)
}
