//! Why a file is no image.

use std::fmt;

/// The kind of a [`DecodeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// There are no bytes.
    Empty,
    /// No format that we read begins like this (a web page, a text).
    UnknownFormat,
    /// The format is known, but a feature of it is not supported.
    Unsupported,
    /// The bytes contradict the format, or end too early.
    Corrupt,
    /// The image is larger than the limits allow.
    Limit,
}

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    message: String,
}

impl DecodeError {
    pub(super) fn new(kind: DecodeErrorKind, message: impl Into<String>) -> DecodeError {
        DecodeError { kind, message: message.into() }
    }

    /// What went wrong, for code.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl From<DecodeError> for gradus_tensor::Error {
    fn from(e: DecodeError) -> gradus_tensor::Error {
        gradus_tensor::Error::value(format!("decode_image: {e}"))
    }
}

impl From<image::ImageError> for DecodeError {
    fn from(e: image::ImageError) -> DecodeError {
        let kind = match &e {
            image::ImageError::Limits(_) => DecodeErrorKind::Limit,
            image::ImageError::Unsupported(_) => DecodeErrorKind::Unsupported,
            _ => DecodeErrorKind::Corrupt,
        };
        DecodeError::new(kind, e.to_string())
    }
}

impl From<gradus_tensor::Error> for DecodeError {
    fn from(e: gradus_tensor::Error) -> DecodeError {
        DecodeError::new(DecodeErrorKind::Limit, e.to_string())
    }
}
