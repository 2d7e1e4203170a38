//! Lists of files: `list_files`.

use std::path::PathBuf;

use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind};

impl Dataset<PathBuf> {
    /// The files that match a pattern such as `data/*.csv` or `data/**/*.tfrecord`, sorted by name.
    ///
    /// Unlike TensorFlow it does not shuffle by itself; `.shuffle(..)` behind it permutes numbers. A
    /// pattern that matches nothing is an error, as in TensorFlow. The folder is read here, once: every
    /// epoch has the same files.
    pub fn list_files(pattern: &str) -> Self {
        let wrong = |message: String| {
            Dataset::failed("list_files", DataError::new(ErrorKind::InvalidArgument, message))
        };
        let paths = match glob::glob(pattern) {
            Ok(paths) => paths,
            Err(e) => return wrong(format!("list_files: bad pattern `{pattern}`: {e}")),
        };
        let mut files = Vec::new();
        for path in paths {
            match path {
                Ok(path) => files.push(path),
                Err(e) => {
                    let file = e.path().to_owned();
                    return Dataset::failed("list_files", DataError::io(file, e.into()));
                }
            }
        }
        if files.is_empty() {
            return wrong(format!("list_files: no file matches `{pattern}`"));
        }
        files.sort();
        Dataset::from_vec(files)
    }

    /// These files, in this order.
    pub fn from_files(files: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Dataset::from_vec(files.into_iter().map(Into::into).collect())
    }
}
