//! Pieces of images from random places.

use gradus_tensor::{DType, Result, Spec, Tensor};

use super::draw::Draw;
use super::each::floats;
use super::{Augment, Resizing};
use crate::frames::Frames;

/// A piece of that size from a random place of each image. Images that are not larger are enlarged instead, keeping
/// their proportions as far as they go.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomCrop {
    height: usize,
    width: usize,
}

impl RandomCrop {
    /// Of that size.
    pub fn new(height: usize, width: usize) -> RandomCrop {
        RandomCrop { height, width }
    }
}

impl Augment for RandomCrop {
    fn name(&self) -> &'static str {
        "RandomCrop"
    }
    fn output_size(&self, _: Option<usize>, _: Option<usize>) -> [Option<usize>; 2] {
        [Some(self.height), Some(self.width)]
    }
    fn inference(&self, images: &Tensor) -> Result<Tensor> {
        Resizing::new(self.height, self.width).crop_to_aspect_ratio().apply(images)
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let (h, w) = (self.height, self.width);
        if f.height < h || f.width < w || h == 0 || w == 0 {
            return Resizing::new(h, w).crop_to_aspect_ratio().apply(images);
        }
        let images = floats(images)?;
        let from = images.as_slice::<f32>()?;
        Tensor::build(Spec::new(DType::F32, f.shape(h, w, f.channels)), |out| {
            let (line, to_line) = (f.width * f.channels, w * f.channels);
            let out = out.as_mut::<f32>().chunks_exact_mut((h * to_line).max(1));
            for (i, (x, y)) in from.chunks_exact(f.size().max(1)).zip(out).enumerate() {
                let mut draw = Draw::of(key, i);
                let (top, left) = (draw.below(f.height - h + 1), draw.below(f.width - w + 1));
                for (row, y) in y.chunks_exact_mut(to_line).enumerate() {
                    let start = (top + row) * line + left * f.channels;
                    y.copy_from_slice(&x[start..start + to_line]);
                }
            }
            Ok(())
        })
    }
}
