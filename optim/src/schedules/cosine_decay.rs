//! Half a cosine, with an optional linear rise before it (Loshchilov & Hutter 2016, without restarts).

use super::Decay;
use crate::arith::Arith;
use gradus_tensor::Result;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// From the initial rate along half a cosine to `alpha` times it over `decay_steps` steps.
///
/// With a warm-up, the rate first rises linearly from the initial rate to `warmup_target` over `warmup_steps`
/// steps, and decays from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosineDecay {
    initial_learning_rate: f64,
    decay_steps: f64,
    #[serde(default)]
    alpha: f64,
    #[serde(default = "name")]
    name: String,
    #[serde(default)]
    warmup_target: Option<f64>,
    #[serde(default)]
    warmup_steps: f64,
}

fn name() -> String {
    "CosineDecay".into()
}

impl CosineDecay {
    /// Decay to 0 over `decay_steps` steps.
    pub fn new(initial_learning_rate: f64, decay_steps: f64) -> Self {
        CosineDecay {
            initial_learning_rate,
            decay_steps,
            alpha: 0.0,
            name: name(),
            warmup_target: None,
            warmup_steps: 0.0,
        }
    }

    /// The fraction of the rate that is left at the end; 0 by default.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Rises to `target` over the first `steps` steps; no warm-up by default.
    #[must_use]
    pub fn warmup(mut self, target: f64, steps: f64) -> Self {
        self.warmup_target = Some(target);
        self.warmup_steps = steps;
        self
    }

    fn decay<A: Arith>(&self, step: A, from: A) -> A {
        let n = |x| step.num(x);
        let completed = step.clone() / n(self.decay_steps);
        let cosine = n(0.5) * (n(1.0) + (n(PI) * completed).cos());
        from * (n(1.0 - self.alpha) * cosine + n(self.alpha))
    }
}

impl Decay for CosineDecay {
    const CLASS: &'static str = "CosineDecay";

    fn formula<A: Arith>(&self, step: A) -> A {
        let n = |x| step.num(x);
        let initial = n(self.initial_learning_rate);
        let Some(target) = self.warmup_target.filter(|_| self.warmup_steps > 0.0) else {
            let from = self.warmup_target.map_or(initial, n);
            return self.decay(step.clone().min(n(self.decay_steps)), from);
        };
        let step = step.clone().min(n(self.decay_steps) + n(self.warmup_steps));
        let rise = step.clone() / n(self.warmup_steps);
        let warming = (n(target) - initial.clone()) * rise + initial;
        let decaying = self.decay(step.clone() - n(self.warmup_steps), n(target));
        n(self.warmup_steps).if_at_most(step.clone(), decaying, warming)
    }

    fn check(&self) -> Result<()> {
        super::positive(Self::CLASS, "decay_steps", self.decay_steps)
    }
}
