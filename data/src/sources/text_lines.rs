//! Lines of text files.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Place, Result};
use crate::sources::file_reader::{Files, Format, Position, Reader, files_dataset};
use crate::spec::ElementSpec;

impl Dataset<String> {
    /// The lines of text files (UTF-8), without their line ends (`\n` or `\r\n`).
    ///
    /// A line that is not UTF-8 is an error with file and line; the lines behind it follow.
    pub fn text_lines(files: impl Into<Files>) -> Self {
        files_dataset("text_lines", files.into(), Lines)
    }
}

struct Lines;

impl Format<String> for Lines {
    fn open(&self, path: &Path, at: Option<Position>) -> Result<Box<dyn Reader<String>>> {
        let mut file = File::open(path).map_err(|e| DataError::io(path, e))?;
        let [offset, line, ..] = at.unwrap_or_default();
        file.seek(SeekFrom::Start(offset)).map_err(|e| DataError::io(path, e))?;
        Ok(Box::new(LineReader { path: path.to_owned(), input: BufReader::new(file), offset, line }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(ElementSpec::scalar("string"))
    }
}

struct LineReader {
    path: PathBuf,
    input: BufReader<File>,
    offset: u64,
    /// Lines read.
    line: u64,
}

impl Reader<String> for LineReader {
    fn next(&mut self) -> Option<Result<String>> {
        let mut bytes = Vec::new();
        match self.input.read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(n) => self.offset += n as u64,
            Err(e) => return Some(Err(DataError::io(&self.path, e).at_place(Place::Line(self.line + 1)))),
        }
        self.line += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        Some(String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            let message = format!("not UTF-8 from byte {at} of the line on");
            DataError::new(ErrorKind::Parse, message).in_file(&self.path).at_place(Place::Line(self.line))
        }))
    }

    fn position(&self) -> Position {
        [self.offset, self.line, 0, 0]
    }
}
