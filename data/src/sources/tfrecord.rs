//! TFRecord files.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result};
use crate::record::RecordReader;
use crate::sources::file_reader::{Files, Format, Position, Reader, files_dataset};

/// What becomes of a file whose last record was cut short, as by a crash while appending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TruncatedTail {
    /// An error that names file, record and offset.
    #[default]
    Fail,
    /// The file ends behind its last whole record.
    Stop,
}

impl Dataset<Vec<u8>> {
    /// The records of TFRecord files, checksums verified.
    ///
    /// A damaged record is an error that names file, record and byte offset; reading goes on with the next
    /// file, since nothing behind the damage can be trusted.
    pub fn tfrecord(files: impl Into<Files>) -> Self {
        Dataset::tfrecord_with(files, TruncatedTail::Fail)
    }

    /// [`tfrecord`](Self::tfrecord) with a choice for files cut short at their end.
    pub fn tfrecord_with(files: impl Into<Files>, tail: TruncatedTail) -> Self {
        files_dataset("tfrecord", files.into(), Records { tail })
    }
}

struct Records {
    tail: TruncatedTail,
}

impl Format<Vec<u8>> for Records {
    fn open(&self, path: &Path, at: Option<Position>) -> Result<Box<dyn Reader<Vec<u8>>>> {
        let mut file = File::open(path).map_err(|e| DataError::io(path, e))?;
        let [record, offset, ..] = at.unwrap_or_default();
        file.seek(SeekFrom::Start(offset)).map_err(|e| DataError::io(path, e))?;
        let input = RecordReader::at(BufReader::with_capacity(1 << 18, file), record, offset);
        Ok(Box::new(FileRecords { path: path.to_owned(), input, tail: self.tail }))
    }
}

struct FileRecords {
    path: PathBuf,
    input: RecordReader<BufReader<File>>,
    tail: TruncatedTail,
}

impl Reader<Vec<u8>> for FileRecords {
    fn next(&mut self) -> Option<Result<Vec<u8>>> {
        match self.input.next(&self.path)? {
            Err(e) if self.tail == TruncatedTail::Stop && e.kind() == ErrorKind::Truncated => None,
            other => Some(other),
        }
    }

    fn position(&self) -> Position {
        [self.input.record, self.input.offset, 0, 0]
    }
}
