//! Images moved.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::floats;
use super::range::{Range, draw};
use crate::affine::{Affine, affine_each};
use crate::frames::Frames;
use crate::projective::{FillMode, Interpolation, Projective};

/// Moves each image down and right by random parts of its height and width.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomTranslation {
    height_factor: Range,
    width_factor: Range,
    #[cfg_attr(feature = "serde", serde(flatten))]
    options: Projective,
}

impl RandomTranslation {
    /// By `-factor` to `factor` of the size, or between two; from -1 to 1.
    pub fn new(height_factor: impl Into<Range>, width_factor: impl Into<Range>) -> RandomTranslation {
        let options = Projective::new().fill_mode(FillMode::Reflect);
        RandomTranslation { height_factor: height_factor.into(), width_factor: width_factor.into(), options }
    }
}

impl RandomTranslation {
    /// What stands where the image does not reach. Default reflect.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> RandomTranslation {
        self.options = self.options.fill_mode(fill_mode);
        self
    }

    /// The constant outside, with [`FillMode::Constant`]. Default 0.
    pub fn fill_value(mut self, fill_value: f64) -> RandomTranslation {
        self.options = self.options.fill_value(fill_value);
        self
    }

    /// Default bilinear.
    pub fn interpolation(mut self, interpolation: Interpolation) -> RandomTranslation {
        self.options = self.options.interpolation(interpolation);
        self
    }
}

impl Augment for RandomTranslation {
    fn name(&self) -> &'static str {
        "RandomTranslation"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let height = self.height_factor.within(self.name(), -1.0, 1.0)?;
        let width = self.width_factor.within(self.name(), -1.0, 1.0)?;
        let map = |i| {
            let mut d = Draw::of(key, i);
            let (down, right) = (draw(height, &mut d), draw(width, &mut d));
            Affine::translation(down * f.height as f64, right * f.width as f64)
        };
        let maps: Vec<Affine> = (0..f.batch).map(map).collect();
        affine_each(&floats(images)?, &maps, self.options)
    }
}
