//! What a kernel can refuse.

use crate::dtype::DType;
use std::fmt;

/// Why a kernel did not run. Nothing is written to the outputs in that case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The operation has no meaning for the element type.
    Unsupported {
        /// Name of the operation.
        op: &'static str,
        /// The element type asked for.
        dtype: DType,
    },
    /// An integer was divided by zero.
    DivisionByZero {
        /// Name of the operation.
        op: &'static str,
    },
    /// An integer was raised to a negative power.
    NegativePower,
    /// Sizes, axes or indices that do not fit together; the text says which.
    Shape(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unsupported { op, dtype } => write!(f, "{op}: not defined for {dtype}"),
            Error::DivisionByZero { op } => write!(f, "{op}: integer division by zero"),
            Error::NegativePower => write!(f, "pow: an integer to a negative integer power"),
            Error::Shape(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// Result of a kernel.
pub type Result<T = ()> = std::result::Result<T, Error>;
