//! Geometric decay.

use super::Decay;
use crate::arith::Arith;
use gradus_tensor::Result;
use serde::{Deserialize, Serialize};

/// `initial_learning_rate * decay_rate ^ (step / decay_steps)`; with `staircase` the quotient is rounded down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExponentialDecay {
    initial_learning_rate: f64,
    decay_steps: f64,
    decay_rate: f64,
    #[serde(default)]
    staircase: bool,
    #[serde(default = "name")]
    name: String,
}

fn name() -> String {
    "ExponentialDecay".into()
}

impl ExponentialDecay {
    /// The rate falls by the factor `decay_rate` every `decay_steps` steps.
    pub fn new(initial_learning_rate: f64, decay_steps: f64, decay_rate: f64) -> Self {
        ExponentialDecay { initial_learning_rate, decay_steps, decay_rate, staircase: false, name: name() }
    }

    /// Falls in jumps rather than smoothly; false by default.
    #[must_use]
    pub fn staircase(mut self, yes: bool) -> Self {
        self.staircase = yes;
        self
    }
}

impl Decay for ExponentialDecay {
    const CLASS: &'static str = "ExponentialDecay";

    fn formula<A: Arith>(&self, step: A) -> A {
        let n = |x| step.num(x);
        let mut p = step.clone() / n(self.decay_steps);
        if self.staircase {
            p = p.floor();
        }
        n(self.initial_learning_rate) * n(self.decay_rate).pow(p)
    }

    fn check(&self) -> Result<()> {
        super::positive(Self::CLASS, "decay_steps", self.decay_steps)
    }
}
