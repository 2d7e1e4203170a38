//! The binary layout of CIFAR-10 and CIFAR-100, and unpacked archives of it.
//!
//! A record is one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then 1,024 red, 1,024 green and 1,024
//! blue bytes. Images come out as `[images, 32, 32, 3]`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalog::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::images::{Images, LabeledImages};
use crate::lookup::Lookup;
use crate::source::Source;

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// The largest file that is read: more than ten times the real ones.
const MAX_BYTES: u64 = 1 << 30;

/// Which bytes of a record are its label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Label bytes before the pixels.
    pub(crate) labels: usize,
    /// The one that is used.
    pub(crate) label: usize,
}

/// Reads CIFAR-10 records that lie in memory; `place` names them in errors.
///
/// # Errors
/// [`ErrorKind::Corrupt`] when the bytes are not whole records of 3,073 bytes or a label is above 9.
pub fn parse_cifar10(bytes: &[u8], place: &str) -> Result<LabeledImages> {
    parse(bytes, Layout { labels: 1, label: 0 }, crate::cifar10::CLASS_NAMES, place)
}

pub(crate) fn parse(
    bytes: &[u8],
    layout: Layout,
    class_names: &'static [&'static str],
    place: &str,
) -> Result<LabeledImages> {
    let record = layout.labels + 3 * PLANE;
    if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
        return Err(Error::corrupt(
            place,
            format!("records of {record} bytes"),
            format!("{} bytes", bytes.len()),
        ));
    }
    let count = bytes.len() / record;
    let mut data = Vec::with_capacity(count * 3 * PLANE);
    let mut labels = Vec::with_capacity(count);
    for record in bytes.chunks_exact(record) {
        labels.push(record[layout.label]);
        let (red, rest) = record[layout.labels..].split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        data.extend(red.iter().zip(green).zip(blue).flat_map(|((&r, &g), &b)| [r, g, b]));
    }
    LabeledImages::checked(Images { data, shape: vec![count, SIDE, SIDE, 3] }, labels, class_names, place)
}

/// Reads and joins files of records.
pub(crate) fn read(
    paths: &[PathBuf],
    layout: Layout,
    class_names: &'static [&'static str],
) -> Result<LabeledImages> {
    let mut bytes = Vec::new();
    for path in paths {
        let size = fs::metadata(path).map_err(|e| Error::io("open", path, &e))?.len();
        if size > MAX_BYTES {
            let text = format!("{}: {size} bytes; at most {MAX_BYTES} are read", path.display());
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        let record = (layout.labels + 3 * PLANE) as u64;
        // Checked file by file, so that two wrong sizes do not make a right sum.
        if size == 0 || !size.is_multiple_of(record) {
            let place = path.display().to_string();
            return Err(Error::corrupt(
                &place,
                format!("records of {record} bytes"),
                format!("{size} bytes"),
            ));
        }
        bytes.extend(fs::read(path).map_err(|e| Error::io("read", path, &e))?);
    }
    let place = paths.first().map_or_else(String::new, |path| path.display().to_string());
    parse(&bytes, layout, class_names, &place)
}

/// The folder with all of `files`: the user's, as it is or in the archive's own subfolder, or the unpacked archive.
pub(crate) fn folder(
    lookup: &Lookup,
    entry: &Entry,
    inner: &str,
    files: &[&str],
) -> Result<(PathBuf, Source)> {
    let complete = |folder: &Path| files.iter().all(|file| folder.join(file).is_file());
    let user = lookup.probe(entry, |folder| {
        [folder.join(inner), folder.to_path_buf()].into_iter().find(|folder| complete(folder))
    });
    if let Some(path) = user {
        return Ok((path.clone(), Source::Directory { path, official: false }));
    }
    let (unpacked, source) = lookup.unpacked(entry)?;
    let path = unpacked.join(inner);
    if complete(&path) {
        return Ok((path, source));
    }
    Err(Error::corrupt(&path.display().to_string(), files.join(", "), "not all of them"))
}
