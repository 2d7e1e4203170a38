//! `x * scale + offset`.

use gradus_tensor::{DType, Result, Tensor};

use super::Augment;
use super::each::floats;

/// `x * scale + offset`, as f32. Not random.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rescaling {
    scale: f64,
    offset: f64,
}

impl Rescaling {
    /// By that factor: 1/255 brings bytes to 0 to 1.
    pub fn new(scale: f64) -> Rescaling {
        Rescaling { scale, offset: 0.0 }
    }

    /// What is added after scaling. Default 0.
    pub fn offset(mut self, offset: f64) -> Rescaling {
        self.offset = offset;
        self
    }
}

impl Augment for Rescaling {
    fn name(&self) -> &'static str {
        "Rescaling"
    }
    fn is_random(&self) -> bool {
        false
    }
    fn augment(&self, images: &Tensor, _: u64) -> Result<Tensor> {
        let scaled = floats(images)?.mul(&Tensor::scalar_of(DType::F32, self.scale))?;
        if self.offset == 0.0 {
            return Ok(scaled);
        }
        scaled.add(&Tensor::scalar_of(DType::F32, self.offset))
    }
}
