//! A table of rates.

use super::Decay;
use crate::arith::Arith;
use gradus_tensor::{Error, Result};
use serde::{Deserialize, Serialize};

/// `values[i]` for steps up to and including `boundaries[i]`, and the last value from there on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PiecewiseConstantDecay {
    boundaries: Vec<f64>,
    values: Vec<f64>,
    #[serde(default = "name")]
    name: String,
}

fn name() -> String {
    "PiecewiseConstant".into()
}

impl PiecewiseConstantDecay {
    /// Errors unless there is one value more than boundaries, and the boundaries rise.
    pub fn new(boundaries: impl Into<Vec<f64>>, values: impl Into<Vec<f64>>) -> Result<Self> {
        let s = PiecewiseConstantDecay { boundaries: boundaries.into(), values: values.into(), name: name() };
        s.check()?;
        Ok(s)
    }
}

impl Decay for PiecewiseConstantDecay {
    const CLASS: &'static str = "PiecewiseConstantDecay";

    fn formula<A: Arith>(&self, step: A) -> A {
        let last = self.values.last().copied().unwrap_or(f64::NAN);
        self.boundaries
            .iter()
            .zip(&self.values)
            .rev()
            .fold(step.num(last), |after, (b, v)| step.clone().if_at_most(step.num(*b), step.num(*v), after))
    }

    fn check(&self) -> Result<()> {
        if self.boundaries.len() + 1 != self.values.len() {
            return Err(Error::value(format!(
                "PiecewiseConstantDecay: expected one value more than boundaries, found {} boundaries and {} values",
                self.boundaries.len(),
                self.values.len()
            )));
        }
        if self.boundaries.windows(2).any(|w| w[0] >= w[1]) {
            return Err(Error::value(format!(
                "PiecewiseConstantDecay: boundaries must rise, found {:?}",
                self.boundaries
            )));
        }
        Ok(())
    }
}
