//! MNIST: 70,000 grey images of handwritten digits, 28 x 28 pixels.
//!
//! ```no_run
//! let data = gradus_datasets::mnist::load()?;
//! assert_eq!(data.train.images.shape, [60_000, 28, 28]);
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Yann LeCun, Corinna Cortes, Christopher J. C. Burges, "The MNIST database of handwritten digits", 1998.

use crate::catalog::MNIST;
use crate::error::Result;
use crate::idx_images;
use crate::images::ImageDataset;
use crate::lookup::{Lookup, lookup_options};

/// What the labels 0 to 9 mean.
pub const CLASS_NAMES: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Loads MNIST from the first place that has it; see [`Lookup`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<ImageDataset> {
    Loader::new().load()
}

/// Options of loading MNIST.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    lookup: Lookup,
}

lookup_options!(Loader);

impl Loader {
    /// The default options.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// Loads the images: training `[60000, 28, 28]`, test `[10000, 28, 28]`, labels 0 to 9.
    ///
    /// # Errors
    /// One line that names the file, what was expected and what was found: files that are nowhere and may not be
    /// downloaded, a damaged file, a download with another hash than the pinned one or one that broke off (calling
    /// again resumes it), a cache that cannot be written.
    pub fn load(&self) -> Result<ImageDataset> {
        let located = self.lookup.locate(&MNIST, MNIST.files)?;
        let [train, test] = idx_images::read(&located.paths, CLASS_NAMES)?;
        Ok(ImageDataset { train, test, source: located.source, class_names: CLASS_NAMES })
    }
}
