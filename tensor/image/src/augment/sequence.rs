//! Augmentations one after the other.

use std::sync::Arc;

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::fold;

/// Augmentations in order; each draws from its own part of the key.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    steps: Vec<Arc<dyn Augment>>,
}

impl Sequence {
    /// No step yet.
    pub fn new() -> Sequence {
        Sequence::default()
    }

    /// One step more.
    #[allow(clippy::should_implement_trait)]
    pub fn add(mut self, step: impl Augment + 'static) -> Sequence {
        self.steps.push(Arc::new(step));
        self
    }
}

impl Augment for Sequence {
    fn name(&self) -> &'static str {
        "Sequence"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let mut numbered = self.steps.iter().zip(0..);
        numbered.try_fold(images.clone(), |x, (step, i)| step.augment(&x, fold(key, i)))
    }
}
