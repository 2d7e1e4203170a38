//! Follow the regularized leader (McMahan et al. 2013).

use crate::arith::{Arith, Gradient};
use crate::rule::Elementwise;
use crate::{LearningRate, RuleOptimizer};
use gradus_kernels::optimizer;
use gradus_tensor::{Error, Result};
use serde::{Deserialize, Serialize};

/// FTRL-proximal, which sets weights of little use to exactly zero.
///
/// `a' = a + g^2`, `z += g + 2 * l2_shrinkage * w - (a'^-p - a^-p) / lr * w`,
/// `w = (clip(z, -l1, l1) - z) / (a'^-p / lr + 2 * (l2 + beta / (2 * lr)))` with `p = learning_rate_power`.
pub type Ftrl = RuleOptimizer<FtrlRule>;

/// The hyperparameters of [`Ftrl`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FtrlRule {
    learning_rate_power: f64,
    initial_accumulator_value: f64,
    l1_regularization_strength: f64,
    l2_regularization_strength: f64,
    l2_shrinkage_regularization_strength: f64,
    beta: f64,
}

impl Default for FtrlRule {
    fn default() -> Self {
        FtrlRule {
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1_regularization_strength: 0.0,
            l2_regularization_strength: 0.0,
            l2_shrinkage_regularization_strength: 0.0,
            beta: 0.0,
        }
    }
}

impl Ftrl {
    /// FTRL without regularization. Keras's default rate is 0.001.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        RuleOptimizer::with_rule(FtrlRule::default(), learning_rate)
    }

    /// How the rate falls with the accumulator, at most 0; -0.5 by default.
    #[must_use]
    pub fn learning_rate_power(mut self, power: f64) -> Self {
        self.rule.learning_rate_power = power;
        self
    }

    /// Where the sums of squares start; 0.1 by default.
    #[must_use]
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.rule.initial_accumulator_value = value;
        self
    }

    /// L1 regularization; 0 by default.
    #[must_use]
    pub fn l1_regularization_strength(mut self, strength: f64) -> Self {
        self.rule.l1_regularization_strength = strength;
        self
    }

    /// L2 regularization as a stabilizing penalty; 0 by default.
    #[must_use]
    pub fn l2_regularization_strength(mut self, strength: f64) -> Self {
        self.rule.l2_regularization_strength = strength;
        self
    }

    /// L2 regularization as a penalty on magnitude; 0 by default.
    #[must_use]
    pub fn l2_shrinkage_regularization_strength(mut self, strength: f64) -> Self {
        self.rule.l2_shrinkage_regularization_strength = strength;
        self
    }

    /// The paper's beta; 0 by default.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.rule.beta = beta;
        self
    }
}

impl Default for Ftrl {
    fn default() -> Self {
        Ftrl::new(0.001)
    }
}

/// What the weights of one step have in common.
#[derive(Clone, Debug)]
pub struct FtrlCoefficients<A> {
    lr: A,
    /// Minus the learning-rate power.
    power: A,
    l1: A,
    /// Twice the L2 strengths.
    l2: A,
    shrinkage: A,
}

impl Elementwise for FtrlRule {
    const CLASS: &'static str = "Ftrl";
    const NAME: &'static str = "ftrl";
    type Coefficients<A: Arith> = FtrlCoefficients<A>;

    fn check(&self) -> Result<()> {
        let at_least_0 = |name: &str, x: f64| {
            if x >= 0.0 { Ok(()) } else { Err(Error::value(format!("Ftrl: {name} must be >= 0, found {x}"))) }
        };
        at_least_0("initial_accumulator_value", self.initial_accumulator_value)?;
        at_least_0("-learning_rate_power", -self.learning_rate_power)?;
        at_least_0("l1_regularization_strength", self.l1_regularization_strength)?;
        at_least_0("l2_regularization_strength", self.l2_regularization_strength)?;
        at_least_0("l2_shrinkage_regularization_strength", self.l2_shrinkage_regularization_strength)
    }

    fn slots(&self) -> Vec<Vec<(&'static str, f64)>> {
        vec![vec![("accumulator", self.initial_accumulator_value), ("linear", 0.0)]]
    }

    fn coefficients<A: Arith>(&self, lr: A, t: A, _: &[A]) -> FtrlCoefficients<A> {
        let n = |x| t.num(x);
        let l2 = n(self.l2_regularization_strength) + n(self.beta) / (n(2.0) * lr.clone());
        FtrlCoefficients {
            lr,
            power: n(-self.learning_rate_power),
            l1: n(self.l1_regularization_strength),
            l2: n(2.0) * l2,
            shrinkage: n(2.0 * self.l2_shrinkage_regularization_strength),
        }
    }

    fn kernel(&self, _: &[f64]) -> Option<optimizer::Rule> {
        Some(optimizer::Rule::Ftrl {
            learning_rate_power: self.learning_rate_power,
            initial: self.initial_accumulator_value,
            l1: self.l1_regularization_strength,
            l2: self.l2_regularization_strength,
            l2_shrinkage: self.l2_shrinkage_regularization_strength,
            beta: self.beta,
        })
    }

    #[inline(always)]
    fn step<A: Arith>(&self, c: &FtrlCoefficients<A>, g: Gradient<A>, w: A, slots: &mut [A]) -> A {
        let [a, z] = slots else { return w };
        // The default power is a square root, which vectorizes.
        let power = |x: &A| {
            if self.learning_rate_power == -0.5 { x.clone().sqrt() } else { x.clone().pow(c.power.clone()) }
        };
        let (before, sum) = (power(a), a.clone() + g.square());
        let after = power(&sum);
        let pull = (after.clone() - before) / c.lr.clone();
        *z = z.clone() + (g.value + c.shrinkage.clone() * w.clone() - pull * w);
        *a = sum;
        let clipped = z.clone().max(-c.l1.clone()).min(c.l1.clone());
        (clipped - z.clone()) / (after / c.lr.clone() + c.l2.clone())
    }
}
