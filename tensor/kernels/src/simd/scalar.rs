//! Portable vectors of four lanes: plain arrays, which the compiler maps to whatever the target has.

use super::{Kernel, Level, Simd};

/// The portable instruction set.
#[derive(Clone, Copy)]
pub struct Scalar;

#[inline(always)]
fn map(a: [f32; 4], f: impl Fn(f32) -> f32) -> [f32; 4] {
    [f(a[0]), f(a[1]), f(a[2]), f(a[3])]
}

#[inline(always)]
fn zip<A: Copy, B: Copy, R>(a: [A; 4], b: [B; 4], f: impl Fn(A, B) -> R) -> [R; 4] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

impl Simd for Scalar {
    type F = [f32; 4];
    type I = [i32; 4];
    type M = [bool; 4];
    type D = [f64; 2];
    const LANES: usize = 4;
    const LEVEL: Level = Level::Scalar;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn outline<K: Kernel>(self, kernel: K) -> K::Out {
        outlined(kernel)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn load_ptr(self, p: *const f32) -> [f32; 4] {
        // SAFETY: the caller vouches for four values; arrays of f32 need no more alignment than one.
        unsafe { p.cast::<[f32; 4]>().read() }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, p: *mut f32, v: [f32; 4]) {
        // SAFETY: as in `load_ptr`.
        unsafe { p.cast::<[f32; 4]>().write(v) }
    }
    #[inline(always)]
    unsafe fn load_ptr_n(self, p: *const f32, n: usize) -> [f32; 4] {
        let mut v = [0.0; 4];
        for (i, v) in v.iter_mut().enumerate().take(n) {
            // SAFETY: i < n, and the caller vouches for n values.
            *v = unsafe { p.add(i).read() };
        }
        v
    }
    #[inline(always)]
    unsafe fn store_ptr_n(self, p: *mut f32, n: usize, v: [f32; 4]) {
        for (i, v) in v.iter().enumerate().take(n) {
            // SAFETY: i < n, and the caller vouches for n values.
            unsafe { p.add(i).write(*v) }
        }
    }
    #[inline(always)]
    unsafe fn stream_ptr(self, p: *mut f32, v: [f32; 4]) {
        // SAFETY: the caller vouches for four values.
        unsafe { self.store_ptr(p, v) }
    }
    #[inline(always)]
    fn fence(self) {}

    #[inline(always)]
    fn add(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a / b)
    }
    // Not `mul_add`: without the instruction it is a library call, a hundred times slower.
    #[inline(always)]
    fn fma(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        self.add(self.mul(a, b), c)
    }
    #[inline(always)]
    fn fnma(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        self.sub(c, self.mul(a, b))
    }
    #[inline(always)]
    fn min(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn abs(self, a: [f32; 4]) -> [f32; 4] {
        map(a, f32::abs)
    }
    #[inline(always)]
    fn neg(self, a: [f32; 4]) -> [f32; 4] {
        map(a, |a| -a)
    }
    #[inline(always)]
    fn sqrt(self, a: [f32; 4]) -> [f32; 4] {
        map(a, f32::sqrt)
    }
    #[inline(always)]
    fn round(self, a: [f32; 4]) -> [f32; 4] {
        map(a, f32::round_ties_even)
    }
    #[inline(always)]
    fn floor(self, a: [f32; 4]) -> [f32; 4] {
        map(a, f32::floor)
    }

    #[inline(always)]
    fn lt(self, a: [f32; 4], b: [f32; 4]) -> [bool; 4] {
        zip(a, b, |a, b| a < b)
    }
    #[inline(always)]
    fn le(self, a: [f32; 4], b: [f32; 4]) -> [bool; 4] {
        zip(a, b, |a, b| a <= b)
    }
    #[inline(always)]
    fn eq(self, a: [f32; 4], b: [f32; 4]) -> [bool; 4] {
        zip(a, b, |a, b| a == b)
    }
    #[inline(always)]
    fn and(self, a: [bool; 4], b: [bool; 4]) -> [bool; 4] {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or(self, a: [bool; 4], b: [bool; 4]) -> [bool; 4] {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn not(self, a: [bool; 4]) -> [bool; 4] {
        [!a[0], !a[1], !a[2], !a[3]]
    }
    #[inline(always)]
    fn any(self, a: [bool; 4]) -> bool {
        a[0] | a[1] | a[2] | a[3]
    }
    #[inline(always)]
    fn select(self, m: [bool; 4], a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if m[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn splat_i(self, x: i32) -> [i32; 4] {
        [x; 4]
    }
    #[inline(always)]
    fn to_bits(self, a: [f32; 4]) -> [i32; 4] {
        a.map(|a| a.to_bits() as i32)
    }
    #[inline(always)]
    fn from_bits(self, a: [i32; 4]) -> [f32; 4] {
        a.map(|a| f32::from_bits(a as u32))
    }
    #[inline(always)]
    fn to_int(self, a: [f32; 4]) -> [i32; 4] {
        a.map(|a| a.round_ties_even() as i32)
    }
    #[inline(always)]
    fn to_float(self, a: [i32; 4]) -> [f32; 4] {
        a.map(|a| a as f32)
    }
    #[inline(always)]
    fn add_i(self, a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    fn sub_i(self, a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, i32::wrapping_sub)
    }
    #[inline(always)]
    fn and_i(self, a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or_i(self, a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn xor_i(self, a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    fn shl_i(self, a: [i32; 4], n: u32) -> [i32; 4] {
        a.map(|a| a.wrapping_shl(n))
    }
    #[inline(always)]
    fn shr_i(self, a: [i32; 4], n: u32) -> [i32; 4] {
        a.map(|a| a.wrapping_shr(n))
    }
    #[inline(always)]
    fn shr_u(self, a: [i32; 4], n: u32) -> [i32; 4] {
        a.map(|a| (a as u32).wrapping_shr(n) as i32)
    }

    #[inline(always)]
    fn sum(self, a: [f32; 4]) -> f32 {
        (a[0] + a[2]) + (a[1] + a[3])
    }
    #[inline(always)]
    fn max_lane(self, a: [f32; 4]) -> f32 {
        a[0].max(a[1]).max(a[2].max(a[3]))
    }
    #[inline(always)]
    fn min_lane(self, a: [f32; 4]) -> f32 {
        a[0].min(a[1]).min(a[2].min(a[3]))
    }

    #[inline(always)]
    fn splat_d(self, x: f64) -> [f64; 2] {
        [x; 2]
    }
    #[inline(always)]
    unsafe fn load_ptr_d(self, p: *const f64) -> [f64; 2] {
        // SAFETY: the caller vouches for two values.
        unsafe { p.cast::<[f64; 2]>().read() }
    }
    #[inline(always)]
    unsafe fn store_ptr_d(self, p: *mut f64, v: [f64; 2]) {
        // SAFETY: the caller vouches for two values.
        unsafe { p.cast::<[f64; 2]>().write(v) }
    }
    #[inline(always)]
    fn add_d(self, a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
        [a[0] + b[0], a[1] + b[1]]
    }
    #[inline(always)]
    fn mul_d(self, a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
        [a[0] * b[0], a[1] * b[1]]
    }
    #[inline(always)]
    fn fma_d(self, a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> [f64; 2] {
        self.add_d(self.mul_d(a, b), c)
    }
}

#[inline(never)]
fn outlined<K: Kernel>(kernel: K) -> K::Out {
    kernel.run(Scalar)
}
