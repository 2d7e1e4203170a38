//! The one error of this crate: a kind to match on, and a line that says where, what was expected and what was found.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, coarsely; the message of the [`Error`] has the detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused a call.
    Io(io::ErrorKind),
    /// Another process is saving into the same directory.
    Locked,
    /// The file or directory is something else, or the target holds things that this crate did not write.
    Foreign,
    /// The file is of a format version that this build does not know.
    Version,
    /// Bytes are missing.
    Truncated,
    /// A checksum or a rule of the format is violated.
    Corrupt,
    /// Reading it would need more memory than the limits allow.
    TooLarge,
    /// The format has it, this crate does not read it.
    Unsupported,
    /// The caller's values contradict each other or the format.
    Invalid,
}

/// An error with the file and the part of it (a tensor, a member, a record) that it is about.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    path: Option<PathBuf>,
    part: Option<String>,
    message: String,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner { kind, path: None, part: None, message: message.into(), source: None }))
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Corrupt, message)
    }

    pub(crate) fn truncated(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Truncated, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::TooLarge, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn io(doing: &str, path: &Path, source: io::Error) -> Error {
        let kind = match source.kind() {
            io::ErrorKind::UnexpectedEof => ErrorKind::Truncated,
            kind => ErrorKind::Io(kind),
        };
        let mut error = Error::new(kind, format!("{doing}: {source}")).in_file(path);
        error.0.source = Some(source);
        error
    }

    /// Adds the file, unless an inner call has named a nearer one.
    pub(crate) fn in_file(mut self, path: &Path) -> Error {
        self.0.path.get_or_insert_with(|| path.to_path_buf());
        self
    }

    /// Adds the part of the file, unless an inner call has named a smaller one.
    pub(crate) fn in_part(mut self, part: impl FnOnce() -> String) -> Error {
        self.0.part.get_or_insert_with(part);
        self
    }

    /// What went wrong, to match on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The file that it is about, when there is one.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The tensor, archive member or record that it is about, when it is known.
    pub fn part(&self) -> Option<&str> {
        self.0.part.as_deref()
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::Io(io::ErrorKind::NotFound)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(part) = &self.0.part {
            write!(f, "{part}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| e as _)
    }
}
