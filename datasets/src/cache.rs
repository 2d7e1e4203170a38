//! Folders where data sets are kept: ours, and Keras's.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// The folder that holds one folder per data set.
///
/// `$GRADUS_HOME/datasets` where that variable is set; else `gradus/datasets` in the platform's cache folder:
/// `$XDG_CACHE_HOME` or `~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.
///
/// # Errors
/// [`ErrorKind::Missing`] when none of these can be told because no home folder is known.
pub fn folder() -> Result<PathBuf> {
    if let Some(home) = variable("GRADUS_HOME") {
        return Ok(home.join("datasets"));
    }
    let cache = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        variable("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
    };
    match cache {
        Some(cache) => Ok(cache.join("gradus").join("datasets")),
        None => Err(Error::new(
            ErrorKind::Missing,
            "no cache folder: there is no home folder; set GRADUS_HOME to a folder to keep data sets in",
        )),
    }
}

/// Keras's folder of data sets: `$KERAS_HOME/datasets` or `~/.keras/datasets`. Only read, never written.
pub(crate) fn keras_folder() -> Option<PathBuf> {
    let home =
        || variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(|home| home.join(".keras"));
    variable("KERAS_HOME").or_else(home).map(|keras| keras.join("datasets"))
}

/// The folder of `GRADUS_DATA`, where the user keeps data sets by hand.
pub(crate) fn user_folder() -> Option<PathBuf> {
    variable("GRADUS_DATA")
}

/// The folders in which a data set may lie below a folder that the user named: its own ones, then that folder itself.
pub(crate) fn candidates(folder: &Path, name: &str) -> [PathBuf; 3] {
    [folder.join(name), folder.join(name.replace('_', "-")), folder.to_path_buf()]
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
