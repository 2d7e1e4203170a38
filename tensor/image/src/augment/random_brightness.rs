//! Images lighter or darker.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};

/// Adds a part of the value range to each image and clips to the range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomBrightness {
    factor: Range,
    value_range: (f64, f64),
}

impl RandomBrightness {
    /// `-factor` to `factor` of the value range, or between two; from -1 to 1.
    pub fn new(factor: impl Into<Range>) -> RandomBrightness {
        RandomBrightness { factor: factor.into(), value_range: (0.0, 255.0) }
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomBrightness {
        self.value_range = (low, high);
        self
    }
}

impl Augment for RandomBrightness {
    fn name(&self) -> &'static str {
        "RandomBrightness"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), -1.0, 1.0)?;
        let (low, high) = (self.value_range.0 as f32, self.value_range.1 as f32);
        each(self.name(), images, |i, x, y| {
            let delta = draw(range, &mut Draw::of(key, i)) as f32 * (high - low);
            y.iter_mut().zip(x).for_each(|(y, x)| *y = (x + delta).max(low).min(high));
        })
    }
}
