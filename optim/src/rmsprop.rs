//! Division by the root of the mean square (Hinton 2012).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// RMSprop: `v = rho * v + (1 - rho) * g^2`, `w -= lr * g / sqrt(v + epsilon)`.
///
/// Centered, the square of the mean gradient is taken off `v`; with momentum, the steps are averaged:
/// `m = momentum * m + step`, `w -= m`.
pub type RMSprop = RuleOptimizer<RmspropRule>;

/// The hyperparameters of [`RMSprop`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RmspropRule {
    rho: f64,
    momentum: f64,
    epsilon: f64,
    centered: bool,
}

impl Default for RmspropRule {
    fn default() -> Self {
        RmspropRule { rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }
    }
}

impl RMSprop {
    /// RMSprop with rho = 0.9, epsilon = 1e-7, no momentum. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(RmspropRule::default(), learning_rate)
    }

    /// Decay of the mean square; 0.9 by default.
    #[must_use]
    pub fn rho(mut self, rho: f64) -> Self {
        self.rule.rho = rho;
        self
    }

    /// How much of the last step is kept; 0 by default.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = momentum;
        self
    }

    /// Added under the root; 1e-7 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.epsilon = epsilon;
        self
    }

    /// Divides by the spread rather than the mean square; false by default.
    #[must_use]
    pub fn centered(mut self, yes: bool) -> Self {
        self.rule.centered = yes;
        self
    }
}

impl Default for RMSprop {
    fn default() -> Self {
        RMSprop::new(0.001)
    }
}

/// What the weights of one step have in common.
#[derive(Clone, Debug)]
pub struct RmspropCoefficients<A> {
    lr: A,
    rho: A,
    rest: A,
    momentum: A,
    epsilon: A,
}

impl Elementwise for RmspropRule {
    const CLASS: &'static str = "RMSprop";
    const NAME: &'static str = "rmsprop";
    type Coefficients<A: Arith> = RmspropCoefficients<A>;

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        let mut groups = vec![vec![("velocity", 0.0)]];
        if self.momentum > 0.0 {
            groups.push(vec![("momentum", 0.0)]);
        }
        if self.centered {
            groups.push(vec![("average_gradient", 0.0)]);
        }
        groups
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> RmspropCoefficients<A> {
        let n = |x| t.num(x);
        RmspropCoefficients {
            lr,
            rho: n(self.rho),
            rest: n(1.0 - self.rho),
            momentum: n(self.momentum),
            epsilon: n(self.epsilon),
        }
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::RmsProp {
            rho: self.rho,
            momentum: self.momentum,
            epsilon: self.epsilon,
            centered: self.centered,
        })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, c: &RmspropCoefficients<A>, g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let [v, others @ ..] = slots else { return w };
        *v = c.rho.clone() * v.clone() + c.rest.clone() * g.square();
        let mut spread = v.clone();
        if self.centered {
            if let Some(mean) = others.last_mut() {
                *mean = c.rho.clone() * mean.clone() + c.rest.clone() * g.value.clone();
                spread = spread - mean.clone().square();
            }
        }
        let down = c.lr.clone() * g.value / (spread + c.epsilon.clone()).sqrt();
        if self.momentum > 0.0 {
            if let Some(m) = others.first_mut() {
                *m = c.momentum.clone() * m.clone() + down;
                return w - m.clone();
            }
        }
        w - down
    }
}
