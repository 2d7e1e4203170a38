//! Adaptive moments (Kingma & Ba 2014; AMSGrad: Reddi et al. 2018).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// Adam: steps of a size that adapts to the mean and the spread of each weight's gradients.
///
/// `m += (g - m) * (1 - beta_1)`, `v += (g^2 - v) * (1 - beta_2)`,
/// `w -= lr * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)`.
///
/// ```
/// use gradus_optim::Adam;
/// let optimizer = Adam::new(1e-3).beta_1(0.95).clipnorm(1.0);
/// ```
pub type Adam = RuleOptimizer<AdamRule>;

/// The hyperparameters of [`Adam`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdamRule {
    pub(crate) beta_1: f64,
    pub(crate) beta_2: f64,
    pub(crate) epsilon: f64,
    pub(crate) amsgrad: bool,
}

impl Default for AdamRule {
    fn default() -> Self {
        AdamRule { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }
    }
}

impl Adam {
    /// Adam with beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(AdamRule::default(), learning_rate)
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

    /// Added to the root of the mean square; 1e-7 by default (the paper's "epsilon hat").
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.epsilon = epsilon;
        self
    }

    /// Divides by the largest mean square seen so far; false by default.
    #[must_use]
    pub fn amsgrad(mut self, yes: bool) -> Self {
        self.rule.amsgrad = yes;
        self
    }
}

impl Default for Adam {
    fn default() -> Self {
        Adam::new(0.001)
    }
}

/// What the weights of one step have in common.
#[derive(Clone, Debug)]
pub struct AdamCoefficients<A> {
    alpha: A,
    rest_1: A,
    rest_2: A,
    epsilon: A,
}

impl Elementwise for AdamRule {
    const CLASS: &'static str = "Adam";
    const NAME: &'static str = "adam";
    type Coefficients<A: Arith> = AdamCoefficients<A>;

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        let mut groups = vec![vec![("momentum", 0.0), ("velocity", 0.0)]];
        if self.amsgrad {
            groups.push(vec![("velocity_hat", 0.0)]);
        }
        groups
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> AdamCoefficients<A> {
        let n = |x| t.num(x);
        let power_1 = n(self.beta_1).pow(t.clone());
        let power_2 = n(self.beta_2).pow(t.clone());
        AdamCoefficients {
            alpha: lr * (n(1.0) - power_2).sqrt() / (n(1.0) - power_1),
            rest_1: n(1.0 - self.beta_1),
            rest_2: n(1.0 - self.beta_2),
            epsilon: n(self.epsilon),
        }
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Adam {
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            amsgrad: self.amsgrad,
        })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, c: &AdamCoefficients<A>, g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let [m, v, hat @ ..] = slots else { return w };
        *m = m.clone() + (g.value.clone() - m.clone()) * c.rest_1.clone();
        *v = v.clone() + (g.square() - v.clone()) * c.rest_2.clone();
        let v = match hat {
            [hat] => {
                *hat = hat.clone().max(v.clone());
                hat.clone()
            }
            _ => v.clone(),
        };
        w - m.clone() * c.alpha.clone() / (v.sqrt() + c.epsilon.clone())
    }
}
