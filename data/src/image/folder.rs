//! `image_dataset_from_directory`: a folder with a sub-folder for every class, as batches of images and labels.

use std::path::PathBuf;

use gradus_image::{Channels, Limits, Method};
use gradus_tensor::Tensor;

use super::load::{Aspect, LoadImage};
use crate::class_folder::{ClassFiles, ClassFolder, Subset};
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result};
use crate::stages::{IgnoreErrors, Parallel, Prefetch, Shuffle};

/// The endings of file names that count as images.
const EXTENSIONS: [&str; 6] = ["bmp", "gif", "jpeg", "jpg", "png", "webp"];

/// How a class is written as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LabelMode {
    /// Its number: i32 `[batch]`.
    #[default]
    Int,
    /// One-hot: f32 `[batch, classes]`.
    Categorical,
    /// 0 or 1: f32 `[batch, 1]`; there must be two classes.
    Binary,
}

/// The channels of the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ColorMode {
    /// Three.
    #[default]
    Rgb,
    /// Four.
    Rgba,
    /// One.
    Grayscale,
}

impl ColorMode {
    pub(super) fn channels(self) -> Channels {
        match self {
            ColorMode::Rgb => Channels::Rgb,
            ColorMode::Rgba => Channels::Rgba,
            ColorMode::Grayscale => Channels::Gray,
        }
    }
}

/// Images in class folders, with Keras's options and defaults.
///
/// The order of the files, and which of them fall into which subset, are those of Keras 3 for the same seed. Pixels are
/// f32 from 0 to 255, `[batch, height, width, channels]`.
#[derive(Clone, Debug)]
pub struct ImageFolder {
    root: PathBuf,
    class_names: Option<Vec<String>>,
    label_mode: LabelMode,
    load: LoadImage,
    batch_size: Option<usize>,
    shuffle: bool,
    seed: u32,
    validation_split: Option<f64>,
    follow_links: bool,
    parallel: Parallel,
    ignore: Option<IgnoreErrors>,
}

/// A dataset of images with what is known about it.
#[derive(Clone, Debug)]
pub struct ImageDataset<T> {
    /// The batches.
    pub dataset: Dataset<T>,
    /// The names of the classes; a label is a place in this list.
    pub class_names: Vec<String>,
    /// The files, in the order before shuffling.
    pub files: Vec<PathBuf>,
}

impl ImageFolder {
    /// The classes below this folder: 256 x 256, RGB, bilinear, batches of 32, shuffled with seed 0.
    ///
    /// Keras draws a seed when it is given none; here it is always known.
    pub fn new(root: impl Into<PathBuf>) -> ImageFolder {
        ImageFolder {
            root: root.into(),
            class_names: None,
            label_mode: LabelMode::Int,
            load: LoadImage::default(),
            batch_size: Some(32),
            shuffle: true,
            seed: 0,
            validation_split: None,
            follow_links: false,
            parallel: Parallel::auto(),
            ignore: None,
        }
    }

    /// These classes, numbered in this order. Default: all sub-folders, sorted.
    pub fn class_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> ImageFolder {
        self.class_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Default int.
    pub fn label_mode(mut self, mode: LabelMode) -> ImageFolder {
        self.label_mode = mode;
        self
    }

    /// Default RGB.
    pub fn color_mode(mut self, mode: ColorMode) -> ImageFolder {
        self.load.channels = mode.channels();
        self
    }

    /// Height and width. Default 256 x 256.
    pub fn image_size(mut self, height: usize, width: usize) -> ImageFolder {
        (self.load.height, self.load.width) = (height, width);
        self
    }

    /// Images in a batch. Default 32.
    pub fn batch_size(mut self, size: usize) -> ImageFolder {
        self.batch_size = Some(size);
        self
    }

    /// Single images instead of batches.
    pub fn unbatched(mut self) -> ImageFolder {
        self.batch_size = None;
        self
    }

    /// Whether files are shuffled: the list once, and again in every epoch. Default true; without, files are sorted.
    pub fn shuffle(mut self, shuffle: bool) -> ImageFolder {
        self.shuffle = shuffle;
        self
    }

    /// What the shuffles depend on. Default 0.
    pub fn seed(mut self, seed: u32) -> ImageFolder {
        self.seed = seed;
        self
    }

    /// The share of the files that [`Subset::Validation`] has, above 0 and below 1.
    pub fn validation_split(mut self, share: f64) -> ImageFolder {
        self.validation_split = Some(share);
        self
    }

    /// How images are brought to the size. Default bilinear.
    pub fn interpolation(mut self, method: Method) -> ImageFolder {
        self.load.interpolation = method;
        self
    }

    /// Whether shrinking smooths. Default false, as in Keras.
    pub fn antialias(mut self, antialias: bool) -> ImageFolder {
        self.load.antialias = antialias;
        self
    }

    /// Takes the largest middle part with the right proportions instead of stretching.
    pub fn crop_to_aspect_ratio(mut self) -> ImageFolder {
        self.load.aspect = Aspect::Crop;
        self
    }

    /// Puts whole images into the middle, black around them, instead of stretching.
    pub fn pad_to_aspect_ratio(mut self) -> ImageFolder {
        self.load.aspect = Aspect::Pad;
        self
    }

    /// Whether links to folders are followed. Default false.
    pub fn follow_links(mut self, follow: bool) -> ImageFolder {
        self.follow_links = follow;
        self
    }

    /// Whether images are turned upright as EXIF says. Default false: Keras does not look.
    pub fn apply_exif_orientation(mut self, apply: bool) -> ImageFolder {
        self.load.upright = apply;
        self
    }

    /// How large images may be. Default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> ImageFolder {
        self.load.limits = limits;
        self
    }

    /// How many threads decode. Default: one per core. The order of images does not depend on it.
    pub fn parallel(mut self, parallel: impl Into<Parallel>) -> ImageFolder {
        self.parallel = parallel.into();
        self
    }

    /// Leaves out files that cannot be read, up to the limit, and lists them there. Default: the first is an error.
    pub fn ignore_errors(mut self, options: &IgnoreErrors) -> ImageFolder {
        self.ignore = Some(options.clone());
        self
    }

    /// The files of a subset with their classes.
    ///
    /// # Errors
    /// As [`ClassFolder::list`].
    pub fn list(&self, subset: Option<Subset>) -> Result<ClassFiles> {
        self.list_from(ClassFolder::new(&self.root, EXTENSIONS), subset)
    }

    fn list_from(&self, folder: ClassFolder, subset: Option<Subset>) -> Result<ClassFiles> {
        let mut folder = folder.follow_links(self.follow_links);
        if let Some(names) = &self.class_names {
            folder = folder.class_names(names.iter().cloned());
        }
        if self.shuffle {
            folder = folder.shuffle(self.seed);
        }
        match (self.validation_split, subset) {
            (Some(share), Some(subset)) => folder = folder.validation_split(share, subset),
            (None, None) => {}
            (share, subset) => {
                let message = format!(
                    "validation_split and a subset go together; found {share:?} and {subset:?} (`load_all` takes all files)"
                );
                return Err(DataError::new(ErrorKind::InvalidArgument, message).in_file(&self.root));
            }
        }
        folder.list()
    }

    /// Images and labels of one side of the validation split.
    ///
    /// # Errors
    /// As [`list`](Self::list), and for binary labels of other than two classes. A file that is no image is an error in
    /// the stream, with its name.
    pub fn load(&self, subset: Subset) -> Result<ImageDataset<(Tensor, Tensor)>> {
        self.labelled(self.list(Some(subset))?)
    }

    /// Images and labels of all files; there must be no validation split.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_all(&self) -> Result<ImageDataset<(Tensor, Tensor)>> {
        self.labelled(self.list(None)?)
    }

    /// Both sides of the validation split: training, validation. The validation files are not shuffled in epochs.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_both(&self) -> Result<(ImageDataset<(Tensor, Tensor)>, ImageDataset<(Tensor, Tensor)>)> {
        let train = self.load(Subset::Training)?;
        let files = self.list(Some(Subset::Validation))?;
        let still = ImageFolder { shuffle: false, ..self.clone() };
        Ok((train, still.labelled(files)?))
    }

    /// Images without labels (`labels=None`): all files below the folder, in class folders or not; those of the subset,
    /// or all.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_unlabelled(&self, subset: Option<Subset>) -> Result<ImageDataset<Tensor>> {
        let found = self.list_from(ClassFolder::new(&self.root, EXTENSIONS).unlabelled(), subset)?;
        let load = self.load;
        let images =
            self.shuffled(found.files.clone()).try_parallel_map(self.parallel, move |path| load.load(&path));
        let images = self.tolerant(images);
        let dataset = match self.batch_size {
            Some(size) => images.batch(size).prefetch(Prefetch::auto()),
            None => images.prefetch(Prefetch::auto()),
        };
        Ok(ImageDataset { dataset, class_names: found.class_names, files: found.files })
    }

    fn labelled(&self, found: ClassFiles) -> Result<ImageDataset<(Tensor, Tensor)>> {
        let classes = found.class_names.len();
        if self.label_mode == LabelMode::Binary && classes != 2 {
            let message = format!("binary labels need two classes, found {classes}: {:?}", found.class_names);
            return Err(DataError::new(ErrorKind::InvalidArgument, message).in_file(&self.root));
        }
        let labels =
            (0..classes).map(|c| label(self.label_mode, c, classes)).collect::<Result<Vec<Tensor>>>()?;
        let pairs: Vec<(PathBuf, i32)> =
            found.files.iter().cloned().zip(found.labels.iter().copied()).collect();
        let load = self.load;
        let images = self.shuffled(pairs).try_parallel_map(self.parallel, move |(path, class)| {
            load.load(&path).map(|image| (image, labels[class as usize].clone()))
        });
        let images = self.tolerant(images);
        let dataset = match self.batch_size {
            Some(size) => images.batch(size).prefetch(Prefetch::auto()),
            None => images.prefetch(Prefetch::auto()),
        };
        Ok(ImageDataset { dataset, class_names: found.class_names, files: found.files })
    }

    /// The seed, for stages that follow.
    pub(super) fn seed_number(&self) -> u64 {
        u64::from(self.seed)
    }

    fn shuffled<T: Clone + Send + Sync + 'static>(&self, items: Vec<T>) -> Dataset<T> {
        let source = Dataset::from_vec(items);
        if self.shuffle { source.shuffle_with(Shuffle::whole().seed(u64::from(self.seed))) } else { source }
    }

    fn tolerant<T: Send + 'static>(&self, images: Dataset<T>) -> Dataset<T> {
        match &self.ignore {
            Some(options) => images.ignore_errors(options),
            None => images,
        }
    }
}

/// The label of one image.
pub(super) fn label(mode: LabelMode, class: usize, classes: usize) -> Result<Tensor> {
    Ok(match mode {
        LabelMode::Int => Tensor::scalar(class as i32),
        LabelMode::Binary => Tensor::from_vec(vec![class as f32], [1])?,
        LabelMode::Categorical => {
            Tensor::from_vec((0..classes).map(|c| f32::from(u8::from(c == class))).collect(), [classes])?
        }
    })
}
