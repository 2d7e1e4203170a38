//! Slices whose element type is known at run time.

use crate::dtype::{DType, Element};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Elements of some dtype, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct AnySlice<'a> {
    dtype: DType,
    start: NonNull<u8>,
    len: usize,
    of: PhantomData<&'a [u8]>,
}

/// Elements of some dtype, borrowed for writing.
#[derive(Debug)]
pub struct AnySliceMut<'a> {
    dtype: DType,
    start: NonNull<u8>,
    len: usize,
    of: PhantomData<&'a mut [u8]>,
}

// SAFETY: they are what `&[T]` and `&mut [T]` are, of an element type, which all are Send and Sync.
unsafe impl Send for AnySlice<'_> {}
// SAFETY: as above.
unsafe impl Sync for AnySlice<'_> {}
// SAFETY: as above.
unsafe impl Send for AnySliceMut<'_> {}
// SAFETY: as above.
unsafe impl Sync for AnySliceMut<'_> {}

impl<'a> AnySlice<'a> {
    /// The elements of x.
    pub fn new<T: Element>(x: &'a [T]) -> Self {
        AnySlice { dtype: T::DTYPE, start: NonNull::from(x).cast(), len: x.len(), of: PhantomData }
    }

    /// The elements. Panics when T is another dtype's type.
    #[inline]
    pub fn as_slice<T: Element>(self) -> &'a [T] {
        assert!(T::DTYPE == self.dtype, "{} seen as {}", self.dtype, T::DTYPE);
        // SAFETY: it was made from a slice of that many elements of this type, borrowed for 'a.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.len) }
    }

    /// The bytes of the elements, in the machine's order.
    pub fn as_bytes(self) -> &'a [u8] {
        // SAFETY: as above; elements have no padding.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len * self.dtype.size()) }
    }
}

impl<'a> AnySliceMut<'a> {
    /// The elements of x.
    pub fn new<T: Element>(x: &'a mut [T]) -> Self {
        AnySliceMut { dtype: T::DTYPE, len: x.len(), start: NonNull::from(x).cast(), of: PhantomData }
    }

    /// The dtype of the elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements, for reading.
    pub fn as_ref(&self) -> AnySlice<'_> {
        AnySlice { dtype: self.dtype, start: self.start, len: self.len, of: PhantomData }
    }

    /// The elements, borrowed for a shorter time.
    pub fn reborrow(&mut self) -> AnySliceMut<'_> {
        AnySliceMut { dtype: self.dtype, start: self.start, len: self.len, of: PhantomData }
    }

    /// The elements, writable. Panics when T is another dtype's type.
    #[inline]
    pub fn as_mut_slice<T: Element>(&mut self) -> &mut [T] {
        assert!(T::DTYPE == self.dtype, "{} seen as {}", self.dtype, T::DTYPE);
        // SAFETY: it was made from a slice of that many elements of this type, borrowed for longer than `self`.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.len) }
    }

    /// The first n elements and the others. Panics when there are fewer.
    pub fn split_at(self, n: usize) -> (AnySliceMut<'a>, AnySliceMut<'a>) {
        assert!(n <= self.len, "{n} of {} elements", self.len);
        // SAFETY: n elements on is inside the slice, or its end; the two parts do not overlap.
        let rest = unsafe { self.start.add(n * self.dtype.size()) };
        let part = |start, len| AnySliceMut { dtype: self.dtype, start, len, of: PhantomData };
        (part(self.start, n), part(rest, self.len - n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_and_read() {
        let mut x = [1.0f64, 2.0, 3.0];
        {
            let (mut a, mut b) = AnySliceMut::new(&mut x).split_at(2);
            a.as_mut_slice::<f64>()[1] = 5.0;
            b.reborrow().as_mut_slice::<f64>()[0] = 6.0;
            assert_eq!(a.as_ref().as_slice::<f64>(), [1.0, 5.0]);
            assert!(b.len() == 1 && !b.is_empty() && b.dtype() == DType::F64);
            assert_eq!(b.as_ref().as_bytes(), 6.0f64.to_ne_bytes());
        }
        assert_eq!(x, [1.0, 5.0, 6.0]);
        assert!(AnySlice::new::<bool>(&[]).as_slice::<bool>().is_empty());
    }

    #[test]
    #[should_panic(expected = "float32 seen as float64")]
    fn another_type_is_refused() {
        AnySlice::new(&[1.0f32, 2.0]).as_slice::<f64>();
    }
}
