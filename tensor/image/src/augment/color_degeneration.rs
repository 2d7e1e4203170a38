//! Images with paler colours.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};
use crate::frames::Frames;

/// Mixes each image with its grey version: 0 changes nothing, 1 is grey.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomColorDegeneration {
    factor: Range,
    value_range: (f64, f64),
}

impl RandomColorDegeneration {
    /// By `-factor` to `factor`, as in Keras, or between two; from -1 to 1. Below 0 colours become stronger.
    pub fn new(factor: impl Into<Range>) -> RandomColorDegeneration {
        RandomColorDegeneration { factor: factor.into(), value_range: (0.0, 255.0) }
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomColorDegeneration {
        self.value_range = (low, high);
        self
    }
}

impl Augment for RandomColorDegeneration {
    fn name(&self) -> &'static str {
        "RandomColorDegeneration"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), -1.0, 1.0)?;
        Frames::of(self.name(), images)?.expect_channels(self.name(), 3)?;
        let (low, high) = (self.value_range.0 as f32, self.value_range.1 as f32);
        each(self.name(), images, |i, x, y| {
            let t = draw(range, &mut Draw::of(key, i)) as f32;
            let ((x, _), (y, _)) = (x.as_chunks::<3>(), y.as_chunks_mut::<3>());
            for (y, x) in y.iter_mut().zip(x) {
                let gray = 0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2];
                *y = x.map(|v| (v + t * (gray - v)).max(low).min(high));
            }
        })
    }
}
