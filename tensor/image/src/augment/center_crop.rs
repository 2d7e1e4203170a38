//! The middle of images.

use gradus_tensor::{Result, Tensor};

use super::each::floats;
use super::{Augment, Resizing};
use crate::crop::crop_to_bounding_box;
use crate::frames::Frames;

/// The middle of images, in one size; smaller images are enlarged first. Not random.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CenterCrop {
    height: usize,
    width: usize,
}

impl CenterCrop {
    /// Of that size.
    pub fn new(height: usize, width: usize) -> CenterCrop {
        CenterCrop { height, width }
    }
}

impl Augment for CenterCrop {
    fn name(&self) -> &'static str {
        "CenterCrop"
    }
    fn is_random(&self) -> bool {
        false
    }
    fn output_size(&self, _: Option<usize>, _: Option<usize>) -> [Option<usize>; 2] {
        [Some(self.height), Some(self.width)]
    }
    fn augment(&self, images: &Tensor, _: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        if f.height < self.height || f.width < self.width {
            return Resizing::new(self.height, self.width).crop_to_aspect_ratio().apply(images);
        }
        let (top, left) = ((f.height - self.height) / 2, (f.width - self.width) / 2);
        floats(&crop_to_bounding_box(images, top, left, self.height, self.width)?)
    }
}
