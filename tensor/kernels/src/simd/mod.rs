//! One SIMD trait, four instruction sets, one run-time choice.
//!
//! A kernel is written once, generic over [`Simd`], and compiled once per instruction set:
//!
//! ```
//! use gradus_kernels::simd::{self, Kernel, Simd};
//!
//! struct Scale<'a> { x: &'a mut [f32], by: f32 }
//!
//! impl Kernel for Scale<'_> {
//!     type Out = ();
//!     #[inline(always)]
//!     fn run<S: Simd>(self, s: S) {
//!         let by = s.splat(self.by);
//!         let mut chunks = self.x.chunks_exact_mut(S::LANES);
//!         for c in &mut chunks {
//!             s.store(c, s.mul(s.load(c), by));
//!         }
//!         let tail = chunks.into_remainder();
//!         s.store_tail(tail, s.mul(s.load_tail(tail), by));
//!     }
//! }
//!
//! let mut x = [1.0, 2.0, 3.0];
//! simd::dispatch(Scale { x: &mut x, by: 2.0 });
//! assert_eq!(x, [2.0, 4.0, 6.0]);
//! ```
//!
//! [`dispatch`] calls `run` inside a function that has the instruction set enabled. That only helps code
//! which is inlined into it, so `run` and everything it calls must be `#[inline(always)]`.
//!
//! The values of `S` are proofs: only this module makes them, and only after the processor was asked.
//! That is why the arithmetic methods are safe.
//!
//! Fused multiply-add rounds once on AVX-512, AVX2 and NEON, and twice in the portable implementation, so
//! results agree between instruction sets to a few units in the last place, not to the bit.

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod avx2;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod avx512;
#[cfg(all(target_arch = "aarch64", not(miri)))]
mod neon;
mod scalar;

use std::cell::Cell;
use std::sync::OnceLock;

/// Instruction sets, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Portable code, four lanes; what the compiler's baseline target makes of it.
    Scalar,
    /// 128-bit NEON (aarch64), four lanes.
    Neon,
    /// AVX2 and FMA (x86-64), eight lanes.
    Avx2,
    /// AVX-512 F, BW, DQ and VL (x86-64), sixteen lanes.
    Avx512,
}

/// Vectors of one instruction set.
///
/// `F` holds `LANES` f32 values, `I` as many i32 values, `M` as many booleans, and `D` holds `LANES / 2`
/// f64 values. Comparisons with NaN are false.
pub trait Simd: Copy + Send + Sync + 'static {
    /// f32 vector.
    type F: Copy;
    /// i32 vector with as many lanes as `F`.
    type I: Copy;
    /// One boolean per lane of `F`.
    type M: Copy;
    /// f64 vector with half as many lanes as `F`.
    type D: Copy;

    /// Number of f32 lanes.
    const LANES: usize;
    /// The instruction set.
    const LEVEL: Level;
    /// Number of vector registers, which bounds the tiles of the matrix kernels.
    const REGISTERS: usize;

    /// Runs a kernel as a function of its own: its loops get all registers, and are compiled once
    /// however often they are used.
    fn outline<K: Kernel>(self, kernel: K) -> K::Out;

    /// All lanes equal to `x`.
    fn splat(self, x: f32) -> Self::F;
    /// All lanes zero.
    #[inline(always)]
    fn zero(self) -> Self::F {
        self.splat(0.0)
    }
    /// The lanes from `p` on, at any alignment.
    ///
    /// # Safety
    /// `p` must be valid for reading `LANES` values.
    unsafe fn load_ptr(self, p: *const f32) -> Self::F;
    /// Writes the lanes from `p` on, at any alignment.
    ///
    /// # Safety
    /// `p` must be valid for writing `LANES` values.
    unsafe fn store_ptr(self, p: *mut f32, v: Self::F);
    /// The first `n` lanes from `p` on; the others are zero.
    ///
    /// # Safety
    /// `n <= LANES`, and `p` must be valid for reading `n` values.
    unsafe fn load_ptr_n(self, p: *const f32, n: usize) -> Self::F;
    /// Writes the first `n` lanes.
    ///
    /// # Safety
    /// `n <= LANES`, and `p` must be valid for writing `n` values.
    unsafe fn store_ptr_n(self, p: *mut f32, n: usize, v: Self::F);
    /// Writes past the caches. Worth it for results larger than the second-level cache that are not read
    /// again soon. Call [`fence`](Simd::fence) before other threads may read them.
    ///
    /// # Safety
    /// `p` must be valid for writing `LANES` values and aligned to the vector (64 bytes always suffice).
    unsafe fn stream_ptr(self, p: *mut f32, v: Self::F);
    /// Orders streaming stores before everything that follows.
    fn fence(self);

    /// The first `LANES` values of `x`. Panics when there are fewer.
    #[inline(always)]
    fn load(self, x: &[f32]) -> Self::F {
        assert!(x.len() >= Self::LANES);
        // SAFETY: the slice has at least LANES values.
        unsafe { self.load_ptr(x.as_ptr()) }
    }
    /// Writes the first `LANES` values of `x`. Panics when there are fewer.
    #[inline(always)]
    fn store(self, x: &mut [f32], v: Self::F) {
        assert!(x.len() >= Self::LANES);
        // SAFETY: the slice has at least LANES values.
        unsafe { self.store_ptr(x.as_mut_ptr(), v) }
    }
    /// All of `x`, the other lanes zero. Panics when `x` is longer than `LANES`.
    #[inline(always)]
    fn load_tail(self, x: &[f32]) -> Self::F {
        assert!(x.len() <= Self::LANES);
        // SAFETY: exactly the slice is read.
        unsafe { self.load_ptr_n(x.as_ptr(), x.len()) }
    }
    /// Overwrites all of `x` with the first lanes. Panics when `x` is longer than `LANES`.
    #[inline(always)]
    fn store_tail(self, x: &mut [f32], v: Self::F) {
        assert!(x.len() <= Self::LANES);
        // SAFETY: exactly the slice is written.
        unsafe { self.store_ptr_n(x.as_mut_ptr(), x.len(), v) }
    }

    /// `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a / b`.
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once where the processor can.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `c - a * b`, rounded once where the processor can.
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `if a < b { a } else { b }`: the second operand when either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a > b { a } else { b }`: the second operand when either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// Absolute value.
    fn abs(self, a: Self::F) -> Self::F;
    /// Negation (also of zeros).
    fn neg(self, a: Self::F) -> Self::F;
    /// Square root, correctly rounded.
    fn sqrt(self, a: Self::F) -> Self::F;
    /// Nearest integer, ties to even.
    fn round(self, a: Self::F) -> Self::F;
    /// Largest integer not above.
    fn floor(self, a: Self::F) -> Self::F;

    /// `a < b`.
    fn lt(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a <= b`.
    fn le(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a == b`.
    fn eq(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a > b`.
    #[inline(always)]
    fn gt(self, a: Self::F, b: Self::F) -> Self::M {
        self.lt(b, a)
    }
    /// `a >= b`.
    #[inline(always)]
    fn ge(self, a: Self::F, b: Self::F) -> Self::M {
        self.le(b, a)
    }
    /// Both.
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    /// Either.
    fn or(self, a: Self::M, b: Self::M) -> Self::M;
    /// Neither of `a`.
    fn not(self, a: Self::M) -> Self::M;
    /// True when some lane is true.
    fn any(self, a: Self::M) -> bool;
    /// `a` where `m`, else `b`.
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F;

    /// All lanes equal to `x`.
    fn splat_i(self, x: i32) -> Self::I;
    /// The bits of the lanes.
    fn to_bits(self, a: Self::F) -> Self::I;
    /// The floats with these bits.
    #[allow(clippy::wrong_self_convention)]
    fn from_bits(self, a: Self::I) -> Self::F;
    /// Nearest integers, ties to even; unspecified outside the range of i32.
    fn to_int(self, a: Self::F) -> Self::I;
    /// Nearest floats.
    fn to_float(self, a: Self::I) -> Self::F;
    /// Wrapping sum.
    fn add_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Wrapping difference.
    fn sub_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Bitwise and.
    fn and_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Bitwise or.
    fn or_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Bitwise exclusive or.
    fn xor_i(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shift left by `n < 32`.
    fn shl_i(self, a: Self::I, n: u32) -> Self::I;
    /// Arithmetic shift right by `n < 32`.
    fn shr_i(self, a: Self::I, n: u32) -> Self::I;
    /// Logical shift right by `n < 32`.
    fn shr_u(self, a: Self::I, n: u32) -> Self::I;

    /// Transposes a block of `LANES` rows of `LANES` values: `dst[j][i] = src[i][j]`.
    ///
    /// # Safety
    /// `src + i * src_stride` must be valid for reading and `dst + i * dst_stride` for writing `LANES`
    /// values for every `i < LANES`, and the two may not overlap.
    #[inline(always)]
    unsafe fn transpose_ptr(self, src: *const f32, src_stride: usize, dst: *mut f32, dst_stride: usize) {
        for i in 0..Self::LANES {
            for j in 0..Self::LANES {
                // SAFETY: i and j are below LANES, so the caller vouches for both places.
                unsafe { *dst.add(j * dst_stride + i) = *src.add(i * src_stride + j) }
            }
        }
    }

    /// Sum of the lanes, by halves: always the same order.
    fn sum(self, a: Self::F) -> f32;
    /// Largest lane; unspecified with NaN.
    fn max_lane(self, a: Self::F) -> f32;
    /// Smallest lane; unspecified with NaN.
    fn min_lane(self, a: Self::F) -> f32;

    /// All f64 lanes equal to `x`.
    fn splat_d(self, x: f64) -> Self::D;
    /// `LANES / 2` f64 values from `p` on, at any alignment.
    ///
    /// # Safety
    /// `p` must be valid for reading `LANES / 2` values.
    unsafe fn load_ptr_d(self, p: *const f64) -> Self::D;
    /// Writes `LANES / 2` f64 values, at any alignment.
    ///
    /// # Safety
    /// `p` must be valid for writing `LANES / 2` values.
    unsafe fn store_ptr_d(self, p: *mut f64, v: Self::D);
    /// `a + b`.
    fn add_d(self, a: Self::D, b: Self::D) -> Self::D;
    /// `a * b`.
    fn mul_d(self, a: Self::D, b: Self::D) -> Self::D;
    /// `a * b + c`, rounded once where the processor can.
    fn fma_d(self, a: Self::D, b: Self::D, c: Self::D) -> Self::D;
}

/// Code that [`dispatch`] compiles once per instruction set.
pub trait Kernel {
    /// What the kernel returns.
    type Out;
    /// The kernel; must be `#[inline(always)]`, see the [module](self).
    fn run<S: Simd>(self, s: S) -> Self::Out;
}

/// Runs a kernel with the best instruction set of this processor (or the one of [`with_level`]).
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Out {
    match level() {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: `level` is only ever one that `available` found.
        Level::Avx512 => unsafe { avx512::run(kernel) },
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::run(kernel) },
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        // SAFETY: NEON is part of every aarch64 target that has the standard library.
        Level::Neon => unsafe { neon::run(kernel) },
        _ => kernel.run(scalar::Scalar),
    }
}

/// The instruction sets that this processor has, weakest first.
pub fn available() -> &'static [Level] {
    static FOUND: OnceLock<Vec<Level>> = OnceLock::new();
    FOUND.get_or_init(|| {
        #[allow(unused_mut)]
        let mut found = vec![Level::Scalar];
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        found.push(Level::Neon);
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 {
                found.push(Level::Avx2);
            }
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                found.push(Level::Avx512);
            }
        }
        found
    })
}

/// The best available level, or the one named by the environment variable `GRADUS_SIMD`
/// (`scalar`, `neon`, `avx2`, `avx512`; a missing or unavailable one is ignored).
fn default_level() -> Level {
    static DEFAULT: OnceLock<Level> = OnceLock::new();
    *DEFAULT.get_or_init(|| {
        let best = available().iter().copied().max().unwrap_or(Level::Scalar);
        let asked = match std::env::var("GRADUS_SIMD").as_deref() {
            Ok("scalar") => Level::Scalar,
            Ok("neon") => Level::Neon,
            Ok("avx2") => Level::Avx2,
            Ok("avx512") => Level::Avx512,
            _ => best,
        };
        if available().contains(&asked) { asked } else { best }
    })
}

thread_local! {
    static CHOSEN: Cell<Option<Level>> = const { Cell::new(None) };
}

/// The level that [`dispatch`] uses on this thread.
#[inline]
pub fn level() -> Level {
    CHOSEN.get().unwrap_or_else(default_level)
}

/// Runs `f` with kernels of another level, on this thread and on the workers that serve it.
///
/// For tests and measurements. Panics when the processor does not have the level.
pub fn with_level<R>(level: Level, f: impl FnOnce() -> R) -> R {
    assert!(available().contains(&level), "this processor has no {level:?}; it has {:?}", available());
    let _restore = Restore(CHOSEN.replace(Some(level)));
    f()
}

/// Takes over the level of the thread that this one works for.
pub(crate) fn adopt<R>(level: Level, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(CHOSEN.replace(Some(level)));
    f()
}

struct Restore(Option<Level>);

impl Drop for Restore {
    fn drop(&mut self) {
        CHOSEN.set(self.0);
    }
}

#[cfg(test)]
mod tests;
