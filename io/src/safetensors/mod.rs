//! Safetensors: a JSON header and the bytes of the tensors, the exchange format of the Hugging Face world.
//!
//! ```text
//! 8 bytes   length of the header
//! header    {"__metadata__": {"format": "pt"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//! data      the tensors, row-major and little-endian, without holes
//! ```
//!
//! The reader holds files to every rule of the format, also the one that the reference implementation does not
//! check: a name stands once. Otherwise a scanner and a loader could see two different models in one file. The
//! writer gives the same bytes as the reference implementation. The format has no checksums; for files of our own
//! there is [`save_weights`](crate::save_weights).

mod header;

use crate::atomic_file::replace_file;
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::Disk;
use crate::input_file;
use crate::tensor_data::{NamedTensor, TensorData, check_unique};
use gradus_kernels::DType;
use header::{Entry, parse};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

/// The longest header that the format allows.
const MAX_HEADER: u64 = 100_000_000;

/// The content of a safetensors file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Safetensors {
    /// In the order of their bytes in the file.
    pub tensors: Vec<NamedTensor>,
    /// Free text, such as `{"format": "pt"}`.
    pub metadata: BTreeMap<String, String>,
}

/// Loads a safetensors file. Errors name file and tensor.
pub fn load(path: impl AsRef<Path>) -> Result<Safetensors> {
    let path = path.as_ref();
    let (file, length) = input_file::open(path)?;
    read_from(file, length).map_err(|e| e.in_file(path))
}

/// Reads the bytes of a safetensors file.
///
/// Errors: a header that is longer than the file or 100 MB, or is not the JSON of the format; a name or key that
/// stands twice; offsets that overlap, leave a hole or do not match dtype and shape; a dtype that no tensor here has
/// (8-bit floats and narrower).
pub fn read(bytes: &[u8]) -> Result<Safetensors> {
    read_from(bytes, bytes.len() as u64)
}

fn read_from(mut source: impl Read, length: u64) -> Result<Safetensors> {
    let mut prefix = [0; 8];
    source.read_exact(&mut prefix).map_err(read_error)?;
    let header_length = u64::from_le_bytes(prefix);
    if header_length > MAX_HEADER {
        return Err(Error::too_large(format!(
            "a header of {header_length} bytes, the format allows {MAX_HEADER}"
        )));
    }
    let data_length = (length - 8).checked_sub(header_length).ok_or_else(|| {
        Error::truncated(format!("a header of {header_length} bytes in a file of {length}"))
    })?;
    let text = read_exactly(&mut source, header_length)?;
    if text.first() != Some(&b'{') {
        return Err(Error::new(ErrorKind::Foreign, "not safetensors: the header does not start with '{'"));
    }
    let header = parse(&text)?;
    drop(text);
    header::check(&header.entries, data_length)?;
    let mut tensors = Vec::with_capacity(header.entries.len());
    for Entry { name, dtype, shape, begin, end } in header.entries {
        let tensor = read_exactly(&mut source, end - begin).and_then(|bytes| {
            TensorData::new(dtype, shape, bytes).map_err(|e| Error::corrupt(e.to_string()))
        });
        let tensor = tensor.map_err(|e| e.in_part(|| format!("tensor {name:?}")))?;
        tensors.push(NamedTensor { name, tensor });
    }
    Ok(Safetensors { tensors, metadata: header.metadata })
}

/// Saves a safetensors file, all or nothing.
///
/// Tensors are ordered by the width of their dtype, the widest first, and then by name, as the reference
/// implementation does: that keeps all of them aligned. Errors: two tensors of one name; complex128, which the
/// format does not have; a refused system call.
pub fn save(
    path: impl AsRef<Path>,
    tensors: &[NamedTensor],
    metadata: &BTreeMap<String, String>,
) -> Result<()> {
    let path = path.as_ref();
    replace_file(&Disk, path, None, |out| write_to(out, tensors, metadata))
}

/// The bytes of a safetensors file.
pub fn write(tensors: &[NamedTensor], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_to(&mut bytes, tensors, metadata)?;
    Ok(bytes)
}

fn write_to(out: &mut dyn Write, tensors: &[NamedTensor], metadata: &BTreeMap<String, String>) -> Result<()> {
    check_unique("tensors", tensors.iter().map(|t| t.name.as_str()))?;
    let mut ordered = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let part = || format!("tensor {:?}", tensor.name);
        if tensor.name == header::METADATA {
            return Err(Error::invalid("the format keeps this name for itself").in_part(part));
        }
        let (rank, code) = CODES
            .iter()
            .position(|&(dtype, _)| dtype == tensor.tensor.dtype())
            .map(|i| (i, CODES[i].1))
            .ok_or_else(|| Error::unsupported("safetensors has no complex128").in_part(part))?;
        ordered.push((rank, code, tensor));
    }
    ordered.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.name.cmp(&b.2.name)));
    let header = header::text(ordered.iter().map(|&(_, code, tensor)| (code, tensor)), metadata)?;
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(write_error);
    write(&(header.len() as u64).to_le_bytes())?;
    write(header.as_bytes())?;
    ordered.iter().try_for_each(|(_, _, tensor)| write(tensor.tensor.bytes()))
}

/// The names of the dtypes, in the order in which the reference implementation declares them.
const CODES: [(DType, &str); 14] = [
    (DType::Bool, "BOOL"),
    (DType::U8, "U8"),
    (DType::I8, "I8"),
    (DType::I16, "I16"),
    (DType::U16, "U16"),
    (DType::F16, "F16"),
    (DType::BF16, "BF16"),
    (DType::I32, "I32"),
    (DType::U32, "U32"),
    (DType::F32, "F32"),
    (DType::C64, "C64"),
    (DType::F64, "F64"),
    (DType::I64, "I64"),
    (DType::U64, "U64"),
];

fn read_exactly(source: &mut impl Read, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).is_ok_and(|n| bytes.try_reserve_exact(n).is_ok());
    if !reserved {
        return Err(Error::too_large(format!("no memory for {length} bytes")));
    }
    source.take(length).read_to_end(&mut bytes).map_err(read_error)?;
    if bytes.len() as u64 != length {
        return Err(Error::truncated(format!("{} bytes of {length}", bytes.len())));
    }
    Ok(bytes)
}

fn read_error(e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            Error::truncated("fewer than the 8 bytes that every safetensors file has")
        }
        kind => Error::new(ErrorKind::Io(kind), format!("cannot read: {e}")),
    }
}

fn write_error(e: io::Error) -> Error {
    Error::new(ErrorKind::Io(e.kind()), format!("cannot write: {e}"))
}
