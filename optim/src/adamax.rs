//! Adam with the largest gradient in place of the mean square (Kingma & Ba 2014, section 7).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// Adamax: `m += (g - m) * (1 - beta_1)`, `u = max(beta_2 * u, |g|)`,
/// `w -= lr * m / ((1 - beta_1^t) * (u + epsilon))`.
pub type Adamax = RuleOptimizer<AdamaxRule>;

/// The hyperparameters of [`Adamax`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdamaxRule {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

impl Default for AdamaxRule {
    fn default() -> Self {
        AdamaxRule { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Adamax {
    /// Adamax with beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(AdamaxRule::default(), learning_rate)
    }

    /// Decay of the mean; 0.9 by default.
    #[must_use]
    pub fn beta_1(mut self, beta: f64) -> Self {
        self.rule.beta_1 = beta;
        self
    }

    /// Decay of the largest gradient; 0.999 by default.
    #[must_use]
    pub fn beta_2(mut self, beta: f64) -> Self {
        self.rule.beta_2 = beta;
        self
    }

    /// Added to the divisor; 1e-7 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.epsilon = epsilon;
        self
    }
}

impl Default for Adamax {
    fn default() -> Self {
        Adamax::new(0.001)
    }
}

impl Elementwise for AdamaxRule {
    const CLASS: &'static str = "Adamax";
    const NAME: &'static str = "adamax";
    /// Learning rate, 1 - beta_1, beta_2, 1 - beta_1^t, epsilon.
    type Coefficients<A: Arith> = [A; 5];

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        vec![vec![("momentum", 0.0), ("norm", 0.0)]]
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> [A; 5] {
        let n = |x| t.num(x);
        let unbias = n(1.0) - n(self.beta_1).pow(t.clone());
        [lr, n(1.0 - self.beta_1), n(self.beta_2), unbias, n(self.epsilon)]
    }

    fn magnitudes(&self) -> bool {
        true
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Adamax { beta_1: self.beta_1, beta_2: self.beta_2, epsilon: self.epsilon })
    }

    #[inline(always)]
    fn step<A: Arith>(
        &self,
        [lr, rest, beta_2, unbias, epsilon]: &[A; 5],
        g: Gradient<A>,
        w: A,
        slots: &mut [A],
    ) -> A {
        let [m, u] = slots else { return w };
        *m = m.clone() + (g.value.clone() - m.clone()) * rest.clone();
        *u = (beta_2.clone() * u.clone()).max(g.abs());
        w - lr.clone() * m.clone() / (unbias.clone() * (u.clone() + epsilon.clone()))
    }
}
