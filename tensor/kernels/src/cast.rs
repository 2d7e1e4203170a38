//! Seeing a slice of a generic element type as the concrete type that it is.

use crate::dtype::Element;

/// The slice, when `T` and `U` are the same type.
#[inline]
pub fn same<T: Element, U: Element>(x: &[T]) -> &[U] {
    assert!(T::DTYPE == U::DTYPE, "{} seen as {}", T::DTYPE, U::DTYPE);
    // SAFETY: `Element` is sealed with one type per dtype, so T and U are one type.
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), x.len()) }
}

/// The slice, writable, when `T` and `U` are the same type.
#[inline]
pub fn same_mut<T: Element, U: Element>(x: &mut [T]) -> &mut [U] {
    assert!(T::DTYPE == U::DTYPE, "{} seen as {}", T::DTYPE, U::DTYPE);
    // SAFETY: as in `same`, and `&mut` makes the access unique.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len()) }
}
