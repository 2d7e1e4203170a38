//! Images with fewer bits a channel.

use gradus_tensor::{Error, Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;

/// Keeps the uppermost bits of each channel's eight.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomPosterization {
    factor: (u32, u32),
    value_range: (f64, f64),
}

impl RandomPosterization {
    /// From `low` to one bit less than `high`, as in Keras; `low` when both are equal. From 1 to 8; for one number `n`
    /// Keras draws between 1 and `n`.
    pub fn new(low: u32, high: u32) -> RandomPosterization {
        RandomPosterization { factor: (low, high), value_range: (0.0, 255.0) }
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomPosterization {
        self.value_range = (low, high);
        self
    }
}

impl Augment for RandomPosterization {
    fn name(&self) -> &'static str {
        "RandomPosterization"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let (low, high) = self.factor;
        if low < 1 || high > 8 || low > high {
            let message = format!("{}: bits must be from 1 to 8, found {low} to {high}", self.name());
            return Err(Error::value(message));
        }
        let (start, width) = (self.value_range.0 as f32, (self.value_range.1 - self.value_range.0) as f32);
        each(self.name(), images, |i, x, y| {
            let bits = low + Draw::of(key, i).below((high - low) as usize) as u32;
            for (y, x) in y.iter_mut().zip(x) {
                // A cast from a float saturates.
                let byte = ((x - start) / width * 255.0) as u8;
                let kept = byte >> (8 - bits) << (8 - bits);
                *y = f32::from(kept) / 255.0 * width + start;
            }
        })
    }
}
