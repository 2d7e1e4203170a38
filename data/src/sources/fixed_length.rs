//! Files of records that all have the same length.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Place, Result};
use crate::record::fill;
use crate::sources::file_reader::{Files, Format, Position, Reader, files_dataset};

/// Lengths, in bytes, of a file of fixed records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedLength {
    record: usize,
    header: u64,
    footer: u64,
}

impl FixedLength {
    /// Records of so many bytes, without header or footer.
    pub fn record_bytes(record: usize) -> Self {
        FixedLength { record, header: 0, footer: 0 }
    }

    /// Bytes before the first record. Default 0.
    pub fn header_bytes(mut self, header: u64) -> Self {
        self.header = header;
        self
    }

    /// Bytes behind the last record. Default 0.
    pub fn footer_bytes(mut self, footer: u64) -> Self {
        self.footer = footer;
        self
    }
}

impl Dataset<Vec<u8>> {
    /// The records of files in which all have the same length (CIFAR's binary files, idx images).
    ///
    /// A file whose length is not header + whole records + footer is an error that says so.
    pub fn fixed_length_records(files: impl Into<Files>, lengths: FixedLength) -> Self {
        if lengths.record == 0 {
            let message = "fixed_length_records: a record of 0 bytes was asked for";
            return Dataset::failed(
                "fixed_length_records",
                DataError::new(ErrorKind::InvalidArgument, message),
            );
        }
        files_dataset("fixed_length_records", files.into(), lengths)
    }
}

impl Format<Vec<u8>> for FixedLength {
    fn open(&self, path: &Path, at: Option<Position>) -> Result<Box<dyn Reader<Vec<u8>>>> {
        let io = |e| DataError::io(path, e);
        let mut file = File::open(path).map_err(io)?;
        let total = file.metadata().map_err(io)?.len();
        let FixedLength { record, header, footer } = *self;
        let body = total.checked_sub(header).and_then(|t| t.checked_sub(footer));
        let Some(count) = body.filter(|b| b.is_multiple_of(record as u64)).map(|b| b / record as u64) else {
            let message = format!(
                "fixed_length_records: {total} bytes are not a header of {header}, records of {record} and a \
                 footer of {footer}"
            );
            return Err(DataError::new(ErrorKind::Corrupt, message).in_file(path));
        };
        let [next, ..] = at.unwrap_or_default();
        file.seek(SeekFrom::Start(header.saturating_add(next.saturating_mul(record as u64)))).map_err(io)?;
        Ok(Box::new(FixedReader {
            path: path.to_owned(),
            input: BufReader::new(file),
            lengths: *self,
            next,
            count,
        }))
    }
}

struct FixedReader {
    path: PathBuf,
    input: BufReader<File>,
    lengths: FixedLength,
    next: u64,
    count: u64,
}

impl Reader<Vec<u8>> for FixedReader {
    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        if self.next >= self.count {
            return None;
        }
        let record = self.lengths.record as u64;
        let place = Place::Record { record: self.next, offset: self.lengths.header + self.next * record };
        self.next += 1;
        // The length was checked against the file's: this allocates what is there.
        let mut bytes = vec![0; self.lengths.record];
        let error = match fill(&mut self.input, &mut bytes) {
            Ok(n) if n == bytes.len() => return Some(Ok(bytes)),
            Ok(n) => {
                DataError::new(ErrorKind::Truncated, format!("truncated: {n} of {record} bytes")).fatal()
            }
            Err(e) => DataError::io(&self.path, e),
        };
        Some(Err(error.in_file(&self.path).at_place(place)))
    }

    fn position(&self) -> Position {
        [self.next, 0, 0, 0]
    }
}
