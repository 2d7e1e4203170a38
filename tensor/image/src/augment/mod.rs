//! Keras's random preprocessing layers as values.
//!
//! An [`Augment`] is a pure function of images and a key: the same key gives the same images, on any thread, in any
//! order. Image `i` of a batch draws its numbers from (key, `i`). A pipeline makes one key per element, a layer one
//! per call; in inference one does not call it at all.
//!
//! ```
//! use gradus_image::augment::{Augment, RandomFlip, RandomRotation, RandomZoom, Sequence};
//! use gradus_tensor::Tensor;
//! let augment = Sequence::new()
//!     .add(RandomFlip::horizontal())
//!     .add(RandomRotation::new(0.1))
//!     .add(RandomZoom::new(0.2));
//! let images = Tensor::from_vec((0..2 * 8 * 8 * 3).map(|v| v as f32).collect(), [2, 8, 8, 3])?;
//! let (a, b) = (augment.augment(&images, 7)?, augment.augment(&images, 7)?);
//! assert_eq!(a.to_vec::<f32>()?, b.to_vec::<f32>()?);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! Results are f32. Names, defaults and ranges are Keras's; factors are given as one number `f` for the range that
//! Keras makes of it, or as a pair `(lower, upper)`. [`MixUp`] and [`CutMix`] change labels too, see [`Mix`].

mod auto_contrast;
mod center_crop;
mod color_degeneration;
mod cut_mix;
mod draw;
mod each;
mod equalization;
mod mix_up;
mod rand_augment;
mod random_brightness;
mod random_contrast;
mod random_crop;
mod random_erasing;
mod random_flip;
mod random_hue;
mod random_posterization;
mod random_rotation;
mod random_saturation;
mod random_shear;
mod random_translation;
mod random_zoom;
mod range;
mod rescaling;
mod resizing;
mod sequence;
mod sharpness;
mod solarization;

pub use auto_contrast::AutoContrast;
pub use center_crop::CenterCrop;
pub use color_degeneration::RandomColorDegeneration;
pub use cut_mix::CutMix;
pub use draw::Draw;
pub use equalization::Equalization;
pub use mix_up::MixUp;
pub use rand_augment::RandAugment;
pub use random_brightness::RandomBrightness;
pub use random_contrast::RandomContrast;
pub use random_crop::RandomCrop;
pub use random_erasing::RandomErasing;
pub use random_flip::RandomFlip;
pub use random_hue::RandomHue;
pub use random_posterization::RandomPosterization;
pub use random_rotation::RandomRotation;
pub use random_saturation::RandomSaturation;
pub use random_shear::RandomShear;
pub use random_translation::RandomTranslation;
pub use random_zoom::RandomZoom;
pub use range::Range;
pub use rescaling::Rescaling;
pub use resizing::Resizing;
pub use sequence::Sequence;
pub use sharpness::RandomSharpness;
pub use solarization::Solarization;

use gradus_tensor::{Result, Tensor};

/// A change of images that depends on nothing but the images and a key.
pub trait Augment: std::fmt::Debug + Send + Sync {
    /// The name of the layer in Keras.
    fn name(&self) -> &'static str;

    /// The images changed; `[h, w, c]` or `[n, h, w, c]`. Image `i` draws from [`Draw::of(key, i)`](Draw::of).
    ///
    /// # Errors
    /// When shape or options have no meaning.
    fn augment(&self, images: &Tensor, key: u64) -> Result<Tensor>;

    /// Whether the key changes anything.
    fn is_random(&self) -> bool {
        true
    }

    /// What a layer does outside of training: the images as f32, or, when nothing is random, the same as in training.
    ///
    /// # Errors
    /// As [`augment`](Self::augment).
    fn inference(&self, images: &Tensor) -> Result<Tensor> {
        if self.is_random() { each::floats(images) } else { self.augment(images, 0) }
    }

    /// Height and width of the result for those of the images, where they are known.
    fn output_size(&self, height: Option<usize>, width: Option<usize>) -> [Option<usize>; 2] {
        [height, width]
    }
}

/// A mixture of the images of a batch, and of their labels.
pub trait Mix: std::fmt::Debug + Send + Sync {
    /// The name of the layer in Keras.
    fn name(&self) -> &'static str;

    /// Images `[n, h, w, c]` and labels `[n, classes]` (one-hot or shares, as f32), mixed.
    ///
    /// # Errors
    /// When shapes do not fit, or labels are class numbers.
    fn mix(&self, images: &Tensor, labels: &Tensor, key: u64) -> Result<(Tensor, Tensor)>;
}
