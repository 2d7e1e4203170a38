//! Unpacking tar, tgz, zip and gz, whole or not at all.
//!
//! An archive is a list of names and contents written by a stranger. This module never asks a library to write
//! files: it reads the entries one by one, checks each name, and writes regular files and folders itself into a
//! folder of its own beside the target, which is renamed to the target's name when everything is there and flushed.
//! Links, devices and all other special entries are refused, and one refused entry refuses the archive: nothing of
//! it stays. So a path inside the archive can never lead through a link, and a half-unpacked folder never has the
//! target's name.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::entry_name;
use crate::error::{Error, ErrorKind, Result};
use crate::part::sync_folder;
use crate::ratio_guard::{Counted, RatioGuard};
use crate::{untar, unzip};

/// What an archive may at most hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractLimits {
    /// Bytes of all files together. Default: 16 GiB.
    pub max_bytes: u64,
    /// Files and folders. Default: one million.
    pub max_entries: u64,
    /// Unpacked bytes for each packed one, looked at once 16 MiB are unpacked. Default: 200; photographs have about
    /// 1, text about 4, and what is far above is meant to fill the disk.
    pub max_ratio: u64,
}

impl Default for ExtractLimits {
    fn default() -> ExtractLimits {
        ExtractLimits { max_bytes: 16 << 30, max_entries: 1_000_000, max_ratio: 200 }
    }
}

/// Unpacks an archive, so that `target` is a folder with its entries; for a `.gz` that is no `.tar.gz`, `target` is
/// the unpacked file. The target's parent must exist, the target must not. Permissions and times are not taken over.
///
/// The format is told by the first bytes, and for tar by the name (`.tar`, `.tar.gz`, `.tgz`).
///
/// # Errors
/// The target is left absent. [`ErrorKind::HostileArchive`] names the entry that could leave the folder, hide another
/// one, or is neither file nor folder; [`ErrorKind::TooLarge`] when a limit is passed; [`ErrorKind::Corrupt`] for
/// damaged archives; [`ErrorKind::Unsupported`] for other formats; [`ErrorKind::Io`] when files cannot be written.
pub fn extract(archive: &Path, target: &Path, limits: ExtractLimits) -> Result<()> {
    if fs::symlink_metadata(target).is_ok() {
        let text = format!("cannot extract {}: {} exists already", archive.display(), target.display());
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    extract_once(archive, target, limits)
}

/// The same, but a target that exists is what an earlier call made.
pub(crate) fn extract_once(archive: &Path, target: &Path, limits: ExtractLimits) -> Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lock_path = parent.join(format!(".{name}.extract.lock"));
    let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
    let lock =
        lock.and_then(|lock| lock.lock().map(|()| lock)).map_err(|e| Error::io("lock", &lock_path, &e))?;
    if fs::symlink_metadata(target).is_ok() {
        // Another process was faster, and what has the target's name is complete.
        return Ok(());
    }
    // Under the lock a staging folder can only be one that a killed process left.
    let staging = parent.join(format!(".{name}.extracting"));
    remove(&staging)?;
    let result = unpack(archive, &staging, limits).and_then(|()| {
        fs::rename(&staging, target).map_err(|e| Error::io("rename the extracted archive to", target, &e))?;
        sync_folder(parent)
    });
    if result.is_err() {
        remove(&staging)?;
    }
    drop(lock);
    result
}

fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.map_err(|e| Error::io("remove", path, &e))
}

fn unpack(archive: &Path, staging: &Path, limits: ExtractLimits) -> Result<()> {
    let place = archive.display().to_string();
    let mut file = File::open(archive).map_err(|e| Error::io("open", archive, &e))?;
    let mut magic = Vec::new();
    let begin = Read::by_ref(&mut file)
        .take(4)
        .read_to_end(&mut magic)
        .and_then(|_| std::io::Seek::rewind(&mut file));
    begin.map_err(|e| Error::io("read", archive, &e))?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if magic.starts_with(b"PK\x03\x04") || magic.starts_with(b"PK\x05\x06") {
        let mut stage = Stage::new(staging, &place, limits)?;
        unzip::unpack(BufReader::new(file), &mut stage)?;
        return stage.finish();
    }
    if magic.starts_with(&[0x1f, 0x8b]) {
        let counted = Counted::new(BufReader::with_capacity(1 << 16, file));
        let packed = counted.count();
        let reader = RatioGuard::new(MultiGzDecoder::new(BufReader::new(counted)), packed, limits.max_ratio);
        if name.ends_with(".tgz") || name.ends_with(".tar.gz") {
            let mut stage = Stage::new(staging, &place, limits)?;
            untar::unpack(reader, &mut stage)?;
            return stage.finish();
        }
        return write_file(staging, reader, limits.max_bytes, &place).map(|_| ());
    }
    if name.ends_with(".tar") {
        let mut stage = Stage::new(staging, &place, limits)?;
        untar::unpack(BufReader::with_capacity(1 << 16, file), &mut stage)?;
        return stage.finish();
    }
    let text = format!("{place}: expected a zip, gz, tgz or tar archive, found the first bytes {magic:02x?}");
    Err(Error::new(ErrorKind::Unsupported, text))
}

/// The folder that is filled, with what is known of it.
pub(crate) struct Stage<'a> {
    root: PathBuf,
    place: &'a str,
    limits: ExtractLimits,
    /// Lower-case path to its spelling and kind: names that differ by case alone are one file on some systems.
    known: HashMap<String, (String, Kind)>,
    entries: u64,
    bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

impl<'a> Stage<'a> {
    fn new(root: &Path, place: &'a str, limits: ExtractLimits) -> Result<Stage<'a>> {
        fs::create_dir(root).map_err(|e| Error::io("create", root, &e))?;
        Ok(Stage { root: root.to_path_buf(), place, limits, known: HashMap::new(), entries: 0, bytes: 0 })
    }

    pub(crate) fn place(&self) -> &str {
        self.place
    }

    pub(crate) fn limits(&self) -> ExtractLimits {
        self.limits
    }

    /// Refuses the archive because of an entry.
    pub(crate) fn hostile(&self, name: &[u8], reason: &str) -> Error {
        let name: String = String::from_utf8_lossy(name).chars().take(100).collect();
        let text = format!("{}: entry {name:?}: {reason}; nothing was extracted", self.place);
        Error::new(ErrorKind::HostileArchive, text)
    }

    /// Notes a folder; it need not be new.
    pub(crate) fn folder(&mut self, name: &[u8]) -> Result<()> {
        self.count(name)?;
        let trimmed = name.strip_suffix(b"/").unwrap_or(name);
        // What `tar -c .` begins with: the target itself.
        if trimmed == b"." {
            return Ok(());
        }
        let path = self.check(trimmed)?;
        self.folders(&path, name)
    }

    /// Writes a file of exactly `size` bytes.
    pub(crate) fn file(&mut self, name: &[u8], size: u64, content: impl Read) -> Result<()> {
        self.count(name)?;
        let path = self.check(name)?;
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.folders(parent, name)?;
        }
        if self.known.contains_key(&path.to_lowercase()) {
            return Err(self.hostile(name, "the archive has this name twice"));
        }
        self.known.insert(path.to_lowercase(), (path.clone(), Kind::File));
        let left = self.limits.max_bytes - self.bytes;
        if size > left {
            let text = format!("{}: more than {} bytes of files", self.place, self.limits.max_bytes);
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        let place = format!("{}: entry {path:?}", self.place);
        let written = write_file(&self.root.join(&path), content, left, &place)?;
        self.bytes += written;
        if written != size {
            return Err(Error::corrupt(
                &place,
                format!("{size} bytes"),
                format!("{written} (the archive is cut short)"),
            ));
        }
        Ok(())
    }

    fn count(&mut self, name: &[u8]) -> Result<()> {
        self.entries += 1;
        if self.entries > self.limits.max_entries {
            let text = format!("{}: more than {} entries", self.place, self.limits.max_entries);
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        if name.is_empty() {
            return Err(self.hostile(name, "an empty name"));
        }
        Ok(())
    }

    fn check(&self, name: &[u8]) -> Result<String> {
        entry_name::check(name).map_err(|reason| self.hostile(name, reason))
    }

    /// Makes a folder and those above it.
    fn folders(&mut self, path: &str, entry: &[u8]) -> Result<()> {
        let ends = path.match_indices('/').map(|(index, _)| index).chain([path.len()]);
        for end in ends.collect::<Vec<_>>() {
            let folder = &path[..end];
            match self.known.get(&folder.to_lowercase()) {
                Some((spelling, Kind::Folder)) if spelling == folder => continue,
                Some((_, Kind::Folder)) => {
                    return Err(self.hostile(entry, "two folders differ by case alone"));
                }
                Some((_, Kind::File)) => return Err(self.hostile(entry, "a folder has the name of a file")),
                None => {}
            }
            let full = self.root.join(folder);
            fs::create_dir(&full).map_err(|e| Error::io("create", &full, &e))?;
            self.known.insert(folder.to_lowercase(), (folder.to_string(), Kind::Folder));
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        for (folder, _) in self.known.values().filter(|(_, kind)| *kind == Kind::Folder) {
            sync_folder(&self.root.join(folder))?;
        }
        sync_folder(&self.root)
    }
}

/// Writes a new file of at most `max_bytes` and flushes it.
fn write_file(path: &Path, mut content: impl Read, max_bytes: u64, place: &str) -> Result<u64> {
    // `create_new` never follows a link and never opens what is there.
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|e| Error::io("create", path, &e))?;
    let mut buffer = vec![0; 1 << 16];
    let mut written: u64 = 0;
    loop {
        let count = match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(damaged(place, &e)),
        };
        written += count as u64;
        if written > max_bytes {
            let text = format!("{place}: unpacks to more than {max_bytes} bytes");
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        file.write_all(&buffer[..count]).map_err(|e| Error::io("write", path, &e))?;
    }
    file.sync_all().map_err(|e| Error::io("flush", path, &e))?;
    Ok(written)
}

/// The error for a reader's failure inside an archive.
pub(crate) fn damaged(place: &str, cause: &std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::FileTooLarge => Error::new(ErrorKind::TooLarge, format!("{place}: {cause}")),
        std::io::ErrorKind::UnexpectedEof => {
            Error::corrupt(place, "a complete archive", "an early end (the file is cut short)")
        }
        _ => Error::corrupt(place, "an intact archive", format!("damage ({cause})")),
    }
}
