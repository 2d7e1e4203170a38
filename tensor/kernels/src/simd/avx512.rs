//! Sixteen lanes with AVX-512; tails by mask registers.

// Which intrinsics are safe to call depends on the features that the target has anyway.
#![allow(unused_unsafe)]

use super::{Kernel, Level, Simd};
use std::arch::x86_64::*;

/// Proof that the processor has the instructions.
#[derive(Clone, Copy)]
pub struct Avx512(());

impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type M = __mmask16;
    type D = __m512d;
    const LANES: usize = 16;
    const LEVEL: Level = Level::Avx512;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn outline<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { outlined(kernel) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> Self::F {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_storeu_ps(p, v) }
    }
    #[inline(always)]
    unsafe fn load_ptr_n(self, p: *const f32, n: usize) -> Self::F {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_maskz_loadu_ps(low_mask(n), p) }
    }
    #[inline(always)]
    unsafe fn store_ptr_n(self, p: *mut f32, n: usize, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_mask_storeu_ps(p, low_mask(n), v) }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, p: *mut f32, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_stream_ps(p, v) }
    }
    #[inline(always)]
    fn fence(self) {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm_sfence() }
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_abs_ps(a) }
    }
    #[inline(always)]
    fn neg(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_xor_ps(a, _mm512_set1_ps(-0.0)) }
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn floor(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    fn le(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    fn eq(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b) }
    }
    #[inline(always)]
    fn and(self, a: Self::M, b: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { a & b }
    }
    #[inline(always)]
    fn or(self, a: Self::M, b: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { a | b }
    }
    #[inline(always)]
    fn not(self, a: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { !a }
    }
    #[inline(always)]
    fn any(self, a: Self::M) -> bool {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { a != 0 }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_mask_blend_ps(m, b, a) }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_set1_epi32(x) }
    }
    #[inline(always)]
    fn to_bits(self, a: Self::F) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_castps_si512(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: Self::I) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_castsi512_ps(a) }
    }
    #[inline(always)]
    fn to_int(self, a: Self::F) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_cvtps_epi32(a) }
    }
    #[inline(always)]
    fn to_float(self, a: Self::I) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_and_si512(a, b) }
    }
    #[inline(always)]
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_or_si512(a, b) }
    }
    #[inline(always)]
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_xor_si512(a, b) }
    }
    #[inline(always)]
    fn shl_i(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_sllv_epi32(a, _mm512_set1_epi32(n as i32)) }
    }
    #[inline(always)]
    fn shr_i(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_srav_epi32(a, _mm512_set1_epi32(n as i32)) }
    }
    #[inline(always)]
    fn shr_u(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_srlv_epi32(a, _mm512_set1_epi32(n as i32)) }
    }
    #[inline(always)]
    unsafe fn transpose_ptr(self, src: *const f32, src_stride: usize, dst: *mut f32, dst_stride: usize) {
        // SAFETY: the caller vouches for the pointers, and `self` for the instructions.
        unsafe {
            // Rows i and i + 4, i + 8, i + 12 share a register: 4 x 4 blocks in its quarters.
            let mut r = [_mm512_setzero_ps(); 16];
            for i in 0..4 {
                for q in 0..4 {
                    let at = |row: usize| _mm_loadu_ps(src.add(row * src_stride + 4 * q));
                    let v = _mm512_castps128_ps512(at(i));
                    let v = _mm512_insertf32x4::<1>(v, at(i + 4));
                    let v = _mm512_insertf32x4::<2>(v, at(i + 8));
                    r[4 * q + i] = _mm512_insertf32x4::<3>(v, at(i + 12));
                }
            }
            for q in 0..4 {
                let [a, b, c, d] = [r[4 * q], r[4 * q + 1], r[4 * q + 2], r[4 * q + 3]];
                let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
                let (ab2, cd2) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
                let out = [
                    _mm512_shuffle_ps::<0b01_00_01_00>(ab, cd),
                    _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd),
                    _mm512_shuffle_ps::<0b01_00_01_00>(ab2, cd2),
                    _mm512_shuffle_ps::<0b11_10_11_10>(ab2, cd2),
                ];
                for (j, v) in out.into_iter().enumerate() {
                    _mm512_storeu_ps(dst.add((4 * q + j) * dst_stride), v);
                }
            }
        }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe {
            {
                let low = _mm512_castps512_ps256(a);
                let high = _mm512_extractf32x8_ps::<1>(a);
                super::avx2::sum(_mm256_add_ps(low, high))
            }
        }
    }
    #[inline(always)]
    fn max_lane(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_reduce_max_ps(a) }
    }
    #[inline(always)]
    fn min_lane(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_reduce_min_ps(a) }
    }
    #[inline(always)]
    fn splat_d(self, x: f64) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_set1_pd(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr_d(self, p: *const f64) -> Self::D {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr_d(self, p: *mut f64, v: Self::D) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { _mm512_storeu_pd(p, v) }
    }
    #[inline(always)]
    fn add_d(self, a: Self::D, b: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_add_pd(a, b) }
    }
    #[inline(always)]
    fn mul_d(self, a: Self::D, b: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_mul_pd(a, b) }
    }
    #[inline(always)]
    fn fma_d(self, a: Self::D, b: Self::D, c: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }
}

/// The mask of the first `n <= 16` lanes.
#[inline(always)]
fn low_mask(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

/// Runs a kernel with AVX-512.
///
/// # Safety
/// The processor must have AVX-512 F, BW, DQ and VL, AVX2 and FMA.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Avx512(()))
}

/// As [`run`], never inlined.
///
/// # Safety
/// As for [`run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
#[inline(never)]
unsafe fn outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Avx512(()))
}
