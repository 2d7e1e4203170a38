//! Random augmentations in a random order (Cubuk, Zoph, Shlens, Le 2020).

use std::sync::Arc;

use gradus_tensor::{Result, Tensor};

use super::draw::{Draw, fold};
use super::each::floats;
use super::range::Range;
use super::{
    Augment, AutoContrast, Equalization, RandomBrightness, RandomColorDegeneration, RandomContrast,
    RandomPosterization, RandomRotation, RandomSharpness, RandomShear, RandomTranslation, Solarization,
};
use crate::frames::Frames;

/// `num_ops` of eleven augmentations, drawn for each image: shear, translation, rotation, brightness, colour degeneration,
/// contrast, sharpness, solarization, posterization, automatic contrast, equalization.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Strength", into = "Strength"))]
pub struct RandAugment {
    strength: Strength,
    choices: Vec<Arc<dyn Augment>>,
}

/// The options under Keras's names.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Strength {
    num_ops: usize,
    factor: Range,
    value_range: (f64, f64),
}

impl From<Strength> for RandAugment {
    fn from(s: Strength) -> RandAugment {
        RandAugment::new(s.num_ops, s.factor, s.value_range)
    }
}

impl From<RandAugment> for Strength {
    fn from(r: RandAugment) -> Strength {
        r.strength
    }
}

impl Default for RandAugment {
    fn default() -> RandAugment {
        RandAugment::new(2, 0.5, (0.0, 255.0))
    }
}

impl RandAugment {
    /// So many steps, of a strength from 0 to that number or between two, within 0 and 1, for pixels in that range. Keras's defaults: 2, 0.5, 0 to 255.
    pub fn new(num_ops: usize, factor: impl Into<Range>, value_range: (f64, f64)) -> RandAugment {
        let factor = match factor.into() {
            Range::Factor(f) => Range::Between(0.0, f),
            between => between,
        };
        let bits = match factor {
            Range::Factor(f) | Range::Between(_, f) => (8.0 * f) as u32,
        };
        let (low, high) = value_range;
        let choices: Vec<Arc<dyn Augment>> = vec![
            Arc::new(RandomShear::new(factor, factor)),
            Arc::new(RandomTranslation::new(factor, factor)),
            Arc::new(RandomRotation::new(factor)),
            Arc::new(RandomBrightness::new(factor).value_range(low, high)),
            Arc::new(RandomColorDegeneration::new(factor).value_range(low, high)),
            Arc::new(RandomContrast::new(factor).value_range(low, high)),
            Arc::new(RandomSharpness::new(factor).value_range(low, high)),
            Arc::new(Solarization::new(factor).addition_factor(factor).value_range(low, high)),
            Arc::new(RandomPosterization::new(1, bits.clamp(1, 8)).value_range(low, high)),
            Arc::new(AutoContrast::new().value_range(low, high)),
            Arc::new(Equalization::new().value_range(low, high)),
        ];
        RandAugment { strength: Strength { num_ops, factor, value_range }, choices }
    }

    fn one(&self, image: &Tensor, draw: &mut Draw, key: u64) -> Result<Tensor> {
        let mut image = floats(image)?;
        for step in 0..self.strength.num_ops {
            let choice = &self.choices[draw.below(self.choices.len())];
            image = choice.augment(&image, fold(key, step as u64))?;
        }
        Ok(image)
    }
}

impl Augment for RandAugment {
    fn name(&self) -> &'static str {
        "RandAugment"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let one = |image: &Tensor, i: usize| self.one(image, &mut Draw::of(key, i), fold(key, i as u64));
        if !f.batched {
            return one(images, 0);
        }
        if f.batch == 0 {
            return floats(images);
        }
        let parts = images.unstack(0)?;
        let done = parts.iter().enumerate().map(|(i, x)| one(x, i)).collect::<Result<Vec<Tensor>>>()?;
        Tensor::stack(&done.iter().collect::<Vec<_>>(), 0)
    }
}
