//! TensorFlow's bundles: the `variables` of a SavedModel and the checkpoints of `tf.train`.
//!
//! ```text
//! PREFIX.index                  a sorted table: "" is the header, every other key a tensor's dtype, shape, place, checksum
//! PREFIX.data-00000-of-00001    the elements, little-endian, anywhere
//! ```
//!
//! The table has the form of LevelDB's tables. A bundle is two files, so replacing one cannot be all-or-nothing: the
//! elements are put in place first, and a crash before the index follows leaves a pair that the checksums refuse. Save
//! under a new prefix, as TensorFlow's checkpoints do, and the old pair stays whole.

mod entry;
mod table;

use crate::atomic_file::replace_file;
use crate::crc32c::{Crc32c, crc32c, mask};
use crate::error::{Error, Result};
use crate::file_system::Disk;
use crate::input_file::{open, read_file};
use crate::protobuf::take_varint;
use crate::tensor_data::{NamedTensor, TensorData, byte_len, check_unique};
use crate::tensorflow_dtype;
use entry::{DT_STRING, Entry, Header};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The content of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorBundle {
    /// Numeric tensors, sorted by name. Those of TensorFlow 2 end with `/.ATTRIBUTES/VARIABLE_VALUE`.
    pub tensors: Vec<NamedTensor>,
    /// Tensors of texts or bytes, sorted by name, their elements in row-major order; such as
    /// `_CHECKPOINTABLE_OBJECT_GRAPH`.
    pub texts: Vec<(String, Vec<Vec<u8>>)>,
}

/// Loads the bundle `PREFIX.index`, `PREFIX.data-...`.
///
/// Errors name file and tensor: a wrong checksum, missing bytes, compressed tables, partitioned variables, dtypes that
/// no tensor here has.
pub fn load(prefix: impl AsRef<Path>) -> Result<TensorBundle> {
    let prefix = prefix.as_ref();
    let path = suffixed(prefix, ".index");
    let index = read_file(&path)?;
    let rows = table::read(&index).map_err(|e| e.in_file(&path))?;
    let mut rows = rows.into_iter();
    let Some((_, header)) = rows.next().filter(|(key, _)| key.is_empty()) else {
        return Err(Error::corrupt("the table has no header").in_file(&path));
    };
    let shards = Header::parse(header).map_err(|e| e.in_file(&path))?.shards;
    let mut data = Shards { prefix, count: shards, open: None, unread: Vec::new() };
    let mut bundle = TensorBundle::default();
    for (key, value) in rows {
        let name = String::from_utf8(key)
            .map_err(|_| Error::unsupported("a name that is not UTF-8").in_file(&path))?;
        let part = || format!("tensor {name:?}");
        let entry = Entry::parse(value).map_err(|e| e.in_part(part).in_file(&path))?;
        let bytes = data.read(&entry).map_err(|e| e.in_part(part).in_file(&path))?;
        let tensor =
            interpret(&entry, bytes).map_err(|e| e.in_part(part).in_file(&data.path(entry.shard)))?;
        match tensor {
            Content::Tensor(tensor) => bundle.tensors.push(NamedTensor { name, tensor }),
            Content::Texts(texts) => bundle.texts.push((name, texts)),
        }
    }
    Ok(bundle)
}

/// Saves tensors as a bundle; both files are put in place at once, the index last.
///
/// Errors: two tensors of one name, an empty name; a refused system call.
pub fn save(prefix: impl AsRef<Path>, tensors: &[NamedTensor]) -> Result<()> {
    let prefix = prefix.as_ref();
    let path = suffixed(prefix, ".index");
    check_unique("tensors", tensors.iter().map(|t| t.name.as_str())).map_err(|e| e.in_file(&path))?;
    let mut sorted: Vec<_> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    if sorted.first().is_some_and(|t| t.name.is_empty()) {
        return Err(Error::invalid("a tensor without a name").in_file(&path));
    }
    let mut rows = vec![(&b""[..], Header { shards: 1 }.write())];
    let mut offset = 0;
    for NamedTensor { name, tensor } in &sorted {
        let size = tensor.bytes().len() as u64;
        let entry = Entry {
            dtype: u64::from(tensorflow_dtype::code(tensor.dtype())),
            shape: tensor.shape().to_vec(),
            shard: 0,
            offset,
            size,
            crc: mask(crc32c(tensor.bytes())),
        };
        rows.push((name.as_bytes(), entry.write()));
        offset += size;
    }
    let index = table::write(&rows);
    let data = shard_path(prefix, 0, 1);
    replace_file(&Disk, &data, None, |out| {
        let written = sorted.iter().try_for_each(|t| out.write_all(t.tensor.bytes()));
        written.map_err(|e| Error::io("cannot write", &data, e))
    })?;
    replace_file(&Disk, &path, None, |out| {
        out.write_all(&index).map_err(|e| Error::io("cannot write", &path, e))
    })
}

enum Content {
    Tensor(TensorData),
    Texts(Vec<Vec<u8>>),
}

fn interpret(entry: &Entry, bytes: Vec<u8>) -> Result<Content> {
    if entry.dtype == DT_STRING {
        return texts(entry, &bytes).map(Content::Texts);
    }
    let found = mask(crc32c(&bytes));
    if found != entry.crc {
        return Err(checksum(entry.crc, found));
    }
    let dtype = u8::try_from(entry.dtype).ok().and_then(tensorflow_dtype::from_code);
    let dtype = dtype.ok_or_else(|| Error::unsupported(format!("TensorFlow's dtype {}", entry.dtype)))?;
    TensorData::new(dtype, entry.shape.clone(), bytes)
        .map(Content::Tensor)
        .map_err(|e| Error::corrupt(e.to_string()))
}

/// The elements of a string tensor: varint lengths, the checksum of the lengths as 32-bit numbers, the bytes.
fn texts(entry: &Entry, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let count =
        byte_len(gradus_kernels::DType::U8, &entry.shape).map_err(|e| Error::corrupt(e.to_string()))?;
    // A length takes at least a byte, so this is checked before anything is allocated.
    if count > bytes.len() {
        return Err(Error::truncated(format!("{count} texts in {} bytes", bytes.len())));
    }
    let mut rest = bytes;
    let (mut lengths, mut crc) = (Vec::with_capacity(count), Crc32c::new());
    for _ in 0..count {
        let length = take_varint(&mut rest)?;
        // Lengths that do not fit 32 bits are counted as 64, since TensorFlow 1.3.
        match u32::try_from(length) {
            Ok(length) => crc.update(&length.to_le_bytes()),
            Err(_) => crc.update(&length.to_le_bytes()),
        }
        lengths.push(length);
    }
    let Some((found, rest_after)) = rest.split_first_chunk::<4>() else {
        return Err(Error::truncated("the checksum of the lengths is cut off"));
    };
    if u32::from_le_bytes(*found) != mask(crc.finish()) {
        return Err(checksum(u32::from_le_bytes(*found), mask(crc.finish())));
    }
    crc.update(found);
    crc.update(rest_after);
    if mask(crc.finish()) != entry.crc {
        return Err(checksum(entry.crc, mask(crc.finish())));
    }
    let mut rest = rest_after;
    let mut texts = Vec::with_capacity(count);
    for length in lengths {
        let text = usize::try_from(length).ok().and_then(|n| rest.split_at_checked(n));
        let (text, after) = text.ok_or_else(|| Error::truncated(format!("a text of {length} bytes")))?;
        texts.push(text.to_vec());
        rest = after;
    }
    if rest.is_empty() {
        Ok(texts)
    } else {
        Err(Error::corrupt(format!("{} bytes after the texts", rest.len())))
    }
}

fn checksum(stored: u32, computed: u32) -> Error {
    Error::corrupt(format!(
        "the checksum of its elements differs: stored {stored:08x}, computed {computed:08x}"
    ))
}

/// The data files, one of them open. Their names come from the prefix and two numbers.
struct Shards<'a> {
    prefix: &'a Path,
    count: u32,
    open: Option<(u32, File)>,
    /// Bytes of each data file that no tensor has taken yet: tensors do not share bytes.
    unread: Vec<(u32, u64)>,
}

impl Shards<'_> {
    fn path(&self, shard: u32) -> PathBuf {
        shard_path(self.prefix, shard, self.count)
    }

    fn read(&mut self, entry: &Entry) -> Result<Vec<u8>> {
        let path = self.path(entry.shard);
        if entry.shard >= self.count {
            return Err(Error::corrupt(format!("in data file {} of {}", entry.shard, self.count)));
        }
        let file = match &mut self.open {
            Some((shard, file)) if *shard == entry.shard => file,
            slot => {
                let (file, length) = open(&path)?;
                if !self.unread.iter().any(|u| u.0 == entry.shard) {
                    self.unread.push((entry.shard, length));
                }
                &mut slot.insert((entry.shard, file)).1
            }
        };
        let unread = self.unread.iter_mut().find(|u| u.0 == entry.shard);
        let left = unread.and_then(|u| u.1.checked_sub(entry.size).inspect(|left| u.1 = *left));
        if left.is_none() {
            let message = format!("{} bytes, more than {} has left", entry.size, path.display());
            return Err(Error::truncated(message));
        }
        let mut bytes = Vec::new();
        let reserved = usize::try_from(entry.size).is_ok_and(|n| bytes.try_reserve_exact(n).is_ok());
        if !reserved {
            return Err(Error::too_large(format!("no memory for {} bytes", entry.size)));
        }
        let read = file
            .seek(SeekFrom::Start(entry.offset))
            .and_then(|_| file.take(entry.size).read_to_end(&mut bytes));
        read.map_err(|e| Error::io("cannot read", &path, e))?;
        if bytes.len() as u64 != entry.size {
            return Err(Error::truncated(format!("{} bytes of {}", bytes.len(), entry.size)).in_file(&path));
        }
        Ok(bytes)
    }
}

fn suffixed(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

fn shard_path(prefix: &Path, shard: u32, count: u32) -> PathBuf {
    suffixed(prefix, &format!(".data-{shard:05}-of-{count:05}"))
}
