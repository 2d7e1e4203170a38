//! Writing past the caches.
//!
//! A result that is larger than the caches is not read again from them. Ordinary stores would first read its
//! lines from memory; streaming stores do not, which saves a third of the traffic of y = f(x).

use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::simd::{self, Kernel, Simd};

/// Bytes of a result above which it is streamed: what the caches hold of it would be gone before it is read.
const LARGE: usize = 8 << 20;

/// True when a result of `len` elements should be streamed. Only f32 can be.
pub(crate) fn pays<T: Element>(len: usize) -> bool {
    T::DTYPE == DType::F32 && len >= LARGE / size_of::<f32>()
}

/// True when reading `len` elements in order will wait for memory.
pub(crate) fn is_far<T: Element>(len: usize) -> bool {
    len >= (1 << 20) / size_of::<T>()
}

/// Asks for the cache lines of x, without waiting.
#[inline]
pub(crate) fn prefetch<T: Element>(x: &[T]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in x.chunks(64 / size_of::<T>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction, and it touches no memory that a program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = x;
}

/// Computes y tile by tile in the innermost cache and streams it: `f(offset, tile)`.
pub(crate) fn through<T: Element>(y: &mut [T], mut f: impl FnMut(usize, &mut [T])) {
    let mut tile = [T::ZERO; 1024];
    for (i, y) in y.chunks_mut(1024).enumerate() {
        let tile = &mut tile[..y.len()];
        f(i * 1024, tile);
        copy(tile, y);
    }
    fence();
}

struct Stream<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Stream<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Stream { x, y } = self;
        // Streaming stores need whole, aligned vectors: the ends are copied.
        let head = y.as_ptr().align_offset(64).min(y.len());
        let body = (y.len() - head) / S::LANES * S::LANES;
        y[..head].copy_from_slice(&x[..head]);
        let mut at = head;
        while at < head + body {
            // SAFETY: at + LANES <= head + body <= both lengths; y + head is aligned to 64 bytes.
            unsafe { s.stream_ptr(y.as_mut_ptr().add(at), s.load_ptr(x.as_ptr().add(at))) };
            at += S::LANES;
        }
        y[at..].copy_from_slice(&x[at..]);
    }
}

struct Fence;

impl Kernel for Fence {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        s.fence();
    }
}

/// Orders the copies of this thread before what follows: to be called once, before others may read them.
pub(crate) fn fence() {
    simd::dispatch(Fence);
}

/// y = x, past the caches where that is possible. The lengths must agree.
pub(crate) fn copy<T: Element>(x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len());
    match T::DTYPE {
        DType::F32 => simd::dispatch(Stream { x: same(x), y: same_mut(y) }),
        _ => y.copy_from_slice(x),
    }
}
