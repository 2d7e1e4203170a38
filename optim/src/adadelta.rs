//! Steps scaled by earlier steps (Zeiler 2012).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// Adadelta: `a = rho * a + (1 - rho) * g^2`, `d = -sqrt(b + epsilon) / sqrt(a + epsilon) * g`,
/// `b = rho * b + (1 - rho) * d^2`, `w += lr * d`.
pub type Adadelta = RuleOptimizer<AdadeltaRule>;

/// The hyperparameters of [`Adadelta`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdadeltaRule {
    rho: f64,
    epsilon: f64,
}

impl Default for AdadeltaRule {
    fn default() -> Self {
        AdadeltaRule { rho: 0.95, epsilon: 1e-7 }
    }
}

impl Adadelta {
    /// Adadelta with rho = 0.95. Keras's default rate is 0.001; the paper's is 1.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(AdadeltaRule::default(), learning_rate)
    }

    /// Decay of both mean squares; 0.95 by default.
    #[must_use]
    pub fn rho(mut self, rho: f64) -> Self {
        self.rule.rho = rho;
        self
    }

    /// Added under the roots; 1e-7 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.epsilon = epsilon;
        self
    }
}

impl Default for Adadelta {
    fn default() -> Self {
        Adadelta::new(0.001)
    }
}

impl Elementwise for AdadeltaRule {
    const CLASS: &'static str = "Adadelta";
    const NAME: &'static str = "adadelta";
    /// Learning rate, rho, 1 - rho, epsilon.
    type Coefficients<A: Arith> = [A; 4];

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        vec![vec![("accumulated_grad", 0.0), ("accumulated_delta_var", 0.0)]]
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> [A; 4] {
        [lr, t.num(self.rho), t.num(1.0 - self.rho), t.num(self.epsilon)]
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Adadelta { rho: self.rho, epsilon: self.epsilon })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, [lr, rho, rest, epsilon]: &[A; 4], g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let [a, b] = slots else { return w };
        let rms = |x: &A| (x.clone() + epsilon.clone()).sqrt();
        *a = rho.clone() * a.clone() + rest.clone() * g.square();
        // Of rows for one weight the squares add up here too, each moved by its own row.
        let of_rows = g.squares.map(|s| (rms(b) / rms(a)).square() * s);
        let delta = -(rms(b) * g.value / rms(a));
        let square = of_rows.unwrap_or_else(|| delta.clone().square());
        *b = rho.clone() * b.clone() + rest.clone() * square;
        w + lr.clone() * delta
    }
}
