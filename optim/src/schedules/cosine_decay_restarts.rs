//! Cosines one after the other (SGDR, Loshchilov & Hutter 2016).

use super::Decay;
use crate::arith::Arith;
use gradus_tensor::Result;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Half a cosine over `first_decay_steps` steps, then again from the top: each period is `t_mul` times as long as
/// the one before, and starts at `m_mul` times its rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosineDecayRestarts {
    initial_learning_rate: f64,
    first_decay_steps: f64,
    #[serde(default = "t_mul")]
    t_mul: f64,
    #[serde(default = "m_mul")]
    m_mul: f64,
    #[serde(default)]
    alpha: f64,
    #[serde(default = "name")]
    name: String,
}

fn t_mul() -> f64 {
    2.0
}

fn m_mul() -> f64 {
    1.0
}

fn name() -> String {
    "SGDRDecay".into()
}

impl CosineDecayRestarts {
    /// Periods of 1, 2, 4, .. times `first_decay_steps` steps, all from the same rate down to 0.
    pub fn new(initial_learning_rate: f64, first_decay_steps: f64) -> Self {
        CosineDecayRestarts {
            initial_learning_rate,
            first_decay_steps,
            t_mul: t_mul(),
            m_mul: m_mul(),
            alpha: 0.0,
            name: name(),
        }
    }

    /// How much longer each period is than the one before; 2 by default.
    #[must_use]
    pub fn t_mul(mut self, factor: f64) -> Self {
        self.t_mul = factor;
        self
    }

    /// How the first rate of each period compares with that of the one before; 1 by default.
    #[must_use]
    pub fn m_mul(mut self, factor: f64) -> Self {
        self.m_mul = factor;
        self
    }

    /// The fraction of the rate that is left at the end of a period; 0 by default.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }
}

impl Decay for CosineDecayRestarts {
    const CLASS: &'static str = "CosineDecayRestarts";

    fn formula<A: Arith>(&self, step: A) -> A {
        let n = |x| step.num(x);
        let completed = step.clone() / n(self.first_decay_steps);
        // The number of the period, from the sum of a geometric series, and the part of it that is over.
        let (period, completed) = if self.t_mul == 1.0 {
            let period = completed.clone().floor();
            (period.clone(), completed - period)
        } else {
            let t = n(self.t_mul);
            let one_less = n(1.0) - t.clone();
            let period = ((n(1.0) - completed.clone() * one_less.clone()).ln() / t.clone().ln()).floor();
            let length = t.pow(period.clone());
            let before = (n(1.0) - length.clone()) / one_less;
            (period, (completed - before) / length)
        };
        let cosine = n(0.5) * n(self.m_mul).pow(period) * (n(1.0) + (n(PI) * completed).cos());
        let decayed = (n(1.0) - n(self.alpha)) * cosine + n(self.alpha);
        n(self.initial_learning_rate) * decayed
    }

    fn check(&self) -> Result<()> {
        super::positive(Self::CLASS, "first_decay_steps", self.first_decay_steps)?;
        super::positive(Self::CLASS, "t_mul", self.t_mul)
    }
}
