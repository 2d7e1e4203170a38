//! How large an image may be.

use super::error::{DecodeError, DecodeErrorKind};

/// Bounds that a file's header is held to before its pixels get memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of one image. Default 2^28.
    pub max_pixels: u64,
    /// Bytes of all decoded pixels, frames of an animation together. Default 1 GiB.
    pub max_bytes: u64,
    /// Frames of an animation. Default 10,000.
    pub max_frames: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_pixels: 1 << 28, max_bytes: 1 << 30, max_frames: 10_000 }
    }
}

impl Limits {
    /// The error for an image of that size; none may be empty.
    pub(super) fn check(&self, width: u64, height: u64, channels: u64) -> Result<(), DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::new(
                DecodeErrorKind::Corrupt,
                format!("the image has {width} x {height} pixels"),
            ));
        }
        let pixels = width.saturating_mul(height);
        let limit = |what: String| Err(DecodeError::new(DecodeErrorKind::Limit, what));
        if pixels > self.max_pixels {
            return limit(format!(
                "{width} x {height} are {pixels} pixels; at most {} are allowed",
                self.max_pixels
            ));
        }
        let bytes = pixels.saturating_mul(channels);
        if bytes > self.max_bytes {
            return limit(format!(
                "{width} x {height} take {bytes} bytes; at most {} are allowed",
                self.max_bytes
            ));
        }
        Ok(())
    }
}
