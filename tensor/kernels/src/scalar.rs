//! One element held inline, so that a scalar tensor needs no block of its own.

use crate::dtype::{DType, Element};

/// Exactly one element of some dtype, readable as a slice of length one.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub struct Scalar {
    bytes: [u8; 16],
    dtype: DType,
}

impl Scalar {
    /// Zero (false for bool) of a dtype.
    pub fn zero(dtype: DType) -> Scalar {
        Scalar { bytes: [0; 16], dtype }
    }

    /// A scalar with that value.
    pub fn new<T: Element>(value: T) -> Scalar {
        let mut s = Scalar::zero(T::DTYPE);
        s.as_mut_slice::<T>()[0] = value;
        s
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The element as a slice of length one. Panics when `T` is not its type.
    #[inline]
    pub fn as_slice<T: Element>(&self) -> &[T] {
        assert!(T::DTYPE == self.dtype, "a {} scalar read as {}", self.dtype, T::DTYPE);
        // SAFETY: `bytes` is 16-byte aligned, at least as large as any element, and holds a valid `T`: it
        // starts as zero bytes (valid for every element type) and is only written through `as_mut_slice::<T>`.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast::<T>(), 1) }
    }

    /// The element as a writable slice of length one. Panics when `T` is not its type.
    #[inline]
    pub fn as_mut_slice<T: Element>(&mut self) -> &mut [T] {
        assert!(T::DTYPE == self.dtype, "a {} scalar written as {}", self.dtype, T::DTYPE);
        // SAFETY: as in `as_slice`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.bytes.as_mut_ptr().cast::<T>(), 1) }
    }

    /// The bytes of the element.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.dtype.size()]
    }
}
