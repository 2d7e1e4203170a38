//! Numpy's `.npy`: one array with a header that is a Python dictionary in text.
//!
//! ```text
//! 93 4E 55 4D 50 59   version 1.0, 2.0 or 3.0   length of the header (2 bytes in 1.0, else 4)
//! {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      spaces and a newline up to a multiple of 64
//! elements
//! ```
//!
//! Read are booleans, integers, f16, f32, f64 and complex numbers of either byte order, in C and Fortran order; the
//! result is little-endian and row-major. The length is checked against the bytes present before anything is
//! allocated. Object arrays are pickles, that is programs, and are refused. `bfloat16` has no name in numpy.

use crate::atomic_file::replace_file;
use crate::error::{Error, ErrorKind, Result};
use crate::file_system::Disk;
use crate::input_file::read_file;
use crate::tensor_data::{MAX_RANK, TensorData, byte_len};
use gradus_kernels::DType;
use std::fmt::Write as _;
use std::path::Path;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Loads a `.npy` file. Errors name the file.
pub fn load(path: impl AsRef<Path>) -> Result<TensorData> {
    let path = path.as_ref();
    read(&read_file(path)?).map_err(|e| e.in_file(path))
}

/// Saves a `.npy` file, all or nothing. Errors: `bfloat16`; a refused system call.
pub fn save(path: impl AsRef<Path>, tensor: &TensorData) -> Result<()> {
    let path = path.as_ref();
    let header = header(tensor).map_err(|e| e.in_file(path))?;
    replace_file(&Disk, path, None, |out| {
        let written = out.write_all(&header).and_then(|()| out.write_all(tensor.bytes()));
        written.map_err(|e| Error::io("cannot write", path, e))
    })
}

/// The bytes of a `.npy` file, the same that numpy writes.
pub fn write(tensor: &TensorData) -> Result<Vec<u8>> {
    let mut bytes = header(tensor)?;
    bytes.extend_from_slice(tensor.bytes());
    Ok(bytes)
}

pub(crate) fn header(tensor: &TensorData) -> Result<Vec<u8>> {
    let descr = match tensor.dtype() {
        DType::Bool => "|b1",
        DType::I8 => "|i1",
        DType::U8 => "|u1",
        DType::I16 => "<i2",
        DType::U16 => "<u2",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::C64 => "<c8",
        DType::C128 => "<c16",
        DType::BF16 => return Err(Error::unsupported("npy has no bfloat16: cast to float32 first")),
    };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (");
    for (i, d) in tensor.shape().iter().enumerate() {
        let separator = if i > 0 { " " } else { "" };
        let comma = if i + 1 < tensor.shape().len() || i == 0 { "," } else { "" };
        let _ = write!(text, "{separator}{d}{comma}");
    }
    text.push_str("), }");
    // Numpy leaves room for the first axis to grow to 21 digits in place.
    if let Some(first) = tensor.shape().first() {
        let digits = first.to_string().len();
        text.extend(std::iter::repeat_n(' ', 21usize.saturating_sub(digits)));
    }
    let long = text.len() + 1 + MAGIC.len() + 4 + 63 > usize::from(u16::MAX);
    let before = MAGIC.len() + if long { 6 } else { 4 };
    let padding = (before + text.len() + 1).next_multiple_of(64) - (before + text.len() + 1);
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    if long {
        bytes.extend_from_slice(&[2, 0]);
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    } else {
        bytes.extend_from_slice(&[1, 0]);
        bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(text.as_bytes());
    Ok(bytes)
}

/// Reads the bytes of a `.npy` file.
///
/// Errors: not npy; a version, dtype or header that numpy does not write; fewer or more bytes than the shape takes.
pub fn read(bytes: &[u8]) -> Result<TensorData> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(Error::new(ErrorKind::Foreign, "not an npy file (it does not start with \\x93NUMPY)"));
    };
    let cut = || Error::truncated("the header is cut off");
    let (len, rest) = match *rest {
        [1, 0, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2 | 3, 0, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        [major, minor, ..] if !matches!((major, minor), (1..=3, 0)) => {
            return Err(Error::new(
                ErrorKind::Version,
                format!("npy version {major}.{minor}, read are 1.0 to 3.0"),
            ));
        }
        _ => return Err(cut()),
    };
    if len > 1 << 16 {
        return Err(Error::too_large(format!("a header of {len} bytes, the limit is 65536")));
    }
    let (header, data) = rest.split_at_checked(len).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| Error::corrupt("the header is not UTF-8"))?;
    let Header { dtype, big_endian, fortran_order, shape } =
        Header::parse(header).map_err(|e| e.in_part(|| format!("header {:?}", header.trim_end())))?;
    let expected = byte_len(dtype, &shape).map_err(|e| Error::corrupt(e.to_string()))?;
    if data.len() != expected {
        let kind = if data.len() < expected { ErrorKind::Truncated } else { ErrorKind::Unsupported };
        let message =
            format!("{dtype} of shape {shape:?} takes {expected} bytes, {} follow the header", data.len());
        return Err(Error::new(kind, message));
    }
    let mut elements = Vec::new();
    elements
        .try_reserve_exact(expected)
        .map_err(|_| Error::too_large(format!("no memory for {expected} bytes")))?;
    if fortran_order && shape.len() > 1 {
        transpose(data, dtype.size(), &shape, &mut elements);
    } else {
        elements.extend_from_slice(data);
    }
    if big_endian {
        let part = if dtype.is_complex() { dtype.size() / 2 } else { dtype.size() };
        elements.chunks_exact_mut(part).for_each(<[u8]>::reverse);
    }
    TensorData::new(dtype, shape, elements).map_err(|e| Error::corrupt(e.to_string()))
}

/// Appends the elements of a column-major array in row-major order.
fn transpose(data: &[u8], size: usize, shape: &[usize], to: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = size;
    for &d in shape {
        strides.push(stride);
        stride *= d;
    }
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    loop {
        to.extend_from_slice(&data[at..at + size]);
        let mut axis = shape.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
}

struct Header {
    dtype: DType,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads the Python literal: exactly the three keys, in any order.
    fn parse(text: &str) -> Result<Header> {
        let mut p = Literal { rest: text };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        p.expect('{')?;
        while !p.accept('}') {
            let key = p.string()?;
            p.expect(':')?;
            let twice = match key {
                "descr" => descr.replace(p.descr()?).is_some(),
                "fortran_order" => fortran_order.replace(p.boolean()?).is_some(),
                "shape" => shape.replace(p.shape()?).is_some(),
                _ => return Err(Error::corrupt(format!("an unknown key {key:?}"))),
            };
            if twice {
                return Err(Error::corrupt(format!("the key {key:?} twice")));
            }
            if !p.accept(',') {
                p.expect('}')?;
                break;
            }
        }
        if !p.rest.trim().is_empty() {
            return Err(Error::corrupt("text after the dictionary"));
        }
        let (Some((dtype, big_endian)), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape)
        else {
            return Err(Error::corrupt("one of descr, fortran_order and shape is missing"));
        };
        Ok(Header { dtype, big_endian, fortran_order, shape })
    }
}

/// The Python literals that numpy writes.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    fn accept(&mut self, c: char) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        match rest.strip_prefix(c) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => {
                self.rest = rest;
                false
            }
        }
    }

    fn expect(&mut self, c: char) -> Result<()> {
        if self.accept(c) {
            Ok(())
        } else {
            Err(Error::corrupt(format!("expected {c:?} before {:?}", self.start())))
        }
    }

    fn start(&self) -> String {
        self.rest.chars().take(12).collect()
    }

    fn string(&mut self) -> Result<&'a str> {
        let quote = if self.accept('"') { '"' } else { '\'' };
        if quote == '\'' {
            self.expect('\'')?;
        }
        let (string, rest) =
            self.rest.split_once(quote).ok_or_else(|| Error::corrupt("a string without an end"))?;
        self.rest = rest;
        Ok(string)
    }

    fn boolean(&mut self) -> Result<bool> {
        for (text, value) in [("True", true), ("False", false)] {
            self.accept(' ');
            if let Some(rest) = self.rest.strip_prefix(text) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(Error::corrupt(format!("expected True or False before {:?}", self.start())))
    }

    fn shape(&mut self) -> Result<Vec<usize>> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            if shape.len() == MAX_RANK {
                return Err(Error::too_large(format!("more than {MAX_RANK} axes")));
            }
            let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = self.rest.split_at(digits);
            let number = number.parse().map_err(|_| {
                Error::corrupt(format!("expected the length of an axis before {:?}", self.start()))
            })?;
            shape.push(number);
            // Python 2 wrote long integers with an L.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if !self.accept(',') {
                // A pair of parentheses with a number and no comma is that number, not a shape.
                if shape.len() == 1 {
                    return Err(Error::corrupt("the shape is no tuple"));
                }
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn descr(&mut self) -> Result<(DType, bool)> {
        if self.accept('[') {
            return Err(Error::unsupported("a structured dtype"));
        }
        let text = self.string()?;
        let (order, name) = text.split_at_checked(1).unwrap_or(("", text));
        let dtype = match name {
            "b1" => DType::Bool,
            "i1" => DType::I8,
            "u1" => DType::U8,
            "i2" => DType::I16,
            "u2" => DType::U16,
            "i4" => DType::I32,
            "u4" => DType::U32,
            "i8" => DType::I64,
            "u8" => DType::U64,
            "f2" => DType::F16,
            "f4" => DType::F32,
            "f8" => DType::F64,
            "c8" => DType::C64,
            "c16" => DType::C128,
            _ if text.ends_with('O') => {
                let message = "an object array: its content is a pickle, that is a program, and is never run";
                return Err(Error::unsupported(message));
            }
            _ => return Err(Error::unsupported(format!("the dtype {text:?}"))),
        };
        match order {
            "<" => Ok((dtype, false)),
            ">" => Ok((dtype, true)),
            "|" if dtype.size() == 1 => Ok((dtype, false)),
            _ => Err(Error::unsupported(format!("the byte order of {text:?}"))),
        }
    }
}
