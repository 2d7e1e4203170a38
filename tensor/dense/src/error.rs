//! The one error type of the tensor crates: what was asked, what was found, and where.

use std::fmt;

/// What went wrong, for callers that want to react rather than to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes, ranks or axes do not fit.
    Shape,
    /// Dtypes differ, or the operation is not defined for the dtype.
    DType,
    /// A value or index is outside of its range, or an option makes no sense.
    Value,
    /// The operation has no gradient, or a gradient was asked where there is none.
    Gradient,
    /// A value was read, or control flow was decided, where a trace would bake it in.
    Trace,
    /// The operation is not defined for what was asked.
    Unsupported,
}

/// An error of a tensor operation: a kind, a message, and the path of layers or stages it happened in.
///
/// It displays as `block_1/dense: matmul: inner dimensions differ: [2, 3] x [4, 5]`.
#[derive(Clone)]
pub struct Error(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: ErrorKind,
    message: String,
    path: Vec<String>,
}

/// Result of a tensor operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of that kind.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Repr { kind, message: message.into(), path: Vec::new() }))
    }

    /// Shapes, ranks or axes do not fit.
    #[cold]
    pub fn shape(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Shape, message)
    }

    /// Dtypes differ or are not supported.
    #[cold]
    pub fn dtype(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::DType, message)
    }

    /// A value is outside of its range.
    #[cold]
    pub fn value(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Value, message)
    }

    /// The named operation has no gradient.
    #[cold]
    pub fn no_gradient(op: &str) -> Error {
        Error::new(ErrorKind::Gradient, format!("{op}: this operation has no gradient"))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without the path.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Puts the name of the enclosing layer, model or stage in front of the path.
    #[must_use]
    pub fn within(mut self, name: impl Into<String>) -> Error {
        self.0.path.insert(0, name.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.path.join("/"))?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl std::error::Error for Error {}

/// Returns early with a shape error.
#[macro_export]
macro_rules! bail_shape { ($($arg:tt)*) => { return Err($crate::Error::shape(format!($($arg)*))) }; }
/// Returns early with a dtype error.
#[macro_export]
macro_rules! bail_dtype { ($($arg:tt)*) => { return Err($crate::Error::dtype(format!($($arg)*))) }; }
/// Returns early with a value error.
#[macro_export]
macro_rules! bail_value { ($($arg:tt)*) => { return Err($crate::Error::value(format!($($arg)*))) }; }
