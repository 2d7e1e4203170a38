//! Keras's `ImageDataGenerator`: augmentation options in one builder, and batches from arrays or folders.

use std::path::PathBuf;
use std::sync::Arc;

use gradus_image::augment::{Augment, Draw};
use gradus_image::{
    Affine, FillMode, Interpolation, Projective, affine_transform, flip_left_right, flip_up_down,
};
use gradus_tensor::{DType, Tensor};

use super::folder::{ColorMode, ImageDataset, ImageFolder, LabelMode};
use super::standardization::Standardization;
use crate::class_folder::Subset;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result};
use crate::stages::{Parallel, Prefetch, Shuffle};

/// How far images are moved.
#[derive(Clone, Debug, PartialEq)]
pub enum ShiftRange {
    /// Up to this: below 1 a part of the size, from 1 on pixels.
    UpTo(f64),
    /// One of these many pixels (or parts, when all are below 1), in either direction.
    OneOf(Vec<f64>),
}

impl From<f64> for ShiftRange {
    fn from(range: f64) -> ShiftRange {
        ShiftRange::UpTo(range)
    }
}

impl ShiftRange {
    fn pixels(&self, size: usize, draw: &mut Draw) -> f64 {
        let (shift, largest) = match self {
            ShiftRange::UpTo(range) => (draw.uniform(-range, *range), *range),
            ShiftRange::OneOf(list) => {
                let side = if draw.coin() { 1.0 } else { -1.0 };
                let one = list.get(draw.below(list.len())).copied().unwrap_or(0.0);
                (side * one, list.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            }
        };
        if largest < 1.0 { shift * size as f64 } else { shift }
    }
}

/// The type of labels of [`DataGenerator::flow_from_directory`].
pub type ClassMode = LabelMode;

/// Factors of size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoomRange {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// From `1 - range` to `1 + range`.
impl From<f64> for ZoomRange {
    fn from(range: f64) -> ZoomRange {
        ZoomRange { low: 1.0 - range, high: 1.0 + range }
    }
}

/// From the first to the second.
impl From<(f64, f64)> for ZoomRange {
    fn from((low, high): (f64, f64)) -> ZoomRange {
        ZoomRange { low, high }
    }
}

/// Augmentation and standardization with the options, names and defaults of Keras's `ImageDataGenerator`.
///
/// ```
/// use gradus_data::image::DataGenerator;
/// use gradus_tensor::Tensor;
/// # fn main() -> Result<(), gradus_data::DataError> {
/// let generator = DataGenerator::new().rotation_range(20.0).width_shift_range(0.2).horizontal_flip(true).rescale(1.0 / 255.0);
/// let x = Tensor::from_vec(vec![51u8; 5 * 8 * 8 * 3], [5, 8, 8, 3])?;
/// let y = Tensor::from_vec(vec![0i32, 1, 0, 1, 0], [5])?;
/// let batches = generator.flow(&x, &y)?.batch_size(2).seed(1).load().collect()?;
/// assert_eq!(batches.len(), 3);
/// assert!((batches[0].0.to_vec::<f32>()?[0] - 0.2).abs() < 1e-6);
/// # Ok(()) }
/// ```
///
/// One affine map per image combines rotation, shift, shear and zoom, so pixels are resampled once. A positive height
/// shift looks further down, as in Keras. ZCA whitening is there with the feature `whitening`.
#[derive(Clone)]
pub struct DataGenerator {
    rotation_range: f64,
    width_shift_range: ShiftRange,
    height_shift_range: ShiftRange,
    brightness_range: Option<(f64, f64)>,
    shear_range: f64,
    zoom_range: ZoomRange,
    channel_shift_range: f64,
    horizontal_flip: bool,
    vertical_flip: bool,
    options: Projective,
    standardization: Standardization,
    validation_split: Option<f64>,
}

impl std::fmt::Debug for DataGenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataGenerator").finish_non_exhaustive()
    }
}

impl Default for DataGenerator {
    fn default() -> DataGenerator {
        DataGenerator {
            rotation_range: 0.0,
            width_shift_range: ShiftRange::UpTo(0.0),
            height_shift_range: ShiftRange::UpTo(0.0),
            brightness_range: None,
            shear_range: 0.0,
            zoom_range: ZoomRange { low: 1.0, high: 1.0 },
            channel_shift_range: 0.0,
            horizontal_flip: false,
            vertical_flip: false,
            options: Projective::new().fill_mode(FillMode::Nearest),
            standardization: Standardization::default(),
            validation_split: None,
        }
    }
}

/// A builder method that stores its argument.
macro_rules! option {
    ($($(#[$doc:meta])* $name:ident ($($field:ident).+): $t:ty),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: $t) -> DataGenerator {
            self.$($field).+ = $name;
            self
        }
    )*};
}

impl DataGenerator {
    /// Nothing random, nothing standardized.
    pub fn new() -> DataGenerator {
        DataGenerator::default()
    }

    option! {
        /// Degrees to either side. Default 0.
        rotation_range (rotation_range): f64,
        /// Shear angle in degrees to either side. Default 0.
        shear_range (shear_range): f64,
        /// The largest value added to all channels. Default 0.
        channel_shift_range (channel_shift_range): f64,
        /// Whether half of the images are mirrored left and right. Default false.
        horizontal_flip (horizontal_flip): bool,
        /// Whether half of the images are mirrored up and down. Default false.
        vertical_flip (vertical_flip): bool,
        /// Whether each image's mean is taken off. Default false.
        samplewise_center (standardization.samplewise_center): bool,
        /// Whether each image is also divided by its standard deviation. Default false.
        samplewise_std_normalization (standardization.samplewise_std_normalization): bool,
        /// Whether the set's mean of each channel is taken off; needs [`fit`](Self::fit). Default false.
        featurewise_center (standardization.featurewise_center): bool,
        /// Whether images are also divided by the set's deviation of each channel; needs [`fit`](Self::fit). Default
        /// false.
        featurewise_std_normalization (standardization.featurewise_std_normalization): bool,
    }

    /// How far images move sideways. Default 0.
    pub fn width_shift_range(mut self, range: impl Into<ShiftRange>) -> DataGenerator {
        self.width_shift_range = range.into();
        self
    }

    /// How far images move up and down. Default 0.
    pub fn height_shift_range(mut self, range: impl Into<ShiftRange>) -> DataGenerator {
        self.height_shift_range = range.into();
        self
    }

    /// Factors of brightness, from and to. Default: none.
    pub fn brightness_range(mut self, low: f64, high: f64) -> DataGenerator {
        self.brightness_range = Some((low, high));
        self
    }

    /// Zoom by `1 - range` to `1 + range`, or from one of two numbers to the other, each direction for itself. Below 1
    /// things become larger. Default 0.
    pub fn zoom_range(mut self, range: impl Into<ZoomRange>) -> DataGenerator {
        self.zoom_range = range.into();
        self
    }

    /// What stands where the image does not reach. Default nearest.
    pub fn fill_mode(mut self, mode: FillMode) -> DataGenerator {
        self.options = self.options.fill_mode(mode);
        self
    }

    /// The constant outside. Default 0.
    pub fn cval(mut self, value: f64) -> DataGenerator {
        self.options = self.options.fill_value(value);
        self
    }

    /// Nearest or bilinear (default).
    pub fn interpolation(mut self, interpolation: Interpolation) -> DataGenerator {
        self.options = self.options.interpolation(interpolation);
        self
    }

    /// What images are multiplied by at the end. Default: nothing.
    pub fn rescale(mut self, factor: f64) -> DataGenerator {
        self.standardization.rescale = Some(factor);
        self
    }

    /// Called with each image after augmentation, before standardization.
    pub fn preprocessing_function(
        mut self,
        f: impl Fn(&Tensor) -> gradus_tensor::Result<Tensor> + Send + Sync + 'static,
    ) -> DataGenerator {
        self.standardization.preprocessing = Some(Arc::new(f));
        self
    }

    /// The share of the images that subsets called validation have.
    pub fn validation_split(mut self, share: f64) -> DataGenerator {
        self.validation_split = Some(share);
        self
    }

    /// Whether images lose the set's correlations of neighbouring pixels, in place of `featurewise_std_normalization`;
    /// needs [`fit`](Self::fit), which takes the time of a decomposition of all pixels of an image by all images. Keras's
    /// epsilon is 1e-6. Default: not.
    #[cfg(feature = "whitening")]
    pub fn zca_whitening(mut self, epsilon: f64) -> DataGenerator {
        self.standardization.zca_epsilon = Some(epsilon);
        self
    }

    /// Computes the statistics that `featurewise_*` and whitening need, from images `[n, h, w, c]`.
    ///
    /// # Errors
    /// When the tensor is no batch of images.
    pub fn fit(mut self, images: &Tensor) -> Result<DataGenerator> {
        of_images("fit", images)?;
        self.standardization.fit(images)?;
        Ok(self)
    }

    /// [`fit`](Self::fit) on so many augmented images for each one given; what is drawn depends on `seed`.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); for 0 rounds.
    pub fn fit_augmented(mut self, images: &Tensor, rounds: usize, seed: u64) -> Result<DataGenerator> {
        of_images("fit_augmented", images)?;
        if rounds == 0 {
            return Err(DataError::new(
                ErrorKind::InvalidArgument,
                "fit_augmented: 0 rounds, expected at least 1",
            ));
        }
        let parts = images.unstack(0)?;
        let changed = (0..rounds * parts.len())
            .map(|i| self.random_transform(&parts[i % parts.len()], Draw::of(seed, i).bits()))
            .collect::<gradus_tensor::Result<Vec<_>>>()?;
        self.standardization.fit(&Tensor::stack(&changed.iter().collect::<Vec<_>>(), 0)?)?;
        Ok(self)
    }

    /// One image `[h, w, c]` changed at random, as f32.
    ///
    /// # Errors
    /// When the tensor is no image.
    pub fn random_transform(&self, image: &Tensor, key: u64) -> gradus_tensor::Result<Tensor> {
        let [height, width, _] = image.dims::<3>()?;
        let mut x = image.cast(DType::F32)?;
        let mut d = Draw::of(key, 0);
        let map = self.map(height, width, &mut d);
        if map != Affine::IDENTITY {
            x = affine_transform(&x, &Tensor::new(map.row())?, self.options)?;
        }
        let (horizontal, vertical) = (d.coin(), d.coin());
        if self.channel_shift_range != 0.0 {
            let shift = Tensor::scalar(d.uniform(-self.channel_shift_range, self.channel_shift_range) as f32);
            let (low, high) = (x.reduce_min((), false)?, x.reduce_max((), false)?);
            x = x.add(&shift)?.maximum(&low)?.minimum(&high)?;
        }
        if self.horizontal_flip && horizontal {
            x = flip_left_right(&x)?;
        }
        if self.vertical_flip && vertical {
            x = flip_up_down(&x)?;
        }
        if let Some((low, high)) = self.brightness_range {
            let factor = Tensor::scalar(d.uniform(low, high) as f32);
            x = x.mul(&factor)?.clip(0.0, 255.0)?;
        }
        Ok(x)
    }

    /// The map from output to input pixels: rotation, shift, shear and zoom around the middle.
    fn map(&self, height: usize, width: usize, d: &mut Draw) -> Affine {
        let angle = d.uniform(-self.rotation_range, self.rotation_range).to_radians();
        let down = self.height_shift_range.pixels(height, d);
        let right = self.width_shift_range.pixels(width, d);
        let shear = d.uniform(-self.shear_range, self.shear_range).to_radians();
        let (zoom_x, zoom_y) = (
            d.uniform(self.zoom_range.low, self.zoom_range.high),
            d.uniform(self.zoom_range.low, self.zoom_range.high),
        );
        let shift = Affine::new([1.0, 0.0, right, 0.0, 1.0, down]);
        let slant = Affine::new([1.0, -shear.sin(), 0.0, 0.0, shear.cos(), 0.0]);
        let zoom = Affine::new([zoom_x, 0.0, 0.0, 0.0, zoom_y, 0.0]);
        let turn = Affine::rotation(angle, 1, 1);
        let (y, x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
        turn.then(shift).then(slant).then(zoom).about(y, x)
    }

    /// One image standardized: the function, rescaling, then the sample's and the set's statistics.
    ///
    /// # Errors
    /// When the set's statistics are wanted and [`fit`](Self::fit) was not called.
    pub fn standardize(&self, image: &Tensor) -> gradus_tensor::Result<Tensor> {
        self.standardization.apply(image.cast(DType::F32)?)
    }

    /// Batches from images `[n, h, w, c]` and labels `[n, ..]`.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn flow(&self, x: &Tensor, y: &Tensor) -> Result<Flow> {
        if x.rank() != 4 || x.shape().dims().first() != y.shape().dims().first() {
            let message = format!(
                "flow: expected images [n, h, w, c] and as many labels, found {} and {}",
                x.shape(),
                y.shape()
            );
            return Err(DataError::new(ErrorKind::Shape, message));
        }
        Ok(Flow {
            generator: self.clone(),
            x: x.clone(),
            y: y.clone(),
            batch_size: 32,
            shuffle: true,
            seed: 0,
            subset: None,
        })
    }

    /// Batches of a folder with a sub-folder for every class: 256 x 256, one-hot labels, batches of 32, shuffled. The
    /// subset needs a `validation_split`, and is cut from the sorted list by class as a whole, with `folder`'s rule.
    ///
    /// `options` changes the folder's options: size, colours, classes, label mode, batch size, seed.
    ///
    /// # Errors
    /// As [`ImageFolder::load`].
    pub fn flow_from_directory(
        &self,
        directory: impl Into<PathBuf>,
        subset: Option<Subset>,
        options: impl FnOnce(ImageFolder) -> ImageFolder,
    ) -> Result<ImageDataset<(Tensor, Tensor)>> {
        let folder = ImageFolder::new(directory)
            .interpolation(gradus_image::Method::Nearest)
            .label_mode(LabelMode::Categorical)
            .color_mode(ColorMode::Rgb);
        let mut folder = options(folder);
        if let (Some(share), Some(_)) = (self.validation_split, subset) {
            folder = folder.validation_split(share);
        }
        let loaded = match subset {
            Some(subset) => folder.load(subset)?,
            None => folder.load_all()?,
        };
        let dataset = loaded.dataset.augment(Parallel::auto(), folder.seed_number(), self.clone());
        Ok(ImageDataset { dataset, ..loaded })
    }
}

impl Augment for DataGenerator {
    fn name(&self) -> &'static str {
        "ImageDataGenerator"
    }
    fn augment(&self, images: &Tensor, key: u64) -> gradus_tensor::Result<Tensor> {
        let one = |image: &Tensor, i: usize| {
            self.standardize(&self.random_transform(image, Draw::of(key, i).bits())?)
        };
        if images.rank() != 4 {
            return one(images, 0);
        }
        if images.is_empty() {
            return images.cast(DType::F32);
        }
        let parts = images.unstack(0)?;
        let done =
            parts.iter().enumerate().map(|(i, x)| one(x, i)).collect::<gradus_tensor::Result<Vec<_>>>()?;
        Tensor::stack(&done.iter().collect::<Vec<_>>(), 0)
    }
}

fn of_images(what: &str, images: &Tensor) -> Result<()> {
    if images.rank() == 4 && !images.is_empty() {
        return Ok(());
    }
    let message = format!("{what}: expected images [n, h, w, c], found shape {}", images.shape());
    Err(DataError::new(ErrorKind::Shape, message))
}

/// Batches from arrays: see [`DataGenerator::flow`].
#[derive(Clone, Debug)]
pub struct Flow {
    generator: DataGenerator,
    x: Tensor,
    y: Tensor,
    batch_size: usize,
    shuffle: bool,
    seed: u64,
    subset: Option<Subset>,
}

impl Flow {
    /// Default 32.
    pub fn batch_size(mut self, size: usize) -> Flow {
        self.batch_size = size;
        self
    }

    /// Default true.
    pub fn shuffle(mut self, shuffle: bool) -> Flow {
        self.shuffle = shuffle;
        self
    }

    /// Default 0.
    pub fn seed(mut self, seed: u64) -> Flow {
        self.seed = seed;
        self
    }

    /// One side of the generator's validation split: validation is the beginning, as in Keras's generator.
    pub fn subset(mut self, subset: Subset) -> Flow {
        self.subset = Some(subset);
        self
    }

    /// The batches of one epoch after the other.
    pub fn load(self) -> Dataset<(Tensor, Tensor)> {
        let count = self.x.shape().dims().first().copied().unwrap_or(0);
        let cut = (self.generator.validation_split.unwrap_or(0.0) * count as f64) as usize;
        let source = Dataset::from_tensor_slices((self.x, self.y));
        let source = match self.subset {
            Some(Subset::Validation) => source.take(cut),
            Some(Subset::Training) => source.skip(cut),
            None => source,
        };
        let source =
            if self.shuffle { source.shuffle_with(Shuffle::whole().seed(self.seed)) } else { source };
        source
            .augment(Parallel::auto(), self.seed, self.generator)
            .batch(self.batch_size)
            .prefetch(Prefetch::auto())
    }
}
