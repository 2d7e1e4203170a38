//! Images in one size.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::each::floats;
use crate::resample::Method;
use crate::resize::{Resize, resize};
use crate::resize_fit::{crop_to_aspect, pad_to_aspect};

/// What happens when the proportions of an image are not those of the size.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Proportions {
    Stretch,
    Crop,
    Pad(f64),
}

/// Images in one size, as f32. Not random.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Config", into = "Config"))]
pub struct Resizing {
    resize: Resize,
    proportions: Proportions,
}

impl Resizing {
    /// To that size, bilinear, stretched.
    pub fn new(height: usize, width: usize) -> Resizing {
        Resizing { resize: Resize::new(height, width), proportions: Proportions::Stretch }
    }

    /// Default bilinear.
    pub fn interpolation(mut self, method: Method) -> Resizing {
        self.resize = self.resize.method(method);
        self
    }

    /// Default false.
    pub fn antialias(mut self, antialias: bool) -> Resizing {
        self.resize = self.resize.antialias(antialias);
        self
    }

    /// Takes the largest middle part with the right proportions instead of stretching.
    pub fn crop_to_aspect_ratio(mut self) -> Resizing {
        self.proportions = Proportions::Crop;
        self
    }

    /// Puts the whole image into the middle, with `fill_value` around it, instead of stretching.
    pub fn pad_to_aspect_ratio(mut self, fill_value: f64) -> Resizing {
        self.proportions = Proportions::Pad(fill_value);
        self
    }

    /// The images in that size.
    ///
    /// # Errors
    /// When a size is 0.
    pub fn apply(&self, images: &Tensor) -> Result<Tensor> {
        let (height, width) = (self.resize.height, self.resize.width);
        let fitted = match self.proportions {
            Proportions::Stretch => images.clone(),
            Proportions::Crop => crop_to_aspect(images, height, width)?,
            Proportions::Pad(value) => pad_to_aspect(images, height, width, value)?,
        };
        floats(&resize(&fitted, self.resize)?)
    }
}

/// The options under Keras's names.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Config {
    height: usize,
    width: usize,
    interpolation: Method,
    crop_to_aspect_ratio: bool,
    pad_to_aspect_ratio: bool,
    fill_value: f64,
    antialias: bool,
}

#[cfg(feature = "serde")]
impl From<Resizing> for Config {
    fn from(r: Resizing) -> Config {
        Config {
            height: r.resize.height,
            width: r.resize.width,
            interpolation: r.resize.method,
            crop_to_aspect_ratio: r.proportions == Proportions::Crop,
            pad_to_aspect_ratio: matches!(r.proportions, Proportions::Pad(_)),
            fill_value: if let Proportions::Pad(value) = r.proportions { value } else { 0.0 },
            antialias: r.resize.antialias,
        }
    }
}

#[cfg(feature = "serde")]
impl From<Config> for Resizing {
    fn from(c: Config) -> Resizing {
        let r = Resizing::new(c.height, c.width).interpolation(c.interpolation).antialias(c.antialias);
        match (c.crop_to_aspect_ratio, c.pad_to_aspect_ratio) {
            (true, _) => r.crop_to_aspect_ratio(),
            (false, true) => r.pad_to_aspect_ratio(c.fill_value),
            (false, false) => r,
        }
    }
}

impl Augment for Resizing {
    fn name(&self) -> &'static str {
        "Resizing"
    }
    fn augment(&self, images: &Tensor, _: u64) -> Result<Tensor> {
        self.apply(images)
    }
    fn is_random(&self) -> bool {
        false
    }
    fn output_size(&self, _: Option<usize>, _: Option<usize>) -> [Option<usize>; 2] {
        [Some(self.resize.height), Some(self.resize.width)]
    }
}
