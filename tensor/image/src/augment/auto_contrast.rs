//! Images stretched to the whole range of values.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::each::each;
use crate::frames::Frames;

/// Stretches each channel of each image to the whole value range; a flat channel stays. Not random.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AutoContrast {
    value_range: (f64, f64),
}

impl Default for AutoContrast {
    fn default() -> AutoContrast {
        AutoContrast { value_range: (0.0, 255.0) }
    }
}

impl AutoContrast {
    /// To 0 to 255.
    pub fn new() -> AutoContrast {
        AutoContrast::default()
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> AutoContrast {
        self.value_range = (low, high);
        self
    }
}

impl Augment for AutoContrast {
    fn name(&self) -> &'static str {
        "AutoContrast"
    }
    fn is_random(&self) -> bool {
        false
    }
    fn augment(&self, images: &Tensor, _: u64) -> Result<Tensor> {
        let channels = Frames::of(self.name(), images)?.channels.max(1);
        let (low, high) = (self.value_range.0 as f32, self.value_range.1 as f32);
        each(self.name(), images, |_, x, y| {
            for c in 0..channels {
                let values = || x.iter().skip(c).step_by(channels);
                let (min, max) =
                    values().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
                let scale = if max > min { (high - low) / (max - min) } else { 1.0 };
                let start = if max > min { low } else { min };
                for (y, v) in y.iter_mut().skip(c).step_by(channels).zip(values()) {
                    *y = (v - min) * scale + start;
                }
            }
        })
    }
}
