//! Where a data set came from.

use std::fmt;
use std::path::PathBuf;

/// The place that gave a data set's files; [`Display`](fmt::Display) prints it as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The folder that was asked for with `data_dir` or `GRADUS_DATA`.
    Directory {
        /// The folder that holds the files.
        path: PathBuf,
        /// Whether every file has the pinned hash. A folder that the user names may hold other data of the same form.
        official: bool,
    },
    /// This crate's cache.
    Cache(PathBuf),
    /// The cache of Keras on this machine, whose files have the pinned hashes.
    KerasCache(PathBuf),
    /// Downloaded just now, verified, and kept in the cache.
    Download {
        /// The address of the first file.
        url: String,
        /// The folder in the cache.
        path: PathBuf,
    },
    /// A part of the real data that is compiled into the program.
    Sample {
        /// What the sample holds and who made it.
        contents: &'static str,
        /// Why the whole data set was not used.
        reason: String,
    },
}

impl Source {
    /// Whether only a part of the data set was loaded.
    pub fn is_sample(&self) -> bool {
        matches!(self, Source::Sample { .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Directory { path, official: true } => {
                write!(f, "folder {} (official files)", path.display())
            }
            Source::Directory { path, official: false } => {
                write!(f, "folder {} (not the official files: other hashes)", path.display())
            }
            Source::Cache(path) => write!(f, "cache {} (verified)", path.display()),
            Source::KerasCache(path) => write!(f, "Keras's cache {} (verified)", path.display()),
            Source::Download { url, path } => {
                write!(f, "downloaded from {url} to {} (verified)", path.display())
            }
            Source::Sample { contents, reason } => write!(f, "bundled sample: {contents}; {reason}"),
        }
    }
}
