//! Images with stronger or weaker colours.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::{Range, draw};
use crate::frames::Frames;
use crate::hsv::{to_hsv, to_rgb};

/// Multiplies the saturation of each image by `f / (1 - f)`: 0 is grey, 0.5 changes nothing, 1 is full colour.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomSaturation {
    factor: Range,
}

/// Keeps the factor finite at 1; Keras's epsilon.
const EPSILON: f64 = 1e-7;

impl RandomSaturation {
    /// `f` from 0 to `factor`, or between two; from 0 to 1.
    pub fn new(factor: impl Into<Range>) -> RandomSaturation {
        RandomSaturation { factor: factor.into() }
    }
}

impl Augment for RandomSaturation {
    fn name(&self) -> &'static str {
        "RandomSaturation"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let range = self.factor.within(self.name(), 0.0, 1.0)?;
        Frames::of(self.name(), images)?.expect_channels(self.name(), 3)?;
        each(self.name(), images, |i, x, y| {
            let factor = draw(range, &mut Draw::of(key, i));
            let factor = factor / (1.0 - factor + EPSILON);
            let ((x, _), (y, _)) = (x.as_chunks::<3>(), y.as_chunks_mut::<3>());
            for (y, x) in y.iter_mut().zip(x) {
                let [h, s, v] = to_hsv(x.map(f64::from));
                *y = to_rgb([h, (s * factor).clamp(0.0, 1.0), v]).map(|v| v as f32);
            }
        })
    }
}
