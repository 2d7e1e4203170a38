//! Adam's spread kept as rows and columns (Shazeer & Stern 2018).

use crate::rule::{Rule, Step, squares};
use crate::state::Slots;
use crate::{LearningRate, RuleOptimizer};
use gradus_autograd::Variable;
use gradus_tensor::{DType, Result, Rows, Spec, Tensor};
use serde::{Deserialize, Serialize};

/// Adafactor: the mean square of a matrix's gradients as the product of a row and a column, steps relative to
/// the size of the weights, and no momentum.
pub type Adafactor = RuleOptimizer<AdafactorRule>;

/// The hyperparameters of [`Adafactor`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdafactorRule {
    beta_2_decay: f64,
    epsilon_1: f64,
    epsilon_2: f64,
    clip_threshold: f64,
    relative_step: bool,
}

impl Default for AdafactorRule {
    fn default() -> Self {
        AdafactorRule {
            beta_2_decay: -0.8,
            epsilon_1: 1e-30,
            epsilon_2: 1e-3,
            clip_threshold: 1.0,
            relative_step: true,
        }
    }
}

impl Adafactor {
    /// Adafactor with the paper's constants. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(AdafactorRule::default(), learning_rate)
    }

    /// Exponent in the decay `1 - t^beta_2_decay` of the mean square; -0.8 by default.
    #[must_use]
    pub fn beta_2_decay(mut self, decay: f64) -> Self {
        self.rule.beta_2_decay = decay;
        self
    }

    /// Added to the squared gradient; 1e-30 by default.
    #[must_use]
    pub fn epsilon_1(mut self, epsilon: f64) -> Self {
        self.rule.epsilon_1 = epsilon;
        self
    }

    /// Least size of the weights that steps are relative to; 1e-3 by default.
    #[must_use]
    pub fn epsilon_2(mut self, epsilon: f64) -> Self {
        self.rule.epsilon_2 = epsilon;
        self
    }

    /// Largest root mean square of a step's direction; 1 by default.
    #[must_use]
    pub fn clip_threshold(mut self, threshold: f64) -> Self {
        self.rule.clip_threshold = threshold;
        self
    }

    /// Bounds the rate by `1 / sqrt(t)`, unless it comes from a schedule; true by default.
    #[must_use]
    pub fn relative_step(mut self, yes: bool) -> Self {
        self.rule.relative_step = yes;
        self
    }
}

impl Default for Adafactor {
    fn default() -> Self {
        Adafactor::new(0.001)
    }
}

fn rms(x: &Tensor) -> Result<Tensor> {
    x.square()?.reduce_mean((), false)?.sqrt()
}

impl Rule for AdafactorRule {
    const CLASS: &'static str = "Adafactor";
    const NAME: &'static str = "adafactor";

    fn build(&self, vars: &[Variable], slots: &mut Slots) -> Result<()> {
        for (i, var) in vars.iter().enumerate() {
            let (dtype, rank) = (var.dtype(), var.shape().rank());
            let name = var.name().replace('/', "_");
            // Vectors are not factored; Keras keeps two int32 scalars in those places.
            let (rows, columns) = match rank {
                0 | 1 => (Spec::new(DType::I32, ()), Spec::new(DType::I32, ())),
                _ => (
                    Spec::new(dtype, var.shape().without(rank - 1)),
                    Spec::new(dtype, var.shape().without(rank - 2)),
                ),
            };
            slots.slot(i, &name, rows, 0.0)?;
            slots.slot(i, &name, columns, 0.0)?;
            slots.slot(i, &format!("{name}_velocity"), var.spec().clone(), 0.0)?;
        }
        Ok(())
    }

    fn update(&self, step: &Step, i: usize, var: &Variable, g: &Tensor, slots: &Slots) -> Result<()> {
        let [r, c, v] = slots.of(i) else { return Ok(()) };
        let dtype = var.dtype();
        let t = step.number(dtype)?;
        let one = t.like(1.0)?;
        let bound = one.div(&t.sqrt()?)?;
        // A bound that is applied to the rate once more below: Keras asks for it twice.
        let rate = step.learning_rate(dtype)?;
        let rate = if self.relative_step && !step.is_scheduled() { rate.minimum(&bound)? } else { rate };
        let w = step.decayed(&var.value())?;
        let alpha = rms(&w)?.maximum(&t.like(self.epsilon_2)?)?.mul(&rate.minimum(&bound)?)?;
        // Of rows for one weight, the squares add up.
        let squares = match squares(g)? {
            Some(s) => s,
            None => g.square()?,
        };
        let square = squares.add(&t.like(self.epsilon_1)?)?;
        let beta = one.sub(&t.pow(&t.like(self.beta_2_decay)?)?)?;
        let moved = |slot: &Variable, to: &Tensor| -> Result<Tensor> {
            let new = beta.mul(&slot.value())?.add(&one.sub(&beta)?.mul(to)?)?;
            slot.assign(&new)?;
            Ok(new)
        };
        let spread = if var.shape().rank() >= 2 {
            let rows = moved(r, &square.reduce_mean(-1, false)?)?;
            let columns = moved(c, &square.reduce_mean(-2, false)?)?;
            let rows = rows.div(&rows.reduce_mean(-1, true)?)?;
            let spread = rows.expand_dims(-1)?.mul(&columns.expand_dims(-2)?)?;
            v.assign(&spread)?;
            spread
        } else {
            moved(v, &square)?
        };
        let direction = g.div(&spread.sqrt()?)?;
        let size = match Rows::of(g) {
            Some(_) => squares.div(&spread)?.reduce_mean((), false)?.sqrt()?,
            None => rms(&direction)?,
        };
        let size = size.div(&t.like(self.clip_threshold)?)?;
        let direction = direction.div(&one.maximum(&size)?)?;
        var.assign(&w.sub(&alpha.mul(&direction)?)?)
    }
}
