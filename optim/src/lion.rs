//! Steps by sign (Chen et al. 2023).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use gradus_tensor::{Error, Result};
use serde::{Deserialize, Serialize};

/// Lion: `w -= lr * sign(beta_1 * m + (1 - beta_1) * g)`, `m = beta_2 * m + (1 - beta_2) * g`.
///
/// It wants a rate 3 to 10 times smaller than Adam's.
pub type Lion = RuleOptimizer<LionRule>;

/// The hyperparameters of [`Lion`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LionRule {
    beta_1: f64,
    beta_2: f64,
}

impl Default for LionRule {
    fn default() -> Self {
        LionRule { beta_1: 0.9, beta_2: 0.99 }
    }
}

impl Lion {
    /// Lion with beta_1 = 0.9, beta_2 = 0.99. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(LionRule::default(), learning_rate)
    }

    /// Weight of the momentum in the step's sign, in (0, 1]; 0.9 by default.
    #[must_use]
    pub fn beta_1(mut self, beta: f64) -> Self {
        self.rule.beta_1 = beta;
        self
    }

    /// Decay of the momentum; 0.99 by default.
    #[must_use]
    pub fn beta_2(mut self, beta: f64) -> Self {
        self.rule.beta_2 = beta;
        self
    }
}

impl Default for Lion {
    fn default() -> Self {
        Lion::new(0.001)
    }
}

impl Elementwise for LionRule {
    const CLASS: &'static str = "Lion";
    const NAME: &'static str = "lion";
    /// Learning rate, beta_1, 1 - beta_1, beta_2, 1 - beta_2.
    type Coefficients<A: Arith> = [A; 5];

    fn check(&self) -> Result<()> {
        if self.beta_1 > 0.0 && self.beta_1 <= 1.0 {
            return Ok(());
        }
        Err(Error::value(format!(
            "Lion: beta_1 must be in (0, 1], else only the sign of the gradient counts, found {}",
            self.beta_1
        )))
    }

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        vec![vec![("momentum", 0.0)]]
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> [A; 5] {
        let n = |x| t.num(x);
        let rest = |beta| n(1.0) - n(beta);
        [lr, n(self.beta_1), rest(self.beta_1), n(self.beta_2), rest(self.beta_2)]
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Lion { beta_1: self.beta_1, beta_2: self.beta_2 })
    }

    #[inline(always)]
    fn step<A: Arith>(
        &self,
        [lr, beta_1, rest_1, beta_2, rest_2]: &[A; 5],
        g: Gradient<A>,
        w: A,
        slots: &mut [A],
    ) -> A {
        let [m] = slots else { return w };
        let direction = m.clone() * beta_1.clone() + g.value.clone() * rest_1.clone();
        *m = m.clone() * beta_2.clone() + g.value * rest_2.clone();
        w - lr.clone() * direction.sign()
    }
}
