//! Elements from little-endian bytes.

use crate::dtype::{DType, Element};

/// A byte that is no bool where one was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBool {
    /// Position in the bytes.
    pub index: usize,
    /// The byte found.
    pub found: u8,
}

impl std::fmt::Display for NotBool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "byte {} of a bool tensor is {}, expected 0 or 1", self.index, self.found)
    }
}

impl std::error::Error for NotBool {}

/// Fills `out` from its little-endian bytes. Errors when a bool is neither 0 nor 1.
///
/// Panics when the lengths do not fit together.
pub fn read<T: Element>(bytes: &[u8], out: &mut [T]) -> Result<(), NotBool> {
    assert_eq!(bytes.len(), std::mem::size_of_val(out), "bytes and elements differ in size");
    if T::DTYPE == DType::Bool
        && let Some(index) = bytes.iter().position(|&b| b > 1)
    {
        return Err(NotBool { index, found: bytes[index] });
    }
    // SAFETY: the lengths agree; every element type but bool accepts any bytes, and bools were checked.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), out.as_mut_ptr().cast::<u8>(), bytes.len()) }
    Ok(())
}
