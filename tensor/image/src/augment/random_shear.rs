//! Images slanted.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::floats;
use super::range::{Range, draw};
use crate::affine::{Affine, affine_each};
use crate::frames::Frames;
use crate::projective::{FillMode, Interpolation, Projective};

/// Slants each image along x and y, to one side or the other with equal chances.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomShear {
    x_factor: Range,
    y_factor: Range,
    #[cfg_attr(feature = "serde", serde(flatten))]
    options: Projective,
}

impl RandomShear {
    /// By `-factor` to `factor` pixels per pixel, or between two, in either direction; from -1 to 1.
    pub fn new(x_factor: impl Into<Range>, y_factor: impl Into<Range>) -> RandomShear {
        let options = Projective::new().fill_mode(FillMode::Reflect);
        RandomShear { x_factor: x_factor.into(), y_factor: y_factor.into(), options }
    }
}

impl RandomShear {
    /// What stands where the image does not reach. Default reflect.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> RandomShear {
        self.options = self.options.fill_mode(fill_mode);
        self
    }

    /// The constant outside, with [`FillMode::Constant`]. Default 0.
    pub fn fill_value(mut self, fill_value: f64) -> RandomShear {
        self.options = self.options.fill_value(fill_value);
        self
    }

    /// Default bilinear.
    pub fn interpolation(mut self, interpolation: Interpolation) -> RandomShear {
        self.options = self.options.interpolation(interpolation);
        self
    }
}

impl Augment for RandomShear {
    fn name(&self) -> &'static str {
        "RandomShear"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let (x, y) =
            (self.x_factor.within(self.name(), -1.0, 1.0)?, self.y_factor.within(self.name(), -1.0, 1.0)?);
        let map = |i| {
            let mut d = Draw::of(key, i);
            let side = if d.coin() { 1.0 } else { -1.0 };
            let (y, x) = (draw(y, &mut d), draw(x, &mut d));
            Affine::shear(side * x, side * y)
        };
        let maps: Vec<Affine> = (0..f.batch).map(map).collect();
        affine_each(&floats(images)?, &maps, self.options)
    }
}
