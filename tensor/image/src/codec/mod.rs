//! Image files to tensors and back.
//!
//! What a file says about itself is not believed: its size is checked against [`Limits`] before anything is allocated
//! for its pixels, and every failure is a [`DecodeError`] with its kind.

mod decode;
mod encode;
mod error;
mod jpeg;
mod limits;
mod orientation;

pub use decode::{Channels, Decoder, decode_image};
pub use encode::{adjust_jpeg_quality, encode_jpeg, encode_png};
pub use error::{DecodeError, DecodeErrorKind};
pub use jpeg::is_jpeg;
pub use limits::Limits;
pub use orientation::Orientation;
