//! Images whose values are spread evenly.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::each::each;
use crate::frames::Frames;

/// Spreads the values of each channel of each image so that their histogram of 256 bins is even. Not random.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Equalization {
    value_range: (f64, f64),
}

impl Default for Equalization {
    fn default() -> Equalization {
        Equalization { value_range: (0.0, 255.0) }
    }
}

const BINS: usize = 256;

impl Equalization {
    /// For values from 0 to 255.
    pub fn new() -> Equalization {
        Equalization::default()
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> Equalization {
        self.value_range = (low, high);
        self
    }
}

impl Augment for Equalization {
    fn name(&self) -> &'static str {
        "Equalization"
    }
    fn is_random(&self) -> bool {
        false
    }
    fn augment(&self, images: &Tensor, _: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let (channels, count) = (f.channels.max(1), (f.height * f.width) as f64);
        let (low, width) = (self.value_range.0 as f32, (self.value_range.1 - self.value_range.0) as f32);
        // A cast from a float saturates, so any value falls into a bin.
        let bin = |v: f32| (((v - low) / width * (BINS - 1) as f32).round() as usize).min(BINS - 1);
        each(self.name(), images, |_, x, y| {
            for c in 0..channels {
                let values = || x.iter().skip(c).step_by(channels);
                let mut below = [0usize; BINS];
                values().for_each(|v| below[bin(*v)] += 1);
                for i in 1..BINS {
                    below[i] += below[i - 1];
                }
                let first = below.iter().copied().find(|n| *n > 0).unwrap_or(0) as f64;
                let spread = count - first;
                for (y, v) in y.iter_mut().skip(c).step_by(channels).zip(values()) {
                    let share = (below[bin(*v)] as f64 - first) / spread;
                    *y = if spread > 0.0 { share as f32 * width + low } else { *v };
                }
            }
        })
    }
}
