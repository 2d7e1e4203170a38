//! MNIST: 70,000 grey images of handwritten digits, 28 x 28 pixels.
//!
//! ```no_run
//! let data = gradus_datasets::mnist::load()?;
//! assert_eq!(data.train.images.shape, [60_000, 28, 28]);
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Yann LeCun, Corinna Cortes, Christopher J. C. Burges, "The MNIST database of handwritten digits", 1998.

use std::path::Path;

use crate::catalog::{MNIST, MNIST_NPZ};
use crate::error::{Error, Result};
use crate::idx_images;
use crate::images::{ImageDataset, Images, LabeledImages};
use crate::lookup::{Lookup, lookup_options};
use crate::npy::{NpyValues, Npz};

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
        let kerass = self.lookup.keras_file(&MNIST, &MNIST_NPZ);
        let ([train, test], source) = match kerass? {
            Some((path, source)) => (read_npz(&path)?, source),
            None => {
                let located = self.lookup.locate(&MNIST, MNIST.files)?;
                (idx_images::read(&located.paths, CLASS_NAMES)?, located.source)
            }
        };
        Ok(ImageDataset { train, test, source, class_names: CLASS_NAMES })
    }
}

/// Reads the one file that Keras downloads.
fn read_npz(path: &Path) -> Result<[LabeledImages; 2]> {
    let place = path.display().to_string();
    let mut npz = Npz::open(path)?;
    let mut set = |images: &str, labels: &str| {
        let (x, y) = (npz.array(images)?, npz.array(labels)?);
        match (&x.shape[..], x.values, &y.shape[..], y.values) {
            ([_, 28, 28], NpyValues::U8(data), [_], NpyValues::U8(labels)) => {
                LabeledImages::checked(Images { data, shape: x.shape }, labels, CLASS_NAMES, &place)
            }
            (shape, _, label_shape, _) => {
                let found = format!("{shape:?} and {label_shape:?}");
                Err(Error::corrupt(&place, "bytes of the shapes [images, 28, 28] and [images]", found))
            }
        }
    };
    Ok([set("x_train", "y_train")?, set("x_test", "y_test")?])
}
