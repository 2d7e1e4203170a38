//! Images with their light parts inverted.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};

/// Adds to each image, then inverts what is above a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Solarization {
    addition_factor: Range,
    threshold_factor: Range,
    value_range: (f64, f64),
}

impl Solarization {
    /// Inverts above `255 - 255 f`, where `f` is from 0 to `threshold_factor` or between two; from 0 to 1.
    pub fn new(threshold_factor: impl Into<Range>) -> Solarization {
        Solarization {
            addition_factor: Range::Between(0.0, 0.0),
            threshold_factor: threshold_factor.into(),
            value_range: (0.0, 255.0),
        }
    }

    /// What is added first, times 255. Default 0.
    pub fn addition_factor(mut self, factor: impl Into<Range>) -> Solarization {
        self.addition_factor = factor.into();
        self
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> Solarization {
        self.value_range = (low, high);
        self
    }
}

impl Augment for Solarization {
    fn name(&self) -> &'static str {
        "Solarization"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let addition = self.addition_factor.within(self.name(), 0.0, 1.0)?;
        let threshold = self.threshold_factor.within(self.name(), 0.0, 1.0)?;
        let (low, high) = (self.value_range.0 as f32, self.value_range.1 as f32);
        each(self.name(), images, |i, x, y| {
            let mut d = Draw::of(key, i);
            let add = draw(addition, &mut d) as f32 * (high - low);
            let limit = high - draw(threshold, &mut d) as f32 * (high - low);
            for (y, x) in y.iter_mut().zip(x) {
                let v = (x + add).max(low).min(high);
                *y = if v < limit { v } else { high + low - v };
            }
        })
    }
}
