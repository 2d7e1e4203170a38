//! Images blurred or sharpened.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};
use crate::frames::Frames;

/// Goes from each image towards its smoothed version (below 0.5) or away from it (above); 0.5 changes nothing. The
/// border stays, the result is clipped.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomSharpness {
    factor: Range,
    value_range: (f64, f64),
}

impl RandomSharpness {
    /// By 0 to `factor`, or between two; from 0 to 1.
    pub fn new(factor: impl Into<Range>) -> RandomSharpness {
        RandomSharpness { factor: factor.into(), value_range: (0.0, 255.0) }
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomSharpness {
        self.value_range = (low, high);
        self
    }
}

impl Augment for RandomSharpness {
    fn name(&self) -> &'static str {
        "RandomSharpness"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), 0.0, 1.0)?;
        let f = Frames::of(self.name(), images)?;
        let (low, high) = (self.value_range.0 as f32, self.value_range.1 as f32);
        let (c, line) = (f.channels, f.width * f.channels);
        each(self.name(), images, |i, x, y| {
            y.copy_from_slice(x);
            let amount = 2.0 * draw(range, &mut Draw::of(key, i)) as f32;
            for row in 1..f.height.saturating_sub(1) {
                for at in row * line + c..(row * line + line).saturating_sub(c) {
                    let ring = |a: usize| x[a - c] + x[a] + x[a + c];
                    // The nine pixels with weight 1, the middle one with 5.
                    let smooth = (ring(at - line) + ring(at) + ring(at + line) + 4.0 * x[at]) / 13.0;
                    y[at] = (smooth + amount * (x[at] - smooth)).max(low).min(high);
                }
            }
        })
    }
}
