//! A download that is not complete yet: `.NAME.part`, and `.NAME.part.from` with where it came from.
//!
//! Every byte that arrives is appended and hashed at once, so that a download that was cut, or whose process was
//! killed, goes on where it stopped. Only [`Part::finish`] gives the file its name, after the last byte lies safely
//! on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::digest::{Digest, Hasher, Hashes};
use crate::error::{Error, Result};

pub(crate) struct Part {
    path: PathBuf,
    origin_path: PathBuf,
    file: File,
    hasher: Hasher,
    pinned: Option<Digest>,
    length: u64,
    origin: Option<Origin>,
}

/// Which version of a file on which server the bytes belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) url: String,
    /// The `ETag` or `Last-Modified` of the server.
    pub(crate) validator: Option<String>,
}

impl Part {
    /// Opens or creates the part of `folder/name`, and hashes what is there already.
    pub(crate) fn open(folder: &Path, name: &str, pinned: Option<Digest>) -> Result<Part> {
        let path = folder.join(format!(".{name}.part"));
        let origin_path = folder.join(format!(".{name}.part.from"));
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(|e| Error::io("write", &path, &e))?;
        let hasher = Hasher::new(pinned);
        let mut part = Part { path, origin_path, file, hasher, pinned, length: 0, origin: None };
        part.origin = part.read_origin();
        let mut buffer = vec![0; 1 << 17];
        loop {
            let count = part.file.read(&mut buffer).map_err(|e| Error::io("read", &part.path, &e))?;
            if count == 0 {
                return Ok(part);
            }
            part.hasher.update(&buffer[..count]);
            part.length += count as u64;
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Throws away what has arrived.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        cleared.map_err(|e| Error::io("write", &self.path, &e))?;
        let _ = fs::remove_file(&self.origin_path);
        self.hasher = Hasher::new(self.pinned);
        (self.length, self.origin) = (0, None);
        Ok(())
    }

    /// Notes where the coming bytes belong.
    pub(crate) fn set_origin(&mut self, origin: Origin) -> Result<()> {
        if self.origin.as_ref() != Some(&origin) {
            let lines = format!("{}\n{}\n", origin.url, origin.validator.as_deref().unwrap_or(""));
            fs::write(&self.origin_path, lines).map_err(|e| Error::io("write", &self.origin_path, &e))?;
            self.origin = Some(origin);
        }
        Ok(())
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| Error::io("write", &self.path, &e))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// The hashes of all bytes so far.
    pub(crate) fn hashes(&self) -> Hashes {
        self.hasher.clone().finish()
    }

    /// Makes the part the file `target`: flush to the disk, rename, flush the folder.
    pub(crate) fn finish(self, target: &Path) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::io("flush", &self.path, &e))?;
        drop(self.file);
        fs::rename(&self.path, target)
            .map_err(|e| Error::io("rename the finished download to", target, &e))?;
        let _ = fs::remove_file(&self.origin_path);
        sync_folder(target.parent().unwrap_or(Path::new(".")))
    }

    /// Puts the part aside as `target` for inspection, under a name that is never read.
    pub(crate) fn quarantine(self, target: &Path) -> Result<()> {
        drop(self.file);
        let _ = fs::remove_file(&self.origin_path);
        fs::rename(&self.path, target).map_err(|e| Error::io("move a wrong download to", target, &e))
    }

    fn read_origin(&self) -> Option<Origin> {
        let text = fs::read_to_string(&self.origin_path).ok().filter(|text| text.len() < 10_000)?;
        let mut lines = text.lines();
        let url = lines.next()?.to_string();
        let validator = lines.next().filter(|line| !line.is_empty()).map(str::to_string);
        Some(Origin { url, validator })
    }
}

/// Makes a rename in this folder survive a power failure. Folders cannot be flushed on Windows, nor need to be.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| Error::io("flush", folder, &e))?;
    }
    Ok(())
}
