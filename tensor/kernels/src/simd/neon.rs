//! Four lanes with NEON.

// Which intrinsics are safe to call depends on the features that the target has anyway.
#![allow(unused_unsafe)]

use super::{Kernel, Level, Simd};
use std::arch::aarch64::*;

/// Proof that the processor has the instructions.
#[derive(Clone, Copy)]
pub struct Neon(());

impl Simd for Neon {
    type F = float32x4_t;
    type I = int32x4_t;
    type M = uint32x4_t;
    type D = float64x2_t;
    const LANES: usize = 4;
    const LEVEL: Level = Level::Neon;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn outline<K: Kernel>(self, kernel: K) -> K::Out {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { outlined(kernel) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vdupq_n_f32(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> Self::F {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { vld1q_f32(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { vst1q_f32(p, v) }
    }
    #[inline(always)]
    unsafe fn load_ptr_n(self, p: *const f32, n: usize) -> Self::F {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe {
            let mut lanes = [0.0f32; 4];
            lanes.as_mut_ptr().copy_from_nonoverlapping(p, n);
            vld1q_f32(lanes.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn store_ptr_n(self, p: *mut f32, n: usize, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe {
            let mut lanes = [0.0f32; 4];
            vst1q_f32(lanes.as_mut_ptr(), v);
            p.copy_from_nonoverlapping(lanes.as_ptr(), n);
        }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, p: *mut f32, v: Self::F) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { vst1q_f32(p, v) }
    }
    #[inline(always)]
    fn fence(self) {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe {}
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vaddq_f32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vsubq_f32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vmulq_f32(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vdivq_f32(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vfmaq_f32(c, a, b) }
    }
    #[inline(always)]
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vfmsq_f32(c, a, b) }
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vabsq_f32(a) }
    }
    #[inline(always)]
    fn neg(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vnegq_f32(a) }
    }
    #[inline(always)]
    fn sqrt(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vsqrtq_f32(a) }
    }
    #[inline(always)]
    fn round(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vrndnq_f32(a) }
    }
    #[inline(always)]
    fn floor(self, a: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vrndmq_f32(a) }
    }
    #[inline(always)]
    fn lt(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vcltq_f32(a, b) }
    }
    #[inline(always)]
    fn le(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vcleq_f32(a, b) }
    }
    #[inline(always)]
    fn eq(self, a: Self::F, b: Self::F) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vceqq_f32(a, b) }
    }
    #[inline(always)]
    fn and(self, a: Self::M, b: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vandq_u32(a, b) }
    }
    #[inline(always)]
    fn or(self, a: Self::M, b: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vorrq_u32(a, b) }
    }
    #[inline(always)]
    fn not(self, a: Self::M) -> Self::M {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vmvnq_u32(a) }
    }
    #[inline(always)]
    fn any(self, a: Self::M) -> bool {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vmaxvq_u32(a) != 0 }
    }
    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vbslq_f32(m, a, b) }
    }
    #[inline(always)]
    fn splat_i(self, x: i32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vdupq_n_s32(x) }
    }
    #[inline(always)]
    fn to_bits(self, a: Self::F) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vreinterpretq_s32_f32(a) }
    }
    #[inline(always)]
    fn from_bits(self, a: Self::I) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vreinterpretq_f32_s32(a) }
    }
    #[inline(always)]
    fn to_int(self, a: Self::F) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vcvtnq_s32_f32(a) }
    }
    #[inline(always)]
    fn to_float(self, a: Self::I) -> Self::F {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vcvtq_f32_s32(a) }
    }
    #[inline(always)]
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vaddq_s32(a, b) }
    }
    #[inline(always)]
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vsubq_s32(a, b) }
    }
    #[inline(always)]
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vandq_s32(a, b) }
    }
    #[inline(always)]
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vorrq_s32(a, b) }
    }
    #[inline(always)]
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { veorq_s32(a, b) }
    }
    #[inline(always)]
    fn shl_i(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vshlq_s32(a, vdupq_n_s32(n as i32)) }
    }
    #[inline(always)]
    fn shr_i(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vshlq_s32(a, vdupq_n_s32(-(n as i32))) }
    }
    #[inline(always)]
    fn shr_u(self, a: Self::I, n: u32) -> Self::I {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-(n as i32)))) }
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe {
            let x = vadd_f32(vget_low_f32(a), vget_high_f32(a));
            vget_lane_f32::<0>(x) + vget_lane_f32::<1>(x)
        }
    }
    #[inline(always)]
    fn max_lane(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vmaxvq_f32(a) }
    }
    #[inline(always)]
    fn min_lane(self, a: Self::F) -> f32 {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vminvq_f32(a) }
    }
    #[inline(always)]
    fn splat_d(self, x: f64) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vdupq_n_f64(x) }
    }
    #[inline(always)]
    unsafe fn load_ptr_d(self, p: *const f64) -> Self::D {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { vld1q_f64(p) }
    }
    #[inline(always)]
    unsafe fn store_ptr_d(self, p: *mut f64, v: Self::D) {
        // SAFETY: the caller vouches for the pointer, and `self` for the instructions.
        unsafe { vst1q_f64(p, v) }
    }
    #[inline(always)]
    fn add_d(self, a: Self::D, b: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vaddq_f64(a, b) }
    }
    #[inline(always)]
    fn mul_d(self, a: Self::D, b: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vmulq_f64(a, b) }
    }
    #[inline(always)]
    fn fma_d(self, a: Self::D, b: Self::D, c: Self::D) -> Self::D {
        // SAFETY: the value `self` exists only where the instructions do.
        unsafe { vfmaq_f64(c, a, b) }
    }
}

/// Runs a kernel with NEON.
///
/// # Safety
/// The processor must have NEON.
#[target_feature(enable = "neon")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Neon(()))
}

/// As [`run`], never inlined.
///
/// # Safety
/// As for [`run`].
#[target_feature(enable = "neon")]
#[inline(never)]
unsafe fn outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Neon(()))
}
