//! Adam with steps scaled by the norm of each variable (You et al. 2019).

use crate::rule::{Rule, Step, squares};
use crate::state::Slots;
use crate::{LearningRate, RuleOptimizer};
use gradus_autograd::Variable;
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// Lamb: Adam's direction `u`, with a step of `lr * |w| / |u| * u` per variable; for large batches.
///
/// Where either norm is zero the step is `lr * u`.
pub type Lamb = RuleOptimizer<LambRule>;

/// The hyperparameters of [`Lamb`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LambRule {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

impl Default for LambRule {
    fn default() -> Self {
        LambRule { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Lamb {
    /// Lamb with beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(LambRule::default(), learning_rate)
    }

    /// Decay of the mean; 0.9 by default.
    #[must_use]
    pub fn beta_1(mut self, beta: f64) -> Self {
        self.rule.beta_1 = beta;
        self
    }

    /// Decay of the mean square; 0.999 by default.
    #[must_use]
    pub fn beta_2(mut self, beta: f64) -> Self {
        self.rule.beta_2 = beta;
        self
    }

    /// Added to the root of the mean square; 1e-7 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.epsilon = epsilon;
        self
    }
}

impl Default for Lamb {
    fn default() -> Self {
        Lamb::new(0.001)
    }
}

impl Rule for LambRule {
    const CLASS: &'static str = "Lamb";
    const NAME: &'static str = "lamb";

    fn build(&self, vars: &[Variable], slots: &mut Slots) -> Result<()> {
        slots.group(vars, &[("momentum", 0.0), ("velocity", 0.0)])
    }

    fn update(&self, step: &Step, i: usize, var: &Variable, g: &Tensor, slots: &Slots) -> Result<()> {
        let [m, v] = slots.of(i) else { return Ok(()) };
        let t = step.number(var.dtype())?;
        let one = t.like(1.0)?;
        let moved = |slot: &Variable, to: &Tensor, rest: f64| -> Result<Tensor> {
            let old = slot.value();
            let new = old.add(&to.sub(&old)?.mul(&t.like(rest)?)?)?;
            slot.assign(&new)?;
            Ok(new)
        };
        let unbias = |beta: f64| one.sub(&t.like(beta)?.pow(&t)?);
        let squared = match squares(g)? {
            Some(s) => s,
            None => g.square()?,
        };
        let m_hat = moved(m, g, 1.0 - self.beta_1)?.div(&unbias(self.beta_1)?)?;
        let v_hat = moved(v, &squared, 1.0 - self.beta_2)?.div(&unbias(self.beta_2)?)?;
        let update = m_hat.div(&v_hat.sqrt()?.add(&t.like(self.epsilon)?)?)?;
        let w = step.decayed(&var.value())?;
        let norm = |x: &Tensor| x.square()?.reduce_sum((), false)?.sqrt();
        let (w_norm, u_norm) = (norm(&w)?, norm(&update)?);
        let zero = t.like(0.0)?;
        let scaled = u_norm.greater(&zero)?.select(&w_norm.div(&u_norm)?, &one)?;
        let ratio = w_norm.greater(&zero)?.select(&scaled, &one)?;
        let rate = ratio.mul(&step.learning_rate(var.dtype())?)?;
        var.assign(&w.sub(&rate.mul(&update)?)?)
    }
}
