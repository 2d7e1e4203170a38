//! Decay along a power of the remaining steps.

use super::Decay;
use crate::arith::Arith;
use gradus_tensor::Result;
use serde::{Deserialize, Serialize};

/// `(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ^ power + end_learning_rate`.
///
/// After `decay_steps` the rate stays at its end; with `cycle` it rises again, over ever longer periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolynomialDecay {
    initial_learning_rate: f64,
    decay_steps: f64,
    #[serde(default = "end")]
    end_learning_rate: f64,
    #[serde(default = "power")]
    power: f64,
    #[serde(default)]
    cycle: bool,
    #[serde(default = "name")]
    name: String,
}

fn end() -> f64 {
    1e-4
}

fn power() -> f64 {
    1.0
}

fn name() -> String {
    "PolynomialDecay".into()
}

impl PolynomialDecay {
    /// Linear decay to 0.0001 over `decay_steps` steps.
    pub fn new(initial_learning_rate: f64, decay_steps: f64) -> Self {
        PolynomialDecay {
            initial_learning_rate,
            decay_steps,
            end_learning_rate: end(),
            power: power(),
            cycle: false,
            name: name(),
        }
    }

    /// The rate at the end; 0.0001 by default.
    #[must_use]
    pub fn end_learning_rate(mut self, rate: f64) -> Self {
        self.end_learning_rate = rate;
        self
    }

    /// The exponent; 1 by default.
    #[must_use]
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// Starts again after the end; false by default.
    #[must_use]
    pub fn cycle(mut self, yes: bool) -> Self {
        self.cycle = yes;
        self
    }
}

impl Decay for PolynomialDecay {
    const CLASS: &'static str = "PolynomialDecay";

    fn formula<A: Arith>(&self, step: A) -> A {
        let n = |x| step.num(x);
        let (mut step, mut period) = (step.clone(), n(self.decay_steps));
        if self.cycle {
            // Steps are whole and not negative: at most zero means the very first one.
            let cycles = (step.clone() / period.clone()).ceil();
            period = period * step.clone().if_at_most(n(0.0), n(1.0), cycles);
        } else {
            step = step.min(period.clone());
        }
        let p = step / period;
        let range = n(self.initial_learning_rate) - n(self.end_learning_rate);
        range * (n(1.0) - p).pow(n(self.power)) + n(self.end_learning_rate)
    }

    fn check(&self) -> Result<()> {
        super::positive(Self::CLASS, "decay_steps", self.decay_steps)
    }
}
