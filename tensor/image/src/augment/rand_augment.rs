//! Random augmentations in a random order (Cubuk, Zoph, Shlens, Le 2020).

use std::sync::Arc;

use gradus_tensor::{Result, Tensor};

use super::draw::{Draw, fold};
use super::each::floats;
use super::{
    Augment, AutoContrast, Equalization, RandomBrightness, RandomColorDegeneration, RandomContrast,
    RandomRotation, RandomSharpness, RandomShear, RandomTranslation, Solarization,
};
use crate::frames::Frames;

/// `num_ops` of ten augmentations, drawn for each image: shear, translation, rotation, brightness, colour degeneration,
/// contrast, sharpness, solarization, automatic contrast, equalization.
#[derive(Clone, Debug)]
pub struct RandAugment {
    num_ops: usize,
    choices: Vec<Arc<dyn Augment>>,
}

impl Default for RandAugment {
    fn default() -> RandAugment {
        RandAugment::new(2, 0.5, (0.0, 255.0))
    }
}

impl RandAugment {
    /// So many steps, of that strength from 0 to 1, for pixels in that range. Keras's defaults: 2, 0.5, 0 to 255.
    pub fn new(num_ops: usize, factor: f64, value_range: (f64, f64)) -> RandAugment {
        let (low, high) = value_range;
        let choices: Vec<Arc<dyn Augment>> = vec![
            Arc::new(RandomShear::new(factor, factor)),
            Arc::new(RandomTranslation::new(factor, factor)),
            Arc::new(RandomRotation::new(factor)),
            Arc::new(RandomBrightness::new(factor).value_range(low, high)),
            Arc::new(RandomColorDegeneration::new(factor)),
            Arc::new(RandomContrast::new(factor).value_range(low, high)),
            Arc::new(RandomSharpness::new(factor).value_range(low, high)),
            Arc::new(Solarization::new(factor).addition_factor(factor).value_range(low, high)),
            Arc::new(AutoContrast::new().value_range(low, high)),
            Arc::new(Equalization::new().value_range(low, high)),
        ];
        RandAugment { num_ops, choices }
    }

    fn one(&self, image: &Tensor, draw: &mut Draw, key: u64) -> Result<Tensor> {
        let mut image = floats(image)?;
        for step in 0..self.num_ops {
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
