//! Flower photographs: 3,670 JPEG files in five folders, for pipelines that read image folders.
//!
//! ```no_run
//! let flowers = gradus_datasets::flower_photos::load()?;
//! println!("{} has a folder for each of {:?}", flowers.folder.display(), flowers.class_names);
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! The photographs belong to their authors (CC-BY 2.0; `LICENSE.txt` in the folder names them).

use std::path::{Path, PathBuf};

use crate::catalog::FLOWER_PHOTOS;
use crate::error::{Error, Result};
use crate::lookup::{Lookup, lookup_options};
use crate::source::Source;

/// The folders, in the order in which image folders number them.
pub const CLASS_NAMES: &[&str] = &["daisy", "dandelion", "roses", "sunflowers", "tulips"];

/// A folder of photographs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowerPhotos {
    /// Has one folder of JPEG files for each class.
    pub folder: PathBuf,
    /// The names of the classes and of their folders.
    pub class_names: &'static [&'static str],
    /// Where the photographs were found.
    pub source: Source,
}

/// Finds or downloads the photographs; see [`Lookup`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<FlowerPhotos> {
    Loader::new().load()
}

/// Options of finding the photographs.
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

    /// Finds the photographs, or downloads and unpacks 229 MB.
    ///
    /// # Errors
    /// One line with file, expected and found: an archive that is nowhere, damaged, or hostile; a folder that lacks a
    /// class; a cache that cannot be written.
    pub fn load(&self) -> Result<FlowerPhotos> {
        let complete = |folder: &Path| CLASS_NAMES.iter().all(|class| folder.join(class).is_dir());
        let user = self
            .lookup
            .probe(&FLOWER_PHOTOS, |folder| Some(folder.to_path_buf()).filter(|path| complete(path)));
        let (folder, source) = match user {
            Some(path) => (path.clone(), Source::Directory { path, official: false }),
            None => {
                let (unpacked, source) = self.lookup.unpacked(&FLOWER_PHOTOS)?;
                (unpacked.join("flower_photos"), source)
            }
        };
        if !complete(&folder) {
            let expected = format!("the folders {}", CLASS_NAMES.join(", "));
            return Err(Error::corrupt(&folder.display().to_string(), expected, "not all of them"));
        }
        Ok(FlowerPhotos { folder, class_names: CLASS_NAMES, source })
    }
}
