//! Division by the root of the summed squares (Duchi et al. 2011).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// Adagrad: `a += g^2`, `w -= lr * g / sqrt(a + epsilon)`.
pub type Adagrad = RuleOptimizer<AdagradRule>;

/// The hyperparameters of [`Adagrad`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdagradRule {
    initial_accumulator_value: f64,
    epsilon: f64,
}

impl Default for AdagradRule {
    fn default() -> Self {
        AdagradRule { initial_accumulator_value: 0.1, epsilon: 1e-7 }
    }
}

impl Adagrad {
    /// Adagrad with sums that start at 0.1. Keras's default rate is 0.001; the paper's is nearer to 1.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(AdagradRule::default(), learning_rate)
    }

    /// Where the sums of squares start; 0.1 by default.
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.rule.initial_accumulator_value = value;
        self
    }

    /// Added under the root; 1e-7 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.epsilon = epsilon;
        self
    }
}

impl Default for Adagrad {
    fn default() -> Self {
        Adagrad::new(0.001)
    }
}

impl Elementwise for AdagradRule {
    const CLASS: &'static str = "Adagrad";
    const NAME: &'static str = "adagrad";
    /// Learning rate and epsilon.
    type Coefficients<A: Arith> = [A; 2];

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        vec![vec![("accumulator", self.initial_accumulator_value)]]
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> [A; 2] {
        [lr, t.num(self.epsilon)]
    }

    fn lazy(&self) -> bool {
        true
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Adagrad { epsilon: self.epsilon, initial: self.initial_accumulator_value })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, [lr, epsilon]: &[A; 2], g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let [a] = slots else { return w };
        *a = a.clone() + g.square();
        w - lr.clone() * g.value / (a.clone() + epsilon.clone()).sqrt()
    }
}
