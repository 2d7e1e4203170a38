//! Images enlarged or made smaller around their middle.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::floats;
use super::range::{Range, draw};
use crate::affine::{Affine, affine_each};
use crate::frames::Frames;
use crate::projective::{FillMode, Interpolation, Projective};

/// Zooms each image: a factor of 0.2 shows 20 % more than the image (zooms out), -0.2 shows 20 % less (zooms in).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomZoom {
    height_factor: Range,
    width_factor: Option<Range>,
    #[cfg_attr(feature = "serde", serde(flatten))]
    options: Projective,
}

impl RandomZoom {
    /// Both directions by one factor, drawn from `-factor` to `factor`, or between two; from -1 to 10.
    pub fn new(height_factor: impl Into<Range>) -> RandomZoom {
        let options = Projective::new().fill_mode(FillMode::Reflect);
        RandomZoom { height_factor: height_factor.into(), width_factor: None, options }
    }

    /// The width by a factor of its own. Default: that of the height.
    pub fn width_factor(mut self, factor: impl Into<Range>) -> RandomZoom {
        self.width_factor = Some(factor.into());
        self
    }
}

impl RandomZoom {
    /// What stands where the image does not reach. Default reflect.
    pub fn fill_mode(mut self, fill_mode: FillMode) -> RandomZoom {
        self.options = self.options.fill_mode(fill_mode);
        self
    }

    /// The constant outside, with [`FillMode::Constant`]. Default 0.
    pub fn fill_value(mut self, fill_value: f64) -> RandomZoom {
        self.options = self.options.fill_value(fill_value);
        self
    }

    /// Default bilinear.
    pub fn interpolation(mut self, interpolation: Interpolation) -> RandomZoom {
        self.options = self.options.interpolation(interpolation);
        self
    }
}

impl Augment for RandomZoom {
    fn name(&self) -> &'static str {
        "RandomZoom"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let height = self.height_factor.within(self.name(), -1.0, 10.0)?;
        let width = self.width_factor.map(|w| w.within(self.name(), -1.0, 10.0)).transpose()?;
        let map = |i| {
            let mut d = Draw::of(key, i);
            let high = 1.0 + draw(height, &mut d);
            let wide = width.map_or(high, |w| 1.0 + draw(w, &mut d));
            Affine::zoom(high, wide, f.height, f.width)
        };
        let maps: Vec<Affine> = (0..f.batch).map(map).collect();
        affine_each(&floats(images)?, &maps, self.options)
    }
}
