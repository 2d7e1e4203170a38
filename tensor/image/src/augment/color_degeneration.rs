//! Images with paler colours.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};
use crate::frames::Frames;

/// Mixes each image with its grey version: 0 changes nothing, 1 is grey.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomColorDegeneration {
    factor: Range,
}

impl RandomColorDegeneration {
    /// By 0 to `factor`, or between two; from 0 to 1.
    pub fn new(factor: impl Into<Range>) -> RandomColorDegeneration {
        RandomColorDegeneration { factor: factor.into() }
    }
}

impl Augment for RandomColorDegeneration {
    fn name(&self) -> &'static str {
        "RandomColorDegeneration"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), 0.0, 1.0)?;
        Frames::of(self.name(), images)?.expect_channels(self.name(), 3)?;
        each(self.name(), images, |i, x, y| {
            let t = draw(range, &mut Draw::of(key, i)) as f32;
            let ((x, _), (y, _)) = (x.as_chunks::<3>(), y.as_chunks_mut::<3>());
            for (y, x) in y.iter_mut().zip(x) {
                let gray = 0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2];
                *y = x.map(|v| v + t * (gray - v));
            }
        })
    }
}
