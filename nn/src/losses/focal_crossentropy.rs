//! Cross-entropies that weigh easy samples down (Lin et al. 2018).

use super::EPSILON;
use super::formula::{Formula, FormulaLoss, prepared};
use super::{binary_crossentropy, categorical_crossentropy};
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// Binary cross-entropy times `(1 - p_t)^gamma`, `p_t` being the probability given to the true answer.
pub type BinaryFocalCrossentropy = FormulaLoss<BinaryFocalFormula>;

/// Categorical cross-entropy times `alpha * (1 - p)^gamma`, class by class.
pub type CategoricalFocalCrossentropy = FormulaLoss<CategoricalFocalFormula>;

/// The options of [`BinaryFocalCrossentropy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BinaryFocalFormula {
    apply_class_balancing: bool,
    alpha: f64,
    gamma: f64,
    from_logits: bool,
    label_smoothing: f64,
    axis: isize,
}

impl Default for BinaryFocalFormula {
    fn default() -> Self {
        BinaryFocalFormula {
            apply_class_balancing: false,
            alpha: 0.25,
            gamma: 2.0,
            from_logits: false,
            label_smoothing: 0.0,
            axis: -1,
        }
    }
}

impl BinaryFocalCrossentropy {
    /// Weighs positives with `alpha` and negatives with `1 - alpha`; not by default.
    #[must_use]
    pub fn class_balancing(mut self, alpha: f64) -> Self {
        self.formula.apply_class_balancing = true;
        self.formula.alpha = alpha;
        self
    }

    /// How strongly easy samples are weighed down; 2 by default.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.formula.gamma = gamma;
        self
    }

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
}

impl Formula for BinaryFocalFormula {
    const CLASS: &'static str = "BinaryFocalCrossentropy";
    const NAME: &'static str = "binary_focal_crossentropy";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        let t = binary_crossentropy::smoothed(&t.cast(p.dtype())?, self.label_smoothing)?;
        let p = if self.from_logits { p.sigmoid()? } else { p.clone() };
        let entropy = binary_crossentropy::elementwise(&t, &p, false)?;
        let one = p.like(1.0)?;
        let not_t = one.sub(&t)?;
        let p_t = t.mul(&p)?.add(&not_t.mul(&one.sub(&p)?)?)?;
        let mut values = one.sub(&p_t)?.pow(&p.like(self.gamma)?)?.mul(&entropy)?;
        if self.apply_class_balancing {
            let weight = t.mul(&p.like(self.alpha)?)?.add(&not_t.mul(&p.like(1.0 - self.alpha)?)?)?;
            values = weight.mul(&values)?;
        }
        values.reduce_mean(self.axis, false)
    }
}

/// The options of [`CategoricalFocalCrossentropy`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CategoricalFocalFormula {
    alpha: f64,
    gamma: f64,
    from_logits: bool,
    label_smoothing: f64,
    axis: isize,
}

impl Default for CategoricalFocalFormula {
    fn default() -> Self {
        CategoricalFocalFormula {
            alpha: 0.25,
            gamma: 2.0,
            from_logits: false,
            label_smoothing: 0.0,
            axis: -1,
        }
    }
}

impl CategoricalFocalCrossentropy {
    /// Weight of every class; 0.25 by default.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.formula.alpha = alpha;
        self
    }

    /// How strongly easy samples are weighed down; 2 by default.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.formula.gamma = gamma;
        self
    }

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
}

impl Formula for CategoricalFocalFormula {
    const CLASS: &'static str = "CategoricalFocalCrossentropy";
    const NAME: &'static str = "categorical_focal_crossentropy";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        let t = categorical_crossentropy::smoothed(&t.cast(p.dtype())?, self.label_smoothing)?;
        let p = if self.from_logits { p.softmax(self.axis)? } else { p.clone() };
        let p = p.div(&p.reduce_sum(self.axis, true)?)?.clip(EPSILON, 1.0 - EPSILON)?;
        let entropy = t.neg()?.mul(&p.log()?)?;
        let weight = p.like(1.0)?.sub(&p)?.pow(&p.like(self.gamma)?)?.mul(&p.like(self.alpha)?)?;
        weight.mul(&entropy)?.reduce_sum(self.axis, false)
    }
}

/// [`BinaryFocalCrossentropy`]'s value per sample, with default options.
pub fn binary_focal_crossentropy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    BinaryFocalFormula::default().values(&t, &p)
}

/// [`CategoricalFocalCrossentropy`]'s value per sample, with default options.
pub fn categorical_focal_crossentropy(y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
    let (t, p) = prepared(y_true, y_pred)?;
    CategoricalFocalFormula::default().values(&t, &p)
}
