//! Writing past the caches.
//!
//! A result that is larger than the caches is not read again from them. Ordinary stores would first read its
//! lines from memory; streaming stores do not, which saves a third of the traffic of y = f(x).

use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::simd::{self, Kernel, Simd};
use crate::split;

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
    x.chunks(64 / size_of::<T>()).for_each(|line| prefetch_line(line.as_ptr()));
}

/// Asks for one cache line, which need not exist.
#[inline(always)]
pub(crate) fn prefetch_line<T>(p: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction, and it touches no memory that a program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = p;
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

struct Fill<'a> {
    y: &'a mut [f32],
    value: f32,
}

impl Kernel for Fill<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Fill { y, value } = self;
        let head = y.as_ptr().align_offset(64).min(y.len());
        let (head, rest) = y.split_at_mut(head);
        let mut vectors = rest.chunks_exact_mut(S::LANES);
        for v in vectors.by_ref() {
            // SAFETY: each is one whole vector, and the first is aligned to 64 bytes.
            unsafe { s.stream_ptr(v.as_mut_ptr(), s.splat(value)) };
        }
        head.fill(value);
        vectors.into_remainder().fill(value);
        s.fence();
    }
}

/// Sets all elements; many of them past the caches, on several threads.
pub fn fill(y: &mut [f32], value: f32) {
    if !pays::<f32>(y.len()) {
        return y.fill(value);
    }
    split::chunks(y, 1 << 18, |_, y| simd::dispatch(Fill { y, value }));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_reaches_every_element_and_no_other() {
        let many = LARGE / size_of::<f32>();
        let lens =
            if cfg!(miri) { vec![0, 1, 15, 17] } else { vec![0, 1, 15, 17, many - 1, many, many + 37] };
        for len in lens {
            for start in [0, 1, 15] {
                let mut y = vec![9.0; len + 40];
                fill(&mut y[start..start + len], 2.5);
                let wrong =
                    (0..y.len()).find(|&i| y[i] != if (start..start + len).contains(&i) { 2.5 } else { 9.0 });
                assert_eq!(wrong, None, "{len} from {start}");
            }
        }
    }
}
