//! Gradient descent with momentum.

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use gradus_tensor::{Error, Result};
use serde::{Deserialize, Serialize};

/// Gradient descent: `w -= lr * g`.
///
/// With momentum, `m = momentum * m - lr * g` and `w += m`; Nesterov's variant looks ahead:
/// `w += momentum * m - lr * g`.
///
/// ```
/// use gradus_optim::SGD;
/// let optimizer = SGD::new(0.01).momentum(0.9).nesterov(true);
/// ```
pub type SGD = RuleOptimizer<SgdRule>;

/// The hyperparameters of [`SGD`].
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SgdRule {
    momentum: f64,
    nesterov: bool,
}

impl SGD {
    /// Gradient descent without momentum. Keras's default rate is 0.01.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(SgdRule::default(), learning_rate)
    }

    /// How much of the last step is kept, in [0, 1]; 0 by default.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = momentum;
        self
    }

    /// Nesterov's momentum; false by default.
    #[must_use]
    pub fn nesterov(mut self, yes: bool) -> Self {
        self.rule.nesterov = yes;
        self
    }
}

impl Default for SGD {
    fn default() -> Self {
        SGD::new(0.01)
    }
}

impl Elementwise for SgdRule {
    const CLASS: &'static str = "SGD";
    const NAME: &'static str = "sgd";
    /// Learning rate and momentum.
    type Coefficients<A: Arith> = [A; 2];

    fn check(&self) -> Result<()> {
        if (0.0..=1.0).contains(&self.momentum) {
            return Ok(());
        }
        Err(Error::value(format!("SGD: momentum must be in [0, 1], found {}", self.momentum)))
    }

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        if self.momentum == 0.0 { vec![] } else { vec![vec![("momentum", 0.0)]] }
    }

    fn coefficients<A: Arith>(&self, lr: A, _: A, _: &[A]) -> [A; 2] {
        let momentum = lr.num(self.momentum);
        [lr, momentum]
    }

    fn lazy(&self) -> bool {
        self.momentum == 0.0
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Sgd { momentum: self.momentum, nesterov: self.nesterov })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, [lr, momentum]: &[A; 2], g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let down = g.value * lr.clone();
        let [m] = slots else { return w - down };
        *m = m.clone() * momentum.clone() - down.clone();
        w + if self.nesterov { m.clone() * momentum.clone() - down } else { m.clone() }
    }
}
