//! Writing a tile past the caches.

use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::simd::{self, Kernel, Simd};

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
        s.fence();
    }
}

/// y = x, past the caches where that is possible. The lengths must agree.
pub(super) fn copy<T: Element>(x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len());
    match T::DTYPE {
        DType::F32 => simd::dispatch(Stream { x: same(x), y: same_mut(y) }),
        _ => y.copy_from_slice(x),
    }
}
