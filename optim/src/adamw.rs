//! Adam with decoupled weight decay (Loshchilov & Hutter 2019).

use crate::adam::{AdamCoefficients, AdamRule};
use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// [`Adam`](crate::Adam) with weight decay 0.004: `w -= w * weight_decay * lr` before each update.
///
/// ```
/// use gradus_optim::AdamW;
/// let optimizer = AdamW::new(1e-3).weight_decay(0.05).exclude_from_weight_decay(&[], &["bias", "gamma"]);
/// ```
pub type AdamW = RuleOptimizer<AdamWRule>;

/// The hyperparameters of [`AdamW`] beside the weight decay: those of Adam.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdamWRule(AdamRule);

impl AdamW {
    /// Adam's defaults and a weight decay of 0.004. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(AdamWRule::default(), learning_rate).weight_decay(0.004)
    }

    /// Decay of the mean; 0.9 by default.
    #[must_use]
    pub fn beta_1(mut self, beta: f64) -> Self {
        self.rule.0.beta_1 = beta;
        self
    }

    /// Decay of the mean square; 0.999 by default.
    #[must_use]
    pub fn beta_2(mut self, beta: f64) -> Self {
        self.rule.0.beta_2 = beta;
        self
    }

    /// Added to the root of the mean square; 1e-7 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.rule.0.epsilon = epsilon;
        self
    }

    /// Divides by the largest mean square seen so far; false by default.
    #[must_use]
    pub fn amsgrad(mut self, yes: bool) -> Self {
        self.rule.0.amsgrad = yes;
        self
    }
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW::new(0.001)
    }
}

impl Elementwise for AdamWRule {
    const CLASS: &'static str = "AdamW";
    const NAME: &'static str = "adamw";
    type Coefficients<A: Arith> = AdamCoefficients<A>;

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        self.0.slots()
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, shared: &[A]) -> AdamCoefficients<A> {
        self.0.coefficients(lr, t, shared)
    }

    fn kernel(&self, shared: &[f64]) -> Option<optimizer::Rule> {
        self.0.kernel(shared)
    }

    #[inline(always)]
    fn step<A: Arith>(&self, c: &AdamCoefficients<A>, g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        self.0.step(c, g, w, slots)
    }
}
