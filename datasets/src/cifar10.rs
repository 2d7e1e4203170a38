//! CIFAR-10: 60,000 colour images of 32 x 32 pixels in 10 classes.
//!
//! ```no_run
//! let data = gradus_datasets::cifar10::load()?;
//! assert_eq!(data.train.images.shape, [50_000, 32, 32, 3]);
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Alex Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

use crate::catalog::CIFAR10;
use crate::cifar::{self, Layout};
use crate::error::Result;
use crate::images::ImageDataset;
use crate::lookup::{Lookup, lookup_options};

/// What the labels 0 to 9 mean.
pub const CLASS_NAMES: &[&str] =
    &["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// Loads CIFAR-10 from the first place that has it; see [`Lookup`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<ImageDataset> {
    Loader::new().load()
}

/// Options of loading CIFAR-10.
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

    /// Loads the images: training `[50000, 32, 32, 3]`, test `[10000, 32, 32, 3]`, labels 0 to 9. The archive is
    /// unpacked into the cache once.
    ///
    /// # Errors
    /// One line with file, expected and found: an archive that is nowhere, damaged, or another; files of another
    /// size; a cache that cannot be written.
    pub fn load(&self) -> Result<ImageDataset> {
        let (folder, source) = cifar::folder(&self.lookup, &CIFAR10, "cifar-10-batches-bin", &FILES)?;
        let paths = FILES.map(|file| folder.join(file));
        let layout = Layout { labels: 1, label: 0 };
        let train = cifar::read(&paths[..5], layout, CLASS_NAMES)?;
        let test = cifar::read(&paths[5..], layout, CLASS_NAMES)?;
        Ok(ImageDataset { train, test, source, class_names: CLASS_NAMES })
    }
}
