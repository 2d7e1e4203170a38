//! The one error type of this crate: a kind to match on and one line to read.

use std::fmt;
use std::path::Path;

/// A failure to find, fetch, verify, unpack or parse a data set.
///
/// [`Display`](fmt::Display) prints one line that says where it happened, what was expected and what was found.
/// Programs branch on [`Error::kind`].
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// What went wrong, for programs; see [`Error::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file's bytes break the rules of its format, or it is cut short or too long.
    Corrupt,
    /// A file is well formed but holds something this crate does not read.
    Unsupported,
    /// A file's hash or size differs from the pinned one.
    Mismatch,
    /// A limit on bytes, entries or compression ratio was passed.
    TooLarge,
    /// A file is not where it was asked for, and downloading was not allowed.
    Missing,
    /// No server could be reached: nothing of the file has arrived.
    Unreachable,
    /// A server was reached, but the transfer failed.
    Transfer,
    /// The operating system refused to read or write a file.
    Io,
    /// An archive has an entry that could write outside its folder or hide another one.
    HostileArchive,
    /// An option's value makes no sense.
    InvalidArgument,
}

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into() }
    }

    /// `place: expected .., found ..`
    pub(crate) fn corrupt(place: &str, expected: impl fmt::Display, found: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Corrupt, format!("{place}: expected {expected}, found {found}"))
    }

    /// `cannot DO PATH: reason of the system`
    pub(crate) fn io(doing: &str, path: &Path, cause: &std::io::Error) -> Error {
        Error::new(ErrorKind::Io, format!("cannot {doing} {}: {cause}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
