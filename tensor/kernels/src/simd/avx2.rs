//! Eight lanes with AVX2 and FMA; tails by masked moves.

// Which intrinsics are safe to call depends on the features that the target has anyway.
#![allow(unused_unsafe)]

use super::{Kernel, Level, Simd};
use std::arch::x86_64::*;

/// Proof that the processor has the instructions.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Simd for Avx2 {
    type F = __m256;
    type I = __m256i;
    type M = __m256;
    type D = __m256d;
    const LANES: usize = 8;
    const LEVEL: Level = Level::Avx2;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn outline<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { outlined(kernel) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> Self::F {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_storeu_ps(p, v) }
    }
    #[inline(always)]
    unsafe fn load_ptr_n(self, p: *const f32, n: usize) -> Self::F {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_maskload_ps(p, low_mask(n)) }
    }
    #[inline(always)]
    unsafe fn store_ptr_n(self, p: *mut f32, n: usize, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_maskstore_ps(p, low_mask(n), v) }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, p: *mut f32, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_stream_ps(p, v) }
    }
    #[inline(always)]
    fn fence(self) {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm_sfence() }
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_fnmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn neg(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_xor_ps(a, _mm256_set1_ps(-0.0)) }
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn floor(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_floor_ps(a) }
    }
    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_cmp_ps::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn eq(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) }
    }
    #[inline(always)]
    fn and(self, a: Self::M, b: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_and_ps(a, b) }
    }
    #[inline(always)]
    fn or(self, a: Self::M, b: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_or_ps(a, b) }
    }
    #[inline(always)]
    fn not(self, a: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) }
    }
    #[inline(always)]
    fn any(self, a: Self::M) -> bool {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_movemask_ps(a) != 0 }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_blendv_ps(b, a, m) }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_set1_epi32(x) }
    }
    #[inline(always)]
    fn to_bits(self, a: Self::F) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_castps_si256(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: Self::I) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_castsi256_ps(a) }
    }
    #[inline(always)]
    fn to_int(self, a: Self::F) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_cvtps_epi32(a) }
    }
    #[inline(always)]
    fn to_float(self, a: Self::I) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_and_si256(a, b) }
    }
    #[inline(always)]
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_or_si256(a, b) }
    }
    #[inline(always)]
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_xor_si256(a, b) }
    }
    #[inline(always)]
    fn shl_i(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_sllv_epi32(a, _mm256_set1_epi32(n as i32)) }
    }
    #[inline(always)]
    fn shr_i(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_srav_epi32(a, _mm256_set1_epi32(n as i32)) }
    }
    #[inline(always)]
    fn shr_u(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_srlv_epi32(a, _mm256_set1_epi32(n as i32)) }
    }
    #[inline(always)]
    unsafe fn transpose_ptr(self, src: *const f32, src_stride: usize, dst: *mut f32, dst_stride: usize) {
        // SAFETY: the caller vouches for the pointers, and `self` for the instructions.
        unsafe {
            // Rows i and i + 4 share a register: 4 x 4 blocks in its halves.
            for q in 0..2 {
                let at = |row: usize| _mm_loadu_ps(src.add(row * src_stride + 4 * q));
                let two = |i: usize| _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(at(i)), at(i + 4));
                let [a, b, c, d] = [two(0), two(1), two(2), two(3)];
                let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
                let (ab2, cd2) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
                let out = [
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab2, cd2),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab2, cd2),
                ];
                for (j, v) in out.into_iter().enumerate() {
                    _mm256_storeu_ps(dst.add((4 * q + j) * dst_stride), v);
                }
            }
        }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { sum(a) }
    }
    #[inline(always)]
    fn max_lane(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { fold(a, |a, b| _mm_max_ps(a, b)) }
    }
    #[inline(always)]
    fn min_lane(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { fold(a, |a, b| _mm_min_ps(a, b)) }
    }
    #[inline(always)]
    fn splat_d(self, x: f64) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_set1_pd(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr_d(self, p: *const f64) -> Self::D {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr_d(self, p: *mut f64, v: Self::D) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm256_storeu_pd(p, v) }
    }
    #[inline(always)]
    fn add_d(self, a: Self::D, b: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_add_pd(a, b) }
    }
    #[inline(always)]
    fn mul_d(self, a: Self::D, b: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_mul_pd(a, b) }
    }
    #[inline(always)]
    fn fma_d(self, a: Self::D, b: Self::D, c: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm256_fmadd_pd(a, b, c) }
    }
}

/// The mask of the first `n <= 8` lanes.
#[inline(always)]
fn low_mask(n: usize) -> __m256i {
    // SAFETY: called by methods of `Avx2` only, so the instructions exist.
    unsafe {
        let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), lane)
    }
}

/// Combines the lanes by halves.
///
/// # Safety
/// The processor must have AVX.
#[inline(always)]
unsafe fn fold(a: __m256, f: impl Fn(__m128, __m128) -> __m128) -> f32 {
    // SAFETY: the caller vouches for AVX, which includes what is used here.
    unsafe {
        let x = f(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let x = f(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(f(x, _mm_shuffle_ps::<1>(x, x)))
    }
}

/// Sum of the lanes by halves.
///
/// # Safety
/// The processor must have AVX.
#[inline(always)]
pub(super) unsafe fn sum(a: __m256) -> f32 {
    // SAFETY: the caller vouches for AVX.
    unsafe { fold(a, |a, b| _mm_add_ps(a, b)) }
}

/// Runs a kernel with AVX2 and FMA.
///
/// # Safety
/// The processor must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Avx2(()))
}

/// As [`run`], never inlined.
///
/// # Safety
/// As for [`run`].
#[target_feature(enable = "avx2,fma")]
#[inline(never)]
unsafe fn outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Avx2(()))
}
