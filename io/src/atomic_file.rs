//! Replacing one file so that its old or its new content is there at every moment.
//!
//! The new content goes to a temporary file in the same folder, is synced, renamed over the target, and the folder
//! is synced. An error leaves the target as it was and removes the temporary file. A process that is killed leaves
//! its temporary file behind; the next save of the same name removes it, and knows by the lock on the file that
//! nobody is still writing it.

use crate::error::{Error, Result};
use crate::file_system::{FileSystem, Output};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const SUFFIX: &str = ".gradus-tmp";

/// Replaces `path` by what `write` writes.
///
/// Temporary files of dead processes are removed when they belong to a file whose name starts with `family`: the name
/// itself, or the common beginning of files that take turns.
pub(crate) fn replace_file<F: FileSystem>(
    fs: &F,
    path: &Path,
    family: Option<&str>,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let Some(name) = path.file_name() else {
        return Err(Error::invalid("a path without a file name").in_file(path));
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let prefix = prefix(name);
    let family = family.map_or(prefix.clone(), |family| format!(".{family}").into());
    remove_abandoned(fs, folder, &family).map_err(|e| Error::io("cannot read the folder", folder, e))?;
    let (temporary, file) = create_temporary(fs, folder, &prefix)?;
    let mut output = Output::new(fs, file);
    let done = write(&mut output)
        .and_then(|()| output.sync().map_err(|e| Error::io("cannot write", path, e)))
        .and_then(|()| {
            fs.rename(&temporary, path).map_err(|e| Error::io("cannot put the new file in place", path, e))
        });
    if let Err(e) = done {
        let _ = fs.remove_file(&temporary);
        return Err(e.in_file(path));
    }
    fs.sync_dir(folder).map_err(|e| Error::io("cannot sync the folder", folder, e))
}

/// Removes the temporary files whose names start with `prefix` and whose writers are dead.
fn remove_abandoned<F: FileSystem>(fs: &F, folder: &Path, prefix: &OsStr) -> io::Result<()> {
    for entry in fs.list(folder)? {
        let bytes = entry.as_encoded_bytes();
        if bytes.starts_with(prefix.as_encoded_bytes()) && bytes.ends_with(SUFFIX.as_bytes()) {
            // A failure to remove another's leavings must not stop this save.
            let _ = fs.remove_if_abandoned(&folder.join(&entry));
        }
    }
    Ok(())
}

fn create_temporary<F: FileSystem>(
    fs: &F,
    folder: &Path,
    prefix: &OsStr,
) -> Result<(std::path::PathBuf, F::File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    loop {
        let mut temporary = prefix.to_owned();
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        temporary.push(format!("{}-{n}{SUFFIX}", std::process::id()));
        let temporary = folder.join(temporary);
        match fs.create_new(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::io("cannot create a file", &temporary, e)),
        }
    }
}

fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}
