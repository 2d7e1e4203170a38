//! Text files in class folders (Keras's `text_dataset_from_directory`).

use std::fs;
use std::path::PathBuf;

use crate::class_folder::ClassFiles;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result};

/// A text file is read whole; one larger than this is refused.
const MAX_TEXT: u64 = 1 << 28;

impl Dataset<(String, i32)> {
    /// Pairs of a file's text and its class, in the order of the list. Files are read as they are asked
    /// for; one that is not UTF-8 is an error that names it.
    ///
    /// ```no_run
    /// use gradus_data::{ClassFolder, Dataset, Subset};
    /// # fn main() -> Result<(), gradus_data::DataError> {
    /// let folder = ClassFolder::new("aclImdb/train", ["txt"]).class_names(["neg", "pos"]).shuffle(42);
    /// let train = folder.clone().validation_split(0.2, Subset::Training).list()?;
    /// let train = Dataset::text_folder(&train).shuffle(1000, 42).batch(32);
    /// # Ok(()) }
    /// ```
    pub fn text_folder(files: &ClassFiles) -> Self {
        let pairs: Vec<(PathBuf, i32)> =
            files.files.iter().cloned().zip(files.labels.iter().copied()).collect();
        Dataset::from_vec(pairs).try_map(|(path, label)| read_text(path).map(|text| (text, label)))
    }
}

fn read_text(path: PathBuf) -> Result<String> {
    let length = fs::metadata(&path).map_err(|e| DataError::io(&path, e).passable())?.len();
    if length > MAX_TEXT {
        let message = format!("{length} bytes; a text may have {MAX_TEXT}");
        return Err(DataError::new(ErrorKind::Limit, message).in_file(path));
    }
    let bytes = fs::read(&path).map_err(|e| DataError::io(&path, e).passable())?;
    String::from_utf8(bytes).map_err(|e| {
        let message = format!("not UTF-8 from byte {} on", e.utf8_error().valid_up_to());
        DataError::new(ErrorKind::Parse, message).in_file(path)
    })
}
