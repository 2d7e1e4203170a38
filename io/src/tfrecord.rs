//! TFRecord: a file of records of any bytes, each with its length and two checksums.
//!
//! ```text
//! 8 bytes   length n, little-endian
//! 4         masked CRC-32C of the length
//! n         the record
//! 4         masked CRC-32C of the record
//! ```

use crate::crc32c::{crc32c, mask};
use crate::error::{Error, ErrorKind, Result};
use std::io::{ErrorKind as IoKind, Read, Write};

/// Appends records to a [`Write`].
#[derive(Debug)]
pub struct TfRecordWriter<W: Write> {
    out: W,
}

impl<W: Write> TfRecordWriter<W> {
    /// Writes to `out`; small records want a buffer around it.
    pub fn new(out: W) -> TfRecordWriter<W> {
        TfRecordWriter { out }
    }

    /// Appends a record. Errors: a refused write.
    pub fn write(&mut self, record: &[u8]) -> Result<()> {
        let length = (record.len() as u64).to_le_bytes();
        let parts: [&[u8]; 4] =
            [&length, &mask(crc32c(&length)).to_le_bytes(), record, &mask(crc32c(record)).to_le_bytes()];
        parts.iter().try_for_each(|part| self.out.write_all(part)).map_err(cannot_write)
    }

    /// Flushes the [`Write`]. Errors: a refused write.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(cannot_write)
    }

    /// The [`Write`] again.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn cannot_write(e: std::io::Error) -> Error {
    Error::new(ErrorKind::Io(e.kind()), format!("cannot write: {e}"))
}

/// Reads the records of a [`Read`] one by one.
///
/// An error names the record and the byte at which it starts, and ends the reading. Memory grows with the bytes that
/// are there, not with the length that a record claims.
#[derive(Debug)]
pub struct TfRecordReader<R: Read> {
    source: R,
    record: u64,
    offset: u64,
    max_record: u64,
    torn_tail: bool,
    done: bool,
}

impl<R: Read> TfRecordReader<R> {
    /// Reads from `source`; a buffer around it makes small records faster. Default: records up to 1 GiB, and a last
    /// record that is cut off is an error.
    pub fn new(source: R) -> TfRecordReader<R> {
        TfRecordReader { source, record: 0, offset: 0, max_record: 1 << 30, torn_tail: false, done: false }
    }

    /// The longest record that is read.
    pub fn max_record(mut self, bytes: u64) -> TfRecordReader<R> {
        self.max_record = bytes;
        self
    }

    /// Whether a file that ends inside a record, as after a crash of its writer, ends before that record.
    pub fn allow_torn_tail(mut self, allow: bool) -> TfRecordReader<R> {
        self.torn_tail = allow;
        self
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let mut head = Vec::with_capacity(12);
        self.fill(&mut head, 12)?;
        if head.is_empty() {
            return Ok(None);
        }
        let Ok(head) = <[u8; 12]>::try_from(head) else { return self.torn("its length") };
        let (length, found) = (head.first_chunk::<8>(), head.last_chunk::<4>());
        let (Some(length), Some(found)) = (length, found) else { return self.torn("its length") };
        check("the length", length, *found)?;
        let length = u64::from_le_bytes(*length);
        if length > self.max_record {
            return Err(Error::too_large(format!("{length} bytes, the limit is {}", self.max_record)));
        }
        let mut record = Vec::new();
        self.fill(&mut record, length)?;
        let mut crc = Vec::with_capacity(4);
        self.fill(&mut crc, 4)?;
        let Ok(crc) = <[u8; 4]>::try_from(crc) else { return self.torn("its content") };
        check("the content", &record, crc)?;
        self.offset += 16 + length;
        self.record += 1;
        Ok(Some(record))
    }

    fn fill(&mut self, bytes: &mut Vec<u8>, length: u64) -> Result<()> {
        self.source.by_ref().take(length).read_to_end(bytes).map(|_| ()).map_err(|e| match e.kind() {
            IoKind::OutOfMemory => Error::too_large(format!("no memory for {length} bytes")),
            kind => Error::new(ErrorKind::Io(kind), format!("cannot read: {e}")),
        })
    }

    fn torn(&self, what: &str) -> Result<Option<Vec<u8>>> {
        if self.torn_tail { Ok(None) } else { Err(Error::truncated(format!("the file ends inside {what}"))) }
    }
}

fn check(what: &str, bytes: &[u8], found: [u8; 4]) -> Result<()> {
    let (found, computed) = (u32::from_le_bytes(found), mask(crc32c(bytes)));
    if found == computed {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "the checksum of {what} differs: stored {found:08x}, computed {computed:08x}"
    )))
}

impl<R: Read> Iterator for TfRecordReader<R> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        if self.done {
            return None;
        }
        let (record, offset) = (self.record, self.offset);
        let next = self.read().map_err(|e| e.in_part(|| format!("record {record} at byte {offset}")));
        self.done = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}
