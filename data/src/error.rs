//! What can go wrong in a pipeline, and where it went wrong.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

/// The kind of a [`DataError`], for code that reacts to errors rather than showing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument of a stage has no meaning (a batch of zero elements, a shard that does not exist).
    InvalidArgument,
    /// A file could not be opened or read.
    Io,
    /// A file is damaged: a checksum differs, a length is impossible.
    Corrupt,
    /// A file ends in the middle of a record.
    Truncated,
    /// Text could not be understood: a CSV field that is no number.
    Parse,
    /// Elements do not fit together: different lengths in one batch.
    Shape,
    /// A user's function returned an error.
    User,
    /// A user's function panicked.
    Panic,
    /// A saved iterator state does not belong to this pipeline.
    State,
    /// A declared bound was exceeded (errors ignored, length asserted).
    Limit,
}

/// Where a stage stands: its name and its place in the chain, counted from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site {
    /// The stage's name as the user wrote it, such as `map`.
    pub name: &'static str,
    /// The number of stages before this one; a source is 0.
    pub number: u32,
}

impl Site {
    /// An error of this stage at the element with this index.
    pub fn error(self, index: u64, kind: ErrorKind, message: impl Into<String>) -> DataError {
        DataError::new(kind, message).at(self, index)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (stage {})", self.name, self.number)
    }
}

/// An error of a pipeline: what happened, in which stage, at which element, in which file.
///
/// Shown as `map (stage 2), element 17, images/a.jpg: not a JPEG file`. One pointer wide, so that the
/// `Result` around every element stays small.
pub struct DataError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    site: Option<Site>,
    index: Option<u64>,
    file: Option<PathBuf>,
    place: Option<Place>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    fatal: bool,
}

/// A place inside a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line of text, counted from 1.
    Line(u64),
    /// A line and a column (a CSV field), both counted from 1.
    Field {
        /// Line in the file, from 1.
        line: u64,
        /// Field of the record, from 1.
        column: u64,
    },
    /// A record, counted from 0, and the byte at which it begins.
    Record {
        /// Number of the record, from 0.
        record: u64,
        /// Byte offset of its first byte.
        offset: u64,
    },
}

impl DataError {
    /// An error that does not yet know where it happened; stages add that as it passes.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (message, source) = (message.into(), None);
        DataError(Box::new(Inner {
            kind,
            message,
            site: None,
            index: None,
            file: None,
            place: None,
            source,
            fatal: false,
        }))
    }

    /// A user's error, kept as [`source`](StdError::source).
    pub fn user(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let error: Box<dyn StdError + Send + Sync> = error.into();
        match error.downcast::<DataError>() {
            Ok(own) => *own,
            Err(error) => {
                let mut e = DataError::new(ErrorKind::User, error.to_string());
                e.0.source = Some(error);
                e
            }
        }
    }

    /// An input or output error on a file. The stream it belongs to ends behind it.
    pub fn io(file: impl Into<PathBuf>, error: std::io::Error) -> Self {
        let mut e = DataError::new(ErrorKind::Io, error.to_string()).in_file(file).fatal();
        e.0.source = Some(Box::new(error));
        e
    }

    /// Adds stage and element index, unless a stage nearer to the fault has done so.
    pub fn at(mut self, site: Site, index: u64) -> Self {
        if self.0.site.is_none() {
            self.0.site = Some(site);
            self.0.index = Some(index);
        }
        self
    }

    /// Adds the file, unless known.
    pub fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.0.file.get_or_insert_with(|| file.into());
        self
    }

    /// Adds the place inside the file, unless known.
    pub fn at_place(mut self, place: Place) -> Self {
        self.0.place.get_or_insert(place);
        self
    }

    /// Marks the stream as ended behind this error: nothing can be read past it.
    pub fn fatal(mut self) -> Self {
        self.0.fatal = true;
        self
    }

    /// Takes the mark of [`fatal`](Self::fatal) away: there is more to read behind it.
    pub(crate) fn passable(mut self) -> Self {
        self.0.fatal = false;
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The stage in which it happened.
    pub fn site(&self) -> Option<Site> {
        self.0.site
    }

    /// The name of the stage in which it happened.
    pub fn stage(&self) -> Option<&'static str> {
        self.0.site.map(|s| s.name)
    }

    /// Index of the element, counted at the stage where it happened, from the start of the pass.
    pub fn index(&self) -> Option<u64> {
        self.0.index
    }

    /// The file concerned.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// The place inside the file.
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// True if the stream ends behind this error.
    pub fn is_fatal(&self) -> bool {
        self.0.fatal
    }

    /// A second copy, for an error that two consumers see; the source becomes text.
    pub fn duplicate(&self) -> Self {
        let i = &*self.0;
        DataError(Box::new(Inner {
            kind: i.kind,
            message: i.message.clone(),
            site: i.site,
            index: i.index,
            file: i.file.clone(),
            place: i.place,
            source: None,
            fatal: i.fatal,
        }))
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = &*self.0;
        let mut separator = "";
        if let Some(site) = i.site {
            write!(f, "{site}")?;
            separator = ", ";
        }
        if let Some(index) = i.index {
            write!(f, "{separator}element {index}")?;
            separator = ", ";
        }
        if let Some(file) = &i.file {
            write!(f, "{separator}{}", file.display())?;
            separator = ", ";
        }
        match i.place {
            Some(Place::Line(line)) => write!(f, ":{line}")?,
            Some(Place::Field { line, column }) => write!(f, ":{line}:{column}")?,
            Some(Place::Record { record, offset }) => {
                write!(f, "{separator}record {record} at byte {offset}")?
            }
            None => {}
        }
        if !separator.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&i.message)
    }
}

impl fmt::Debug for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataError({:?}: {self})", self.0.kind)
    }
}

impl StdError for DataError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|e| e.as_ref() as &(dyn StdError + 'static))
    }
}

/// The result of everything in this crate.
pub type Result<T, E = DataError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_stage_element_file_and_place() {
        let site = Site { name: "map", number: 2 };
        let bare = || DataError::new(ErrorKind::Parse, "not a number: \"x\"");
        let cases = [
            (bare(), "not a number: \"x\""),
            (bare().at(site, 17), "map (stage 2), element 17: not a number: \"x\""),
            (
                bare().at(site, 1).in_file("a.csv").at_place(Place::Field { line: 3, column: 2 }),
                "map (stage 2), element 1, a.csv:3:2: not a number: \"x\"",
            ),
            (
                bare().in_file("a.rec").at_place(Place::Record { record: 4, offset: 99 }),
                "a.rec, record 4 at byte 99: not a number: \"x\"",
            ),
            (
                bare().at(site, 1).at(Site { name: "batch", number: 3 }, 0),
                "map (stage 2), element 1: not a number: \"x\"",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.to_string(), expected);
        }
    }
}
