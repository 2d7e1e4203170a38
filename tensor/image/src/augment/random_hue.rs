//! Images with other colours.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};
use crate::frames::Frames;
use crate::hsv::{to_hsv, to_rgb};

/// Moves the hue of each image by up to half a turn, one way or the other.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomHue {
    factor: Range,
    value_range: (f64, f64),
}

impl RandomHue {
    /// By 0 to `factor` half turns, or between two; from 0 to 1.
    pub fn new(factor: impl Into<Range>) -> RandomHue {
        RandomHue { factor: factor.into(), value_range: (0.0, 255.0) }
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomHue {
        self.value_range = (low, high);
        self
    }
}

impl Augment for RandomHue {
    fn name(&self) -> &'static str {
        "RandomHue"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), 0.0, 1.0)?;
        Frames::of(self.name(), images)?.expect_channels(self.name(), 3)?;
        let (low, width) = (self.value_range.0, self.value_range.1 - self.value_range.0);
        each(self.name(), images, |i, x, y| {
            let mut d = Draw::of(key, i);
            let side = if d.coin() { 0.5 } else { -0.5 };
            let delta = side * draw(range, &mut d);
            let ((x, _), (y, _)) = (x.as_chunks::<3>(), y.as_chunks_mut::<3>());
            for (y, x) in y.iter_mut().zip(x) {
                let [h, s, v] = to_hsv(x.map(|v| (f64::from(v) - low) / width));
                let rgb = to_rgb([(h + delta).rem_euclid(1.0), s, v]);
                *y = rgb.map(|v| (v.clamp(0.0, 1.0) * width + low) as f32);
            }
        })
    }
}
