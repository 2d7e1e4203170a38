//! Fashion-MNIST: 70,000 grey images of clothes, 28 x 28 pixels, in 10 classes.
//!
//! ```
//! use gradus_datasets::fashion_mnist;
//!
//! # if cfg!(feature = "sample") {
//! let data = fashion_mnist::Loader::new().offline(true).load()?;
//! println!("Fashion-MNIST: {}", data.source);
//! println!("the first image shows: {}", data.class_names[data.train.labels[0] as usize]);
//! # }
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Han Xiao, Kashif Rasul, Roland Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
//! Algorithms", 2017. MIT, (c) 2017 Zalando SE.

use crate::catalog::FASHION_MNIST;
use crate::error::{Error, Result};
use crate::idx_images;
use crate::images::ImageDataset;
use crate::lookup::{Lookup, lookup_options};

/// What the labels 0 to 9 mean.
pub const CLASS_NAMES: &[&str] = &[
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// Loads Fashion-MNIST from the first place that has it; see [`Loader`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<ImageDataset> {
    Loader::new().load()
}

/// Options of loading Fashion-MNIST.
#[derive(Clone, Debug)]
pub struct Loader {
    lookup: Lookup,
    sample: bool,
}

lookup_options!(Loader);

impl Default for Loader {
    fn default() -> Loader {
        Loader { lookup: Lookup::new(), sample: true }
    }
}

impl Loader {
    /// The default options.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// Whether the bundled sample (6,000 training and 1,000 test images) stands in when the files are nowhere and the
    /// network is off or does not answer. Default: `true`; it needs the feature `sample`. The result's
    /// [`source`](ImageDataset::source) tells.
    pub fn sample(mut self, sample: bool) -> Loader {
        self.sample = sample;
        self
    }

    /// Loads the images: training `[60000, 28, 28]`, test `[10000, 28, 28]`, labels 0 to 9.
    ///
    /// # Errors
    /// One line that names the file, what was expected and what was found: a folder given with
    /// [`data_dir`](Loader::data_dir) without the files, a damaged file, a download with another hash than the pinned
    /// one or one that broke off (calling again resumes it), a cache that cannot be written.
    pub fn load(&self) -> Result<ImageDataset> {
        let (sets, source) = match self.lookup.locate(&FASHION_MNIST, FASHION_MNIST.files) {
            Ok(located) => (idx_images::read(&located.paths, CLASS_NAMES)?, located.source),
            Err(error) => self.sample_instead(error)?,
        };
        let [train, test] = sets;
        Ok(ImageDataset { train, test, source, class_names: CLASS_NAMES })
    }

    #[cfg(feature = "sample")]
    fn sample_instead(
        &self,
        error: Error,
    ) -> Result<([crate::images::LabeledImages; 2], crate::source::Source)> {
        use crate::error::ErrorKind;
        let absent = matches!(error.kind(), ErrorKind::Missing | ErrorKind::Unreachable);
        if !self.sample || !absent || self.lookup.is_folder_given() {
            return Err(error);
        }
        let sets = idx_images::parse(&crate::sample::FILES, CLASS_NAMES)?;
        let reason = error.to_string();
        Ok((sets, crate::source::Source::Sample { contents: crate::sample::CONTENTS, reason }))
    }

    #[cfg(not(feature = "sample"))]
    fn sample_instead(
        &self,
        error: Error,
    ) -> Result<([crate::images::LabeledImages; 2], crate::source::Source)> {
        Err(error)
    }
}
