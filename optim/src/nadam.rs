//! Adam with Nesterov's momentum (Dozat 2015).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use serde::{Deserialize, Serialize};

/// Nadam: Adam that looks one step of momentum ahead, with a momentum that warms up.
///
/// `u_t = beta_1 * (1 - 0.5 * 0.96^t)`; `m` and `v` as in Adam;
/// `m_hat = u_(t+1) * m / (1 - prod u_1..u_(t+1)) + (1 - u_t) * g / (1 - prod u_1..u_t)`,
/// `w -= lr * m_hat / (sqrt(v / (1 - beta_2^t)) + epsilon)`.
pub type Nadam = RuleOptimizer<NadamRule>;

/// The hyperparameters of [`Nadam`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NadamRule {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

impl Default for NadamRule {
    fn default() -> Self {
        NadamRule { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

impl Nadam {
    /// Nadam with beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(NadamRule::default(), learning_rate)
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

impl Default for Nadam {
    fn default() -> Self {
        Nadam::new(0.001)
    }
}

/// What the weights of one step have in common.
#[derive(Clone, Debug)]
pub struct NadamCoefficients<A> {
    lr: A,
    rest_1: A,
    rest_2: A,
    /// Factors of momentum and gradient in `m_hat`, before the division.
    ahead: A,
    now: A,
    /// `1 - prod u_1..u_(t+1)`, `1 - prod u_1..u_t`, `1 - beta_2^t`.
    unbias_ahead: A,
    unbias_now: A,
    unbias_2: A,
    epsilon: A,
}

/// The momentum's schedule: `beta_1 * (1 - 0.5 * 0.96^t)`.
fn warmed<A: Arith>(beta_1: f64, t: A) -> A {
    let n = |x| t.num(x);
    n(beta_1) * (n(1.0) - n(0.5) * n(0.96).pow(t.clone()))
}

impl Elementwise for NadamRule {
    const CLASS: &'static str = "Nadam";
    const NAME: &'static str = "nadam";
    type Coefficients<A: Arith> = NadamCoefficients<A>;

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        vec![vec![("momentum", 0.0), ("velocity", 0.0)]]
    }

    /// The product of the `u` so far; Keras leaves it unnamed.
    fn shared(&self) -> Vec<(&'static str, f64)> {
        vec![("variable", 1.0)]
    }

    fn advance<A: Arith>(&self, t: &A, shared: &mut [A]) {
        let n = |x| t.num(x);
        for u in shared {
            *u = u.clone() * n(self.beta_1) * (n(1.0) - n(0.5) * n(0.96).pow(t.clone()));
        }
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, shared: &[A]) -> NadamCoefficients<A> {
        let one = t.num(1.0);
        let n = |x| t.num(x);
        let now = warmed(self.beta_1, t.clone());
        let ahead = warmed(self.beta_1, t.clone() + one.clone());
        let product = shared.first().cloned().unwrap_or_else(|| one.clone());
        NadamCoefficients {
            lr,
            rest_1: one.clone() - n(self.beta_1),
            rest_2: one.clone() - n(self.beta_2),
            unbias_ahead: one.clone() - product.clone() * ahead.clone(),
            unbias_now: one.clone() - product,
            unbias_2: one.clone() - n(self.beta_2).pow(t.clone()),
            ahead,
            now: one - now,
            epsilon: n(self.epsilon),
        }
    }

    fn kernel(&self, shared: &[f64]) -> Option<optimizer::Rule> {
        let (beta_1, beta_2, epsilon) = (self.beta_1, self.beta_2, self.epsilon);
        Some(optimizer::Rule::Nadam { beta_1, beta_2, epsilon, u_product: *shared.first()? })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, c: &NadamCoefficients<A>, g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let [m, v] = slots else { return w };
        *m = m.clone() + (g.value.clone() - m.clone()) * c.rest_1.clone();
        *v = v.clone() + (g.square() - v.clone()) * c.rest_2.clone();
        let m_hat = c.ahead.clone() * m.clone() / c.unbias_ahead.clone()
            + c.now.clone() * g.value / c.unbias_now.clone();
        let v_hat = v.clone() / c.unbias_2.clone();
        w - m_hat * c.lr.clone() / (v_hat.sqrt() + c.epsilon.clone())
    }
}
