//! Cross-entropy that noisy labels harm less (Zhang & Sabuncu 2018).

use super::formula::{Formula, FormulaLoss};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// `(1 - p^q) / q`, `p` being the probability given to the true class; labels are class numbers.
///
/// `q` near 0 is the cross-entropy, `q` near 1 the absolute error.
pub type CategoricalGeneralizedCrossEntropy = FormulaLoss<GeneralizedCrossEntropyFormula>;

/// The options of [`CategoricalGeneralizedCrossEntropy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneralizedCrossEntropyFormula {
    q: f64,
}

impl Default for GeneralizedCrossEntropyFormula {
    fn default() -> Self {
        GeneralizedCrossEntropyFormula { q: 0.5 }
    }
}

impl CategoricalGeneralizedCrossEntropy {
    /// Between cross-entropy and absolute error, in (0, 1); 0.5 by default.
    #[must_use]
    pub fn q(mut self, q: f64) -> Self {
        self.formula.q = q;
        self
    }
}

impl Formula for GeneralizedCrossEntropyFormula {
    const CLASS: &'static str = "CategoricalGeneralizedCrossEntropy";
    const NAME: &'static str = "categorical_generalized_cross_entropy";

    fn check(&self) -> Result<()> {
        if self.q > 0.0 && self.q < 1.0 {
            return Ok(());
        }
        Err(Error::value(format!(
            "CategoricalGeneralizedCrossEntropy: q must be in (0, 1), found {}",
            self.q
        )))
    }

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        self.check()?;
        let n = *p.shape().last().ok_or_else(|| {
            Error::shape(
                "categorical_generalized_cross_entropy: the predictions are a scalar, expected classes",
            )
        })?;
        // A label outside of the classes selects nothing, as in one-hot encoding.
        let classes = Tensor::range(n as i64)?;
        let t = t.cast(DType::I64)?;
        let t = if t.rank() == p.rank() && t.shape().last() == Some(&1) { t } else { t.expand_dims(-1)? };
        let chosen = t.equal(&classes)?.cast(p.dtype())?;
        let likely = p.mul(&chosen)?.reduce_sum(-1, false)?;
        let q = p.like(self.q)?;
        p.like(1.0)?.sub(&likely.pow(&q)?)?.div(&q)
    }
}
