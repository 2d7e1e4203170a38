//! Records on disk: TFRecord framing, and elements as bytes.
//!
//! A record is its length (u64), the masked CRC-32C of those eight bytes, the data, and the masked CRC-32C
//! of the data, all little-endian: TensorFlow's framing, so `tf.data.TFRecordDataset` reads our files.

use std::io::{self, Read, Write};
use std::path::Path;

use crate::crc32c::masked_crc32c;
use crate::error::{DataError, ErrorKind, Place, Result};

/// Bytes of a record around its data.
pub(crate) const FRAME: u64 = 16;

/// Memory is taken in steps of this size as data arrives, never on a damaged length's word.
const STEP: usize = 1 << 20;

/// Writes records to a writer.
pub struct RecordWriter<W: Write> {
    out: W,
}

impl<W: Write> RecordWriter<W> {
    /// A writer of records; give it a buffered one.
    pub fn new(out: W) -> Self {
        RecordWriter { out }
    }

    /// Writes one record.
    ///
    /// # Errors
    /// What the writer gives.
    pub fn write(&mut self, data: &[u8]) -> io::Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        self.out.write_all(&length)?;
        self.out.write_all(&masked_crc32c(&length).to_le_bytes())?;
        self.out.write_all(data)?;
        self.out.write_all(&masked_crc32c(data).to_le_bytes())
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// What the writer gives.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads records one by one and knows where it is.
pub(crate) struct RecordReader<R> {
    input: R,
    /// Number and first byte of the next record.
    pub(crate) record: u64,
    pub(crate) offset: u64,
}

impl<R: Read> RecordReader<R> {
    pub(crate) fn at(input: R, record: u64, offset: u64) -> Self {
        RecordReader { input, record, offset }
    }

    /// The next record; `None` at the end of the file. Errors name file, record and offset.
    pub(crate) fn next(&mut self, file: &Path) -> Option<Result<Vec<u8>>> {
        let place = Place::Record { record: self.record, offset: self.offset };
        let name = |e: DataError| e.in_file(file).at_place(place).fatal();
        let corrupt = |what: &str| name(DataError::new(ErrorKind::Corrupt, what));
        let cut = |what: String| name(DataError::new(ErrorKind::Truncated, what));
        let mut head = [0; 12];
        match fill(&mut self.input, &mut head) {
            Err(e) => return Some(Err(name(DataError::io(file, e)))),
            Ok(0) => return None,
            Ok(n) if n < head.len() => {
                return Some(Err(cut(format!("truncated: {n} of 12 bytes of the record's head"))));
            }
            Ok(_) => {}
        }
        let [length, stored] = [&head[..8], &head[8..]];
        if masked_crc32c(length).to_le_bytes() != stored {
            return Some(Err(corrupt("the checksum of the length differs")));
        }
        let length = u64::from_le_bytes(head[..8].try_into().unwrap_or_default());
        let data = match read_some(&mut self.input, length) {
            Err(e) => return Some(Err(name(DataError::io(file, e)))),
            Ok(data) if (data.len() as u64) < length => {
                return Some(Err(cut(format!("truncated: {} of {length} bytes of data", data.len()))));
            }
            Ok(data) => data,
        };
        let mut crc = [0; 4];
        match fill(&mut self.input, &mut crc) {
            Err(e) => return Some(Err(name(DataError::io(file, e)))),
            Ok(4) => {}
            Ok(n) => return Some(Err(cut(format!("truncated: {n} of 4 bytes of the data's checksum")))),
        }
        if masked_crc32c(&data).to_le_bytes() != crc {
            return Some(Err(corrupt("the checksum of the data differs")));
        }
        self.record += 1;
        self.offset += FRAME + length;
        Some(Ok(data))
    }
}

/// Reads until the buffer is full or the input ends; says how much there was.
pub(crate) fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match input.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

fn read_some(input: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    while (data.len() as u64) < length {
        let begin = data.len();
        let step = (length - begin as u64).min(STEP.max(begin) as u64) as usize;
        data.resize(begin + step, 0);
        let n = fill(input, &mut data[begin..])?;
        data.truncate(begin + n);
        if n < step {
            break;
        }
    }
    Ok(data)
}

/// An element that can be written to a cache or snapshot file.
pub trait Encode: Sized {
    /// Appends the element's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes an element from the front of the bytes; `None` if they are not one.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! encode_numbers {
    ($($t:ty),*) => {$(
        impl Encode for $t {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                let (head, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(<$t>::from_le_bytes(*head))
            }
        }
    )*};
}

encode_numbers!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        match u8::decode(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Encode for usize {
    fn encode(&self, out: &mut Vec<u8>) {
        (*self as u64).encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u64::decode(bytes)?.try_into().ok()
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.len().encode(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let length = usize::decode(bytes)?;
        let (head, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(std::str::from_utf8(head).ok()?.to_owned())
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.len().encode(out);
        self.iter().for_each(|x| x.encode(out));
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let length = usize::decode(bytes)?;
        let mut items = Vec::with_capacity(length.min(bytes.len()));
        for _ in 0..length {
            items.push(T::decode(bytes)?);
        }
        Some(items)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(x) = self {
            x.encode(out);
        }
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some(if bool::decode(bytes)? { Some(T::decode(bytes)?) } else { None })
    }
}

macro_rules! encode_tuples {
    ($(($($t:ident $i:tt),+))*) => {$(
        impl<$($t: Encode),+> Encode for ($($t,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$i.encode(out);)+
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($t::decode(bytes)?,)+))
            }
        }
    )*};
}

encode_tuples! { (A 0) (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }
