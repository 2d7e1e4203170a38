//! Images turned around their middle.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::floats;
use super::range::{Range, draw};
use crate::affine::{Affine, affine_each};
use crate::frames::Frames;
use crate::projective::{FillMode, Interpolation, Projective};

/// Turns each image by a random part of a full turn, counter-clockwise for positive factors.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomRotation {
    factor: Range,
    #[cfg_attr(feature = "serde", serde(flatten))]
    options: Projective,
}

impl RandomRotation {
    /// By `-factor` to `factor` full turns, or between two of them; from -1 to 1.
    pub fn new(factor: impl Into<Range>) -> RandomRotation {
        RandomRotation { factor: factor.into(), options: Projective::new().fill_mode(FillMode::Reflect) }
    }
}

impl RandomRotation {
    /// What stands where the image does not reach. Default reflect.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> RandomRotation {
        self.options = self.options.fill_mode(fill_mode);
        self
    }

    /// The constant outside, with [`FillMode::Constant`]. Default 0.
    pub fn fill_value(mut self, fill_value: f64) -> RandomRotation {
        self.options = self.options.fill_value(fill_value);
        self
    }

    /// Default bilinear.
    pub fn interpolation(mut self, interpolation: Interpolation) -> RandomRotation {
        self.options = self.options.interpolation(interpolation);
        self
    }
}

impl Augment for RandomRotation {
    fn name(&self) -> &'static str {
        "RandomRotation"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let range = self.factor.within(self.name(), -1.0, 1.0)?;
        let turn = |i| draw(range, &mut Draw::of(key, i)) * std::f64::consts::TAU;
        let maps: Vec<Affine> = (0..f.batch).map(|i| Affine::rotation(turn(i), f.height, f.width)).collect();
        affine_each(&floats(images)?, &maps, self.options)
    }
}
