//! The element types that have vectors: f32 and f64 behind one set of names.

use crate::math::Float;
use crate::simd::Simd;

/// f32 or f64, seen as vectors of the instruction set `S`.
pub trait Real: Float {
    /// A vector.
    type V<S: Simd>: Copy;
    /// Number of its lanes.
    fn lanes<S: Simd>() -> usize;
    /// All lanes equal to `x`.
    fn splat<S: Simd>(s: S, x: Self) -> Self::V<S>;
    /// Reads one vector.
    ///
    /// # Safety
    /// `p` must be valid for reading all lanes.
    unsafe fn load<S: Simd>(s: S, p: *const Self) -> Self::V<S>;
    /// Reads the first `n` lanes; the others are zero.
    ///
    /// # Safety
    /// `n` is at most the number of lanes, and `p` valid for reading `n` values.
    unsafe fn load_n<S: Simd>(s: S, p: *const Self, n: usize) -> Self::V<S>;
    /// Writes one vector.
    ///
    /// # Safety
    /// `p` must be valid for writing all lanes.
    unsafe fn store<S: Simd>(s: S, p: *mut Self, v: Self::V<S>);
    /// Writes the first `n` lanes.
    ///
    /// # Safety
    /// `n` is at most the number of lanes, and `p` valid for writing `n` values.
    unsafe fn store_n<S: Simd>(s: S, p: *mut Self, n: usize, v: Self::V<S>);
    /// `a + b`.
    fn add_vectors<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// `a * b + c`.
    fn mul_add<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// True when there is a vector operation for `max(x, 0)`.
    const RELU: bool;
    /// `max(x, 0)` where [`Real::RELU`], else x; NaN stays NaN.
    fn relu<S: Simd>(s: S, x: Self::V<S>) -> Self::V<S>;
    /// Transposes a square block of as many rows as there are lanes, see [`Simd::transpose_ptr`].
    ///
    /// # Safety
    /// As there.
    unsafe fn transpose<S: Simd>(
        s: S,
        src: *const Self,
        src_stride: usize,
        dst: *mut Self,
        dst_stride: usize,
    );
}

impl Real for f32 {
    type V<S: Simd> = S::F;
    const RELU: bool = true;
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        S::LANES
    }
    #[inline(always)]
    fn splat<S: Simd>(s: S, x: f32) -> S::F {
        s.splat(x)
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, p: *const f32) -> S::F {
        // SAFETY: the caller vouches for the pointer.
        unsafe { s.load_ptr(p) }
    }
    #[inline(always)]
    unsafe fn load_n<S: Simd>(s: S, p: *const f32, n: usize) -> S::F {
        // SAFETY: the caller vouches for the pointer.
        unsafe { s.load_ptr_n(p, n) }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(s: S, p: *mut f32, v: S::F) {
        // SAFETY: the caller vouches for the pointer.
        unsafe { s.store_ptr(p, v) }
    }
    #[inline(always)]
    unsafe fn store_n<S: Simd>(s: S, p: *mut f32, n: usize, v: S::F) {
        // SAFETY: the caller vouches for the pointer.
        unsafe { s.store_ptr_n(p, n, v) }
    }
    #[inline(always)]
    fn add_vectors<S: Simd>(s: S, a: S::F, b: S::F) -> S::F {
        s.add(a, b)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(s: S, a: S::F, b: S::F, c: S::F) -> S::F {
        s.fma(a, b, c)
    }
    #[inline(always)]
    fn relu<S: Simd>(s: S, x: S::F) -> S::F {
        s.max(s.zero(), x)
    }
    #[inline(always)]
    unsafe fn transpose<S: Simd>(s: S, src: *const f32, src_stride: usize, dst: *mut f32, dst_stride: usize) {
        // SAFETY: the caller vouches for the blocks.
        unsafe { s.transpose_ptr(src, src_stride, dst, dst_stride) }
    }
}

impl Real for f64 {
    type V<S: Simd> = S::D;
    const RELU: bool = false;
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        S::LANES / 2
    }
    #[inline(always)]
    fn splat<S: Simd>(s: S, x: f64) -> S::D {
        s.splat_d(x)
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(s: S, p: *const f64) -> S::D {
        // SAFETY: the caller vouches for the pointer.
        unsafe { s.load_ptr_d(p) }
    }
    #[inline(always)]
    unsafe fn load_n<S: Simd>(s: S, p: *const f64, n: usize) -> S::D {
        let mut lanes = [0.0f64; 8];
        // SAFETY: n values are readable, and no instruction set has more than eight f64 lanes.
        unsafe {
            lanes.as_mut_ptr().copy_from_nonoverlapping(p, n);
            s.load_ptr_d(lanes.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(s: S, p: *mut f64, v: S::D) {
        // SAFETY: the caller vouches for the pointer.
        unsafe { s.store_ptr_d(p, v) }
    }
    #[inline(always)]
    unsafe fn store_n<S: Simd>(s: S, p: *mut f64, n: usize, v: S::D) {
        let mut lanes = [0.0f64; 8];
        // SAFETY: n values are writable, and no instruction set has more than eight f64 lanes.
        unsafe {
            s.store_ptr_d(lanes.as_mut_ptr(), v);
            p.copy_from_nonoverlapping(lanes.as_ptr(), n);
        }
    }
    #[inline(always)]
    fn add_vectors<S: Simd>(s: S, a: S::D, b: S::D) -> S::D {
        s.add_d(a, b)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(s: S, a: S::D, b: S::D, c: S::D) -> S::D {
        s.fma_d(a, b, c)
    }
    #[inline(always)]
    fn relu<S: Simd>(_: S, x: S::D) -> S::D {
        x
    }
    #[inline(always)]
    unsafe fn transpose<S: Simd>(_: S, src: *const f64, src_stride: usize, dst: *mut f64, dst_stride: usize) {
        let n = Self::lanes::<S>();
        for i in 0..n {
            for j in 0..n {
                // SAFETY: i and j are below the number of lanes, so the caller vouches for both places.
                unsafe { *dst.add(j * dst_stride + i) = *src.add(i * src_stride + j) }
            }
        }
    }
}
