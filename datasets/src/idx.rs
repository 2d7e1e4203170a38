//! The idx format of MNIST and its relatives, plain or gzipped.
//!
//! ```text
//! 00 00  element  rank  dim[0] .. dim[rank-1]  values
//! ```
//! `element` is one byte (08 = u8, 09 = i8, 0B = i16, 0C = i32, 0D = f32, 0E = f64), `rank` one byte, each dimension a
//! big-endian u32, the values big-endian in row-major order.
//!
//! The reader is strict: the two zero bytes, a known element, rank 1 to 8, and exactly the announced number of bytes,
//! not one more or less. It believes a header only as far as bytes follow it: memory grows with what has been read,
//! so twenty bytes that announce a terabyte cost twenty bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, ErrorKind, Result};

/// The largest idx array that is read, in bytes: about twenty times MNIST.
pub const MAX_BYTES: u64 = 1 << 30;

const MAX_RANK: u8 = 8;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The type of an idx array's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Unsigned bytes, code 08: images and labels.
    U8,
    /// Signed bytes, code 09.
    I8,
    /// 16-bit integers, code 0B.
    I16,
    /// 32-bit integers, code 0C.
    I32,
    /// 32-bit floats, code 0D.
    F32,
    /// 64-bit floats, code 0E.
    F64,
}

impl Element {
    fn from_code(code: u8) -> Option<Element> {
        Some(match code {
            0x08 => Element::U8,
            0x09 => Element::I8,
            0x0b => Element::I16,
            0x0c => Element::I32,
            0x0d => Element::F32,
            0x0e => Element::F64,
            _ => return None,
        })
    }

    /// Bytes per value.
    pub fn size(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::F64 => 8,
        }
    }
}

/// An array read from an idx file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// The type of the values.
    pub element: Element,
    /// The dimensions, outermost first.
    pub shape: Vec<usize>,
    /// The values as they stand in the file, big-endian, row-major; as long as the product of `shape` times
    /// [`Element::size`].
    pub bytes: Vec<u8>,
}

impl Idx {
    /// The shape and values of an array of unsigned bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] naming `place` when the values are of another type.
    pub fn into_u8(self, place: &str) -> Result<(Vec<usize>, Vec<u8>)> {
        match self.element {
            Element::U8 => Ok((self.shape, self.bytes)),
            other => Err(Error::new(
                ErrorKind::Unsupported,
                format!("{place}: expected unsigned bytes (element code 08), found {other:?}"),
            )),
        }
    }

    /// All values as f64, which holds each of them exactly.
    pub fn to_f64(&self) -> Vec<f64> {
        fn each<const N: usize>(bytes: &[u8], value: fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect()
        }
        match self.element {
            Element::U8 => each(&self.bytes, |b: [u8; 1]| f64::from(b[0])),
            Element::I8 => each(&self.bytes, |b| f64::from(i8::from_be_bytes(b))),
            Element::I16 => each(&self.bytes, |b| f64::from(i16::from_be_bytes(b))),
            Element::I32 => each(&self.bytes, |b| f64::from(i32::from_be_bytes(b))),
            Element::F32 => each(&self.bytes, |b| f64::from(f32::from_be_bytes(b))),
            Element::F64 => each(&self.bytes, f64::from_be_bytes),
        }
    }
}

/// Reads an idx file; a gzipped one is recognised by its first two bytes, whatever its name.
///
/// # Errors
/// One line naming the file, what was expected and what was found: [`ErrorKind::Io`] when it cannot be opened,
/// [`ErrorKind::Corrupt`] for a wrong header, too few or too many bytes, or damaged gzip data,
/// [`ErrorKind::TooLarge`] past [`MAX_BYTES`].
pub fn read_file(path: &Path) -> Result<Idx> {
    let place = path.display().to_string();
    let file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(Error::corrupt(&place, "an idx file", "a folder"));
    }
    read_from(BufReader::with_capacity(1 << 16, file), &place)
}

/// Reads idx data, plain or gzipped, that lies in memory; `place` names it in errors.
///
/// # Errors
/// As [`read_file`].
pub fn parse(bytes: &[u8], place: &str) -> Result<Idx> {
    read_from(bytes, place)
}

/// Reads idx data, plain or gzipped, from any reader; `place` names it in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read_from<R: Read>(mut reader: R, place: &str) -> Result<Idx> {
    let mut magic = [0; 2];
    let count = fill(&mut reader, &mut magic).map_err(|e| damaged(place, &e))?;
    let whole = magic[..count].chain(reader);
    if magic == GZIP_MAGIC && count == 2 {
        // Several members in a row are one file, as for gzip itself; anything else after the last one is an error.
        read_plain(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole)), place)
    } else {
        read_plain(whole, place)
    }
}

fn read_plain<R: Read>(mut reader: R, place: &str) -> Result<Idx> {
    let mut head = [0; 4];
    let count = fill(&mut reader, &mut head).map_err(|e| damaged(place, &e))?;
    if count < 4 {
        return Err(Error::corrupt(place, "at least 4 bytes of idx header", format!("{count}")));
    }
    let [zero_a, zero_b, code, rank] = head;
    let found = || format!("{:02x} {:02x} {:02x} {:02x}", head[0], head[1], head[2], head[3]);
    let element = match Element::from_code(code) {
        Some(element) if (zero_a, zero_b) == (0, 0) && (1..=MAX_RANK).contains(&rank) => element,
        _ => {
            let expected = "the idx magic 00 00, an element code (08, 09, 0b .. 0e) and a rank of 1 to 8";
            return Err(Error::corrupt(place, expected, found()));
        }
    };
    let mut shape = Vec::with_capacity(usize::from(rank));
    for axis in 0..rank {
        let mut dim = [0; 4];
        let count = fill(&mut reader, &mut dim).map_err(|e| damaged(place, &e))?;
        if count < 4 {
            return Err(Error::corrupt(
                place,
                format!("{rank} dimensions in the idx header"),
                format!("{axis}"),
            ));
        }
        shape.push(u32::from_be_bytes(dim) as usize);
    }
    let announced = shape
        .iter()
        .try_fold(element.size() as u64, |product, &dim| product.checked_mul(dim as u64))
        .filter(|&bytes| bytes <= MAX_BYTES);
    let Some(announced) = announced else {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "{place}: the idx header announces the shape {shape:?} of {element:?}; at most {MAX_BYTES} bytes are read"
            ),
        ));
    };
    let bytes = read_values(&mut reader, announced as usize, &shape, place)?;
    Ok(Idx { element, shape, bytes })
}

/// Reads exactly `announced` bytes and then the end of the data, doubling the buffer as bytes arrive.
fn read_values<R: Read>(reader: &mut R, announced: usize, shape: &[usize], place: &str) -> Result<Vec<u8>> {
    let expected = || format!("{announced} bytes of values for the shape {shape:?}");
    let mut bytes: Vec<u8> = Vec::new();
    while bytes.len() < announced {
        let start = bytes.len();
        let step = (announced - start).min(start.max(1 << 16));
        bytes.try_reserve_exact(step).map_err(|_| {
            Error::new(ErrorKind::TooLarge, format!("{place}: no memory for {announced} bytes of values"))
        })?;
        bytes.resize(start + step, 0);
        let count = fill(reader, &mut bytes[start..]).map_err(|e| damaged(place, &e))?;
        if count < step {
            return Err(Error::corrupt(
                place,
                expected(),
                format!("{} (the file is cut short)", start + count),
            ));
        }
    }
    // Reading past the end also makes the gzip decoder check its CRC.
    match fill(reader, &mut [0]) {
        Ok(0) => Ok(bytes),
        Ok(_) => Err(Error::corrupt(place, expected(), "more bytes after them")),
        Err(e) => Err(damaged(place, &e)),
    }
}

/// Reads until the buffer is full or the data ends; returns how many bytes were read.
fn fill<R: Read>(reader: &mut R, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match reader.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(n) => count += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(count)
}

fn damaged(place: &str, cause: &io::Error) -> Error {
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => {
            Error::corrupt(place, "a complete gzip stream", "an early end (the file is cut short)")
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Error::corrupt(place, "an intact gzip stream", format!("damage ({cause})"))
        }
        _ => Error::new(ErrorKind::Io, format!("{place}: cannot read: {cause}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn idx(code: u8, dims: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, dims.len() as u8];
        bytes.extend(dims.iter().flat_map(|d| d.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_every_element_type() {
        let cases: [(u8, &[u8], &[f64]); 6] = [
            (0x08, &[0, 255], &[0.0, 255.0]),
            (0x09, &[0x80, 0x7f], &[-128.0, 127.0]),
            (0x0b, &[0x80, 0, 0, 1], &[-32768.0, 1.0]),
            (0x0c, &[0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0], &[-1.0, 256.0]),
            (0x0d, &[0x3f, 0x80, 0, 0, 0xbf, 0, 0, 0], &[1.0, -0.5]),
            (0x0e, &[0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], &[1.0, -2.0]),
        ];
        for (code, values, expected) in cases {
            for bytes in [idx(code, &[2], values), gzip(&idx(code, &[2], values))] {
                let found = parse(&bytes, "case").unwrap();
                assert_eq!(found.shape, [2], "code {code:02x}");
                assert_eq!(found.to_f64(), expected, "code {code:02x}");
            }
        }
    }

    #[test]
    fn refuses_what_is_not_exactly_idx() {
        let good = idx(8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
        let zipped = gzip(&good);
        let mut flipped = zipped.clone();
        let crc = flipped.len() - 6;
        flipped[crc] ^= 1;
        let with_tail = |bytes: &[u8], tail: &[u8]| [bytes, tail].concat();
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("empty", vec![], "expected at least 4 bytes of idx header, found 0"),
            ("three bytes", vec![0, 0, 8], "found 3"),
            ("html", b"<!DOCTYPE html>".to_vec(), "found 3c 21 44 4f"),
            ("unknown element", idx(0x0a, &[1], &[1]), "found 00 00 0a 01"),
            ("rank 0", idx(8, &[], &[]), "found 00 00 08 00"),
            ("rank 9", vec![0, 0, 8, 9], "found 00 00 08 09"),
            ("half a dimension", good[..10].to_vec(), "expected 2 dimensions in the idx header, found 1"),
            (
                "one byte short",
                good[..good.len() - 1].to_vec(),
                "expected 6 bytes of values for the shape [2, 3], found 5",
            ),
            ("one byte long", with_tail(&good, &[0]), "found more bytes after them"),
            (
                "a terabyte announced",
                idx(8, &[1 << 30, 1 << 10], &[]),
                "announces the shape [1073741824, 1024]",
            ),
            ("overflowing shape", idx(8, &[u32::MAX; 8], &[]), "at most 1073741824 bytes"),
            ("gzip cut short", zipped[..zipped.len() - 9].to_vec(), "early end"),
            ("gzip magic alone", zipped[..2].to_vec(), "early end"),
            ("gzip CRC flipped", flipped, "damage"),
            ("gzip of a long file", gzip(&with_tail(&good, &[9])), "found more bytes after them"),
            ("garbage after gzip", with_tail(&zipped, b"garbage after the end"), "damage"),
        ];
        for (case, bytes, expected) in cases {
            let error = parse(&bytes, "some/file").expect_err(case).to_string();
            assert!(
                error.starts_with("some/file: ") && error.contains(expected),
                "{case}: expected {expected}: {error}"
            );
            assert_eq!(error.lines().count(), 1, "{case}: {error}");
        }
    }

    #[test]
    fn an_announced_gigabyte_costs_what_is_there() {
        let error = parse(&idx(8, &[1 << 30], &[1, 2, 3]), "tiny").unwrap_err();
        assert!(error.to_string().contains("found 3 (the file is cut short)"), "{error}");
    }
}
