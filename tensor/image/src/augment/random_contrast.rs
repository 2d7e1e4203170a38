//! Images with more or less contrast.

use gradus_tensor::{Result, Tensor};

use super::Augment;
use super::draw::Draw;
use super::each::each;
use super::range::Range;
use crate::frames::Frames;

/// `(x - mean) * factor + mean` with the mean of each channel of each image, clipped to the value range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RandomContrast {
    factor: Range,
    value_range: (f64, f64),
}

impl RandomContrast {
    /// By `1 - factor` to `1 + factor`; a pair `(l, u)` means `1 - l` to `1 + u`.
    pub fn new(factor: impl Into<Range>) -> RandomContrast {
        RandomContrast { factor: factor.into(), value_range: (0.0, 255.0) }
    }

    /// What pixels can be. Default 0 to 255.
    pub fn value_range(mut self, low: f64, high: f64) -> RandomContrast {
        self.value_range = (low, high);
        self
    }

    /// The images with that contrast, which is not random.
    ///
    /// # Errors
    /// When the tensor is no image.
    pub fn adjust(&self, images: &Tensor, contrast_factor: f64) -> Result<Tensor> {
        self.with(images, |_| contrast_factor)
    }

    fn with(&self, images: &Tensor, factor: impl Fn(usize) -> f64) -> Result<Tensor> {
        let f = Frames::of(self.name(), images)?;
        let (low, high) = (self.value_range.0 as f32, self.value_range.1 as f32);
        let channels = f.channels.max(1);
        each(self.name(), images, |i, x, y| {
            let factor = factor(i) as f32;
            let mut mean = vec![0.0f64; channels];
            for pixel in x.chunks_exact(channels) {
                mean.iter_mut().zip(pixel).for_each(|(m, v)| *m += f64::from(*v));
            }
            let count = (f.height * f.width) as f64;
            let mean: Vec<f32> = mean.into_iter().map(|m| (m / count) as f32).collect();
            for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                for c in 0..channels {
                    y[c] = ((x[c] - mean[c]) * factor + mean[c]).max(low).min(high);
                }
            }
        })
    }
}

impl Augment for RandomContrast {
    fn name(&self) -> &'static str {
        "RandomContrast"
    }
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor> {
        let (low, high) = match self.factor {
            Range::Factor(f) => (1.0 - f, 1.0 + f),
            Range::Between(l, u) => (1.0 - l, 1.0 + u),
        };
        self.with(images, |i| Draw::of(key, i).uniform(low, high))
    }
}
