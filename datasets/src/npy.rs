//! NumPy's array files, `.npy`, and the zip archives of them, `.npz`.
//!
//! ```text
//! 93 'NUMPY' major minor  header-length  {'descr': '<f8', 'fortran_order': False, 'shape': (506, 13), }\n  values
//! ```
//! The reader is strict: the values must be exactly as many bytes as the header announces, and memory grows only with
//! bytes that are there. Arrays of numbers are read as they are; arrays of objects only when they are
//! lists of integers, and nothing in a file is ever run.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::pickle;
use crate::zip_reader::{Fault, ZipReader};

/// An array of numbers or of integer lists, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Npy {
    /// The dimensions, outermost first; empty for a single number.
    pub shape: Vec<usize>,
    /// The values.
    pub values: NpyValues,
}

/// The values of an [`Npy`], row-major.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NpyValues {
    /// Booleans and unsigned bytes.
    U8(Vec<u8>),
    /// All other integers but those of u64 beyond `i64::MAX`, which are refused.
    I64(Vec<i64>),
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Python lists of integers.
    Lists(Vec<Vec<i32>>),
}

/// Headers of arrays of numbers have about a hundred bytes.
const MAX_HEADER: usize = 1 << 16;

impl Npy {
    /// Reads an array that lies in memory; `place` names it in errors.
    ///
    /// # Errors
    /// One line with place, expected and found: [`ErrorKind::Corrupt`] for broken headers and a wrong number of
    /// bytes, [`ErrorKind::Unsupported`] for other types of values (complex, text, structures, arbitrary objects).
    pub fn parse(bytes: &[u8], place: &str) -> Result<Npy> {
        let (header, body) = split_header(bytes, place)?;
        let header = Header::parse(header, place)?;
        let count = header.shape.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        let Some(count) = count else {
            return Err(Error::corrupt(
                place,
                "a shape that fits into memory",
                format!("{:?}", header.shape),
            ));
        };
        let values = match header.kind {
            Kind::Object => NpyValues::Lists(pickle::read_lists(body, count, place)?),
            kind => {
                let expected = count.checked_mul(kind.size());
                if expected != Some(body.len()) {
                    let text =
                        format!("{count} values of {} bytes for the shape {:?}", kind.size(), header.shape);
                    return Err(Error::corrupt(place, text, format!("{} bytes", body.len())));
                }
                numbers(kind, header.big_endian, body, place)?
            }
        };
        let values = if header.fortran && header.shape.len() > 1 {
            to_row_major(values, &header.shape)
        } else {
            values
        };
        Ok(Npy { shape: header.shape, values })
    }

    /// The values as f64; integers beyond 2^53 are rounded.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for lists.
    pub fn to_f64(&self, place: &str) -> Result<Vec<f64>> {
        Ok(match &self.values {
            NpyValues::U8(values) => values.iter().map(|&v| f64::from(v)).collect(),
            NpyValues::I64(values) => values.iter().map(|&v| v as f64).collect(),
            NpyValues::F32(values) => values.iter().map(|&v| f64::from(v)).collect(),
            NpyValues::F64(values) => values.clone(),
            NpyValues::Lists(_) => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("{place}: expected numbers, found lists"),
                ));
            }
        })
    }
}

/// An opened `.npz` file.
pub struct Npz {
    place: String,
    archive: ZipReader<Box<dyn ReadSeek>>,
}

trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

impl std::fmt::Debug for Npz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Npz").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Npz {
    /// Opens a file and checks the zip directory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Corrupt`] when it is no intact zip archive.
    pub fn open(path: &Path) -> Result<Npz> {
        let file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
        Npz::read_from(Box::new(BufReader::new(file)), path.display().to_string())
    }

    /// The same from memory; `place` names it in errors.
    ///
    /// # Errors
    /// As [`Npz::open`].
    pub fn from_bytes(bytes: Vec<u8>, place: &str) -> Result<Npz> {
        Npz::read_from(Box::new(Cursor::new(bytes)), place.to_string())
    }

    fn read_from(reader: Box<dyn ReadSeek>, place: String) -> Result<Npz> {
        match ZipReader::open(reader, 10_000) {
            Ok(archive) => Ok(Npz { place, archive }),
            Err(Fault::Io(e)) => Err(Error::new(ErrorKind::Io, format!("{place}: cannot read: {e}"))),
            Err(Fault::Corrupt(found)) => Err(Error::corrupt(&place, "an intact npz file", found)),
            Err(Fault::TooMany) => {
                Err(Error::new(ErrorKind::TooLarge, format!("{place}: more than 10,000 arrays")))
            }
            Err(Fault::Hostile(name, reason)) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                Err(Error::new(ErrorKind::HostileArchive, format!("{place}: entry {name:?}: {reason}")))
            }
        }
    }

    /// The names of the arrays.
    pub fn names(&self) -> Vec<String> {
        let names = self.archive.entries().iter().map(|entry| String::from_utf8_lossy(&entry.name));
        names.map(|name| name.strip_suffix(".npy").unwrap_or(&name).to_string()).collect()
    }

    /// Reads an array.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when there is none of this name; else as [`Npy::parse`]. [`ErrorKind::TooLarge`] when an
    /// array unpacks to more than 200 times its packed size and 16 MiB.
    pub fn array(&mut self, name: &str) -> Result<Npy> {
        let place = format!("{}: array {name:?}", self.place);
        let Some(index) = self.names().iter().position(|found| found == name) else {
            let text = format!("{place}: not there; the arrays are {}", self.names().join(", "));
            return Err(Error::new(ErrorKind::Missing, text));
        };
        let damaged = |e: std::io::Error| crate::extract::damaged(&place, &e);
        let contents = self.archive.contents(index, 200).map_err(damaged)?;
        let mut bytes = Vec::new();
        BufReader::with_capacity(1 << 16, contents).read_to_end(&mut bytes).map_err(damaged)?;
        Npy::parse(&bytes, &place)
    }
}

fn split_header<'a>(bytes: &'a [u8], place: &str) -> Result<(&'a str, &'a [u8])> {
    let corrupt = |expected: &str, found: String| Err(Error::corrupt(place, expected, found));
    if !bytes.starts_with(b"\x93NUMPY") {
        return corrupt("the npy magic 93 'NUMPY'", format!("{:02x?}", &bytes[..bytes.len().min(6)]));
    }
    let (length, start) = match bytes.get(6..12) {
        Some(&[1, 0, a, b, ..]) => (usize::from(u16::from_le_bytes([a, b])), 10),
        Some(&[2 | 3, 0, a, b, c, d]) => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
        Some(&[major, minor, ..]) => {
            return corrupt("npy version 1.0, 2.0 or 3.0", format!("{major}.{minor}"));
        }
        _ => return corrupt("an npy header", format!("{} bytes", bytes.len())),
    };
    if length > MAX_HEADER {
        return corrupt("an npy header of at most 64 KiB", format!("{length} bytes"));
    }
    let Some(header) = bytes.get(start..start + length) else {
        return corrupt(&format!("{length} bytes of npy header"), format!("{}", bytes.len() - start));
    };
    match std::str::from_utf8(header) {
        Ok(header) => Ok((header, &bytes[start + length..])),
        Err(_) => corrupt("an npy header in ASCII", "other bytes".into()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Signed(usize),
    Unsigned(usize),
    Float(usize),
    Object,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Kind::Bool => 1,
            Kind::Signed(size) | Kind::Unsigned(size) | Kind::Float(size) => size,
            Kind::Object => 0,
        }
    }
}

struct Header {
    kind: Kind,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads the dictionary, whose three keys come in any order.
    fn parse(text: &str, place: &str) -> Result<Header> {
        let shown: String = text.trim_end().chars().take(120).collect();
        let broken = || {
            Error::corrupt(place, "an npy header with descr, fortran_order and shape", format!("{shown:?}"))
        };
        let inner = text.trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(broken)?;
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        let mut rest = inner.trim();
        while !rest.is_empty() {
            let (key, after) = quoted(rest).ok_or_else(broken)?;
            let value = after.trim_start().strip_prefix(':').ok_or_else(broken)?.trim_start();
            rest = match key {
                "descr" if descr.is_none() => {
                    if value.starts_with('[') {
                        let text = format!("{place}: expected an array of numbers, found one of structures");
                        return Err(Error::new(ErrorKind::Unsupported, text));
                    }
                    let (found, after) = quoted(value).ok_or_else(broken)?;
                    descr = Some(found);
                    after
                }
                "fortran_order" if fortran.is_none() => {
                    let (found, after) = match (value.strip_prefix("True"), value.strip_prefix("False")) {
                        (Some(after), _) => (true, after),
                        (_, Some(after)) => (false, after),
                        _ => return Err(broken()),
                    };
                    fortran = Some(found);
                    after
                }
                "shape" if shape.is_none() => {
                    let (dims, after) =
                        value.strip_prefix('(').and_then(|v| v.split_once(')')).ok_or_else(broken)?;
                    let dims = dims.strip_suffix(',').unwrap_or(dims);
                    let mut found = Vec::new();
                    if !dims.trim().is_empty() {
                        for dim in dims.split(',') {
                            // Python 2 wrote long integers with an L.
                            let digits = dim.trim().trim_end_matches('L');
                            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                                return Err(broken());
                            }
                            found.push(digits.parse().map_err(|_| broken())?);
                        }
                    }
                    // NumPy itself stops at 64.
                    if found.len() > 64 {
                        return Err(broken());
                    }
                    shape = Some(found);
                    after
                }
                _ => return Err(broken()),
            }
            .trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => rest,
                None => return Err(broken()),
            };
        }
        let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else { return Err(broken()) };
        let (big_endian, kind) = match descr.split_at_checked(1) {
            Some((order @ ("<" | ">" | "|" | "="), kind)) => (order == ">", kind),
            _ => (false, descr),
        };
        let kind = match kind {
            "b1" => Kind::Bool,
            "i1" => Kind::Signed(1),
            "i2" => Kind::Signed(2),
            "i4" => Kind::Signed(4),
            "i8" => Kind::Signed(8),
            "u1" => Kind::Unsigned(1),
            "u2" => Kind::Unsigned(2),
            "u4" => Kind::Unsigned(4),
            "u8" => Kind::Unsigned(8),
            "f4" => Kind::Float(4),
            "f8" => Kind::Float(8),
            "O" => Kind::Object,
            _ => {
                let text = format!("{place}: expected integers, f4, f8 or objects, found the type {descr:?}");
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
        };
        Ok(Header { kind, big_endian, fortran, shape })
    }
}

/// A string in single or double quotes at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

fn numbers(kind: Kind, big_endian: bool, body: &[u8], place: &str) -> Result<NpyValues> {
    fn each<const N: usize, T>(body: &[u8], big_endian: bool, value: fn([u8; N]) -> T) -> Vec<T> {
        let little = |chunk: &[u8; N]| {
            let mut bytes = *chunk;
            if big_endian {
                bytes.reverse();
            }
            value(bytes)
        };
        body.as_chunks::<N>().0.iter().map(little).collect()
    }
    Ok(match kind {
        Kind::Bool | Kind::Unsigned(1) => NpyValues::U8(body.to_vec()),
        Kind::Signed(1) => NpyValues::I64(each(body, big_endian, |b| i8::from_le_bytes(b).into())),
        Kind::Signed(2) => NpyValues::I64(each(body, big_endian, |b| i16::from_le_bytes(b).into())),
        Kind::Signed(4) => NpyValues::I64(each(body, big_endian, |b| i32::from_le_bytes(b).into())),
        Kind::Signed(_) => NpyValues::I64(each(body, big_endian, i64::from_le_bytes)),
        Kind::Unsigned(2) => NpyValues::I64(each(body, big_endian, |b| u16::from_le_bytes(b).into())),
        Kind::Unsigned(4) => NpyValues::I64(each(body, big_endian, |b| u32::from_le_bytes(b).into())),
        Kind::Unsigned(_) => {
            let values = each(body, big_endian, u64::from_le_bytes);
            let signed: std::result::Result<Vec<i64>, _> = values.into_iter().map(i64::try_from).collect();
            let text = format!("{place}: a u64 beyond the range of i64");
            NpyValues::I64(signed.map_err(|_| Error::new(ErrorKind::Unsupported, text))?)
        }
        Kind::Float(4) => NpyValues::F32(each(body, big_endian, f32::from_le_bytes)),
        Kind::Float(_) => NpyValues::F64(each(body, big_endian, f64::from_le_bytes)),
        Kind::Object => NpyValues::Lists(Vec::new()),
    })
}

/// Column-major values, the first axis fastest, in row-major order.
fn to_row_major(values: NpyValues, shape: &[usize]) -> NpyValues {
    fn reorder<T: Clone>(values: &[T], shape: &[usize]) -> Vec<T> {
        let mut strides = vec![1; shape.len()];
        for axis in 1..shape.len() {
            strides[axis] = strides[axis - 1] * shape[axis - 1];
        }
        let mut index = vec![0; shape.len()];
        let mut ordered = Vec::with_capacity(values.len());
        for _ in 0..values.len() {
            let at: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
            ordered.push(values[at].clone());
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        ordered
    }
    match values {
        NpyValues::U8(values) => NpyValues::U8(reorder(&values, shape)),
        NpyValues::I64(values) => NpyValues::I64(reorder(&values, shape)),
        NpyValues::F32(values) => NpyValues::F32(reorder(&values, shape)),
        NpyValues::F64(values) => NpyValues::F64(reorder(&values, shape)),
        NpyValues::Lists(values) => NpyValues::Lists(reorder(&values, shape)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn reads_numbers() {
        use NpyValues::{F32, F64, I64, U8};
        let cases: [(&str, &[u8], &[usize], NpyValues); 11] = [
            (
                "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }  \n",
                &[1, 2, 255],
                &[3],
                U8(vec![1, 2, 255]),
            ),
            ("{'descr': '|b1', 'fortran_order': False, 'shape': (2, 1)}", &[1, 0], &[2, 1], U8(vec![1, 0])),
            ("{'descr': '|i1', 'fortran_order': False, 'shape': (1,)}", &[255], &[1], I64(vec![-1])),
            (
                "{'shape': (2L,), 'descr': '>i2', 'fortran_order': False}",
                &[1, 0, 255, 255],
                &[2],
                I64(vec![256, -1]),
            ),
            ("{'descr': '<u4', 'fortran_order': False, 'shape': ()}", &[255; 4], &[], I64(vec![0xffff_ffff])),
            (
                "{\"descr\": \"<i8\", 'fortran_order': False, 'shape': (1,)}",
                &[254, 255, 255, 255, 255, 255, 255, 255],
                &[1],
                I64(vec![-2]),
            ),
            (
                "{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}",
                &[1, 0, 0, 0, 0, 0, 0, 0],
                &[1],
                I64(vec![1]),
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                &[0, 0, 128, 63],
                &[1],
                F32(vec![1.0]),
            ),
            (
                "{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}",
                &[63, 240, 0, 0, 0, 0, 0, 0],
                &[1],
                F64(vec![1.0]),
            ),
            (
                "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}",
                &[1, 4, 2, 5, 3, 6],
                &[2, 3],
                U8(vec![1, 2, 3, 4, 5, 6]),
            ),
            ("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 3)}", &[], &[0, 3], F64(vec![])),
        ];
        for (header, body, shape, values) in cases {
            let found = Npy::parse(&npy(header, body), "case").unwrap_or_else(|e| panic!("{header}: {e}"));
            assert_eq!(found, Npy { shape: shape.to_vec(), values }, "{header}");
        }
    }

    #[test]
    fn refuses_what_is_not_exactly_an_array() {
        let cases: [(&str, Vec<u8>, &str); 16] = [
            ("empty", vec![], "expected the npy magic"),
            ("magic alone", b"\x93NUMPY".to_vec(), "expected an npy header, found 6 bytes"),
            ("version", b"\x93NUMPY\x09\x00\x00\x00\x00\x00".to_vec(), "found 9.0"),
            ("header cut", b"\x93NUMPY\x01\x00\x50\x00{'de".to_vec(), "expected 80 bytes of npy header"),
            (
                "huge header",
                b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
                "at most 64 KiB, found 4294967295",
            ),
            ("no dictionary", npy("hello", &[]), "found \"hello\""),
            (
                "key missing",
                npy("{'descr': '<f8', 'shape': (1,)}", &[0; 8]),
                "with descr, fortran_order and shape",
            ),
            ("key twice", npy("{'descr': '<f8', 'descr': '<f8', 'shape': (1,)}", &[0; 8]), "with descr"),
            ("negative", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}", &[]), "with descr"),
            ("code", npy("{'descr': '|u1', 'fortran_order': exit(), 'shape': (1,)}", &[]), "with descr"),
            (
                "short",
                npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", &[0; 15]),
                "2 values of 8 bytes for the shape [2], found 15 bytes",
            ),
            (
                "long",
                npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", &[0; 9]),
                "found 9 bytes",
            ),
            (
                "a petabyte",
                npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", &[0; 9]),
                "found 9 bytes",
            ),
            (
                "overflow",
                npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999)}", &[]),
                "a shape that fits",
            ),
            (
                "complex",
                npy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", &[0; 16]),
                "found the type \"<c16\"",
            ),
            (
                "structure",
                npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}", &[0; 4]),
                "one of structures",
            ),
        ];
        for (case, bytes, expected) in cases {
            let error = Npy::parse(&bytes, "some/file").expect_err(case).to_string();
            assert!(
                error.starts_with("some/file: ") && error.contains(expected),
                "{case}: expected {expected}: {error}"
            );
        }
    }
}
