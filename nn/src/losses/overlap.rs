//! How much two regions overlap: the losses of segmentation.

use super::EPSILON;
use super::formula::{Formula, FormulaLoss};
use gradus_tensor::{Axes, Result, Tensor};
use serde::{Deserialize, Deserializer, Serialize};

/// `1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + 1e-7)` over all axes, or those given.
pub type Dice = FormulaLoss<DiceFormula>;

/// `1 - tp / (tp + alpha * fp + beta * fn + 1e-7)` over all axes, or those given (Salehi et al. 2017).
///
/// Keras's names: `fp` is what it misses and `fn` what it adds; `alpha` and `beta` follow them.
pub type Tversky = FormulaLoss<TverskyFormula>;

/// The options of [`Dice`].
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DiceFormula {
    #[serde(deserialize_with = "one_or_several")]
    axis: Option<Vec<isize>>,
}

impl Dice {
    /// The axes to sum over; all by default.
    #[must_use]
    pub fn axis(mut self, axes: &[isize]) -> Self {
        self.formula.axis = Some(axes.to_vec());
        self
    }
}

/// Keras takes one axis as well as a list.
fn one_or_several<'de, D: Deserializer<'de>>(source: D) -> std::result::Result<Option<Vec<isize>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrSeveral {
        One(isize),
        Several(Vec<isize>),
    }
    Ok(Option::deserialize(source)?.map(|axis| match axis {
        OneOrSeveral::One(axis) => vec![axis],
        OneOrSeveral::Several(axes) => axes,
    }))
}

fn axes(list: &Option<Vec<isize>>) -> Axes {
    list.as_deref().map_or(Axes::All, Axes::from)
}

impl Formula for DiceFormula {
    const CLASS: &'static str = "Dice";
    const NAME: &'static str = "dice";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        let t = t.cast(p.dtype())?;
        let sum = |x: &Tensor| x.reduce_sum(axes(&self.axis), false);
        let all = sum(&t)?.add(&sum(p)?)?.add(&p.like(EPSILON)?)?;
        p.like(1.0)?.sub(&p.like(2.0)?.mul(&sum(&t.mul(p)?)?)?.div(&all)?)
    }
}

/// The options of [`Tversky`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TverskyFormula {
    alpha: f64,
    beta: f64,
    #[serde(deserialize_with = "one_or_several")]
    axis: Option<Vec<isize>>,
}

impl Default for TverskyFormula {
    fn default() -> Self {
        TverskyFormula { alpha: 0.5, beta: 0.5, axis: None }
    }
}

impl Tversky {
    /// Weight of what is missed; 0.5 by default.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.formula.alpha = alpha;
        self
    }

    /// Weight of what is added; 0.5 by default.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.formula.beta = beta;
        self
    }

    /// The axes to sum over; all by default.
    #[must_use]
    pub fn axis(mut self, axes: &[isize]) -> Self {
        self.formula.axis = Some(axes.to_vec());
        self
    }
}

impl Formula for TverskyFormula {
    const CLASS: &'static str = "Tversky";
    const NAME: &'static str = "tversky";

    fn values(&self, t: &Tensor, p: &Tensor) -> Result<Tensor> {
        let (t, one) = (t.cast(p.dtype())?, p.like(1.0)?);
        let sum = |x: &Tensor| x.reduce_sum(axes(&self.axis), false);
        let both = sum(&t.mul(p)?)?;
        let missed = sum(&one.sub(p)?.mul(&t)?)?.mul(&p.like(self.alpha)?)?;
        let added = sum(&p.mul(&one.sub(&t)?)?)?.mul(&p.like(self.beta)?)?;
        one.sub(&both.div(&both.add(&missed)?.add(&added)?.add(&p.like(EPSILON)?)?)?)
    }
}
