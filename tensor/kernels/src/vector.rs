//! One plain loop, compiled once per instruction set and chosen at run time.
//!
//! A loop over slices whose body is a chain of `#[inline(always)]` scalar functions without branches is
//! vectorised by the compiler to within a tenth of hand-written intrinsics, on every instruction set,
//! and gives the same bits on all of them: the arithmetic is written with explicit fused multiply-adds,
//! which the compiler neither adds nor removes.

use crate::simd::{self, Kernel, Simd};

/// A loop to be compiled for several instruction sets.
///
/// `run` must be `#[inline(always)]`, as must everything it calls in its loop: code that stays a separate
/// function keeps the baseline instruction set.
pub trait Body {
    /// What the loop returns.
    type Out;
    /// The loop.
    fn run(self) -> Self::Out;
}

struct Plain<B>(B);

impl<B: Body> Kernel for Plain<B> {
    type Out = B::Out;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> B::Out {
        self.0.run()
    }
}

/// Runs the loop with the widest instruction set of this processor.
#[inline]
pub fn run<B: Body>(body: B) -> B::Out {
    simd::dispatch(Plain(body))
}

/// How loops over an element type are compiled.
///
/// f32 is compiled for every instruction set; the other types once, for the baseline: most of their time goes into
/// memory or into functions that do not vectorise, and each copy of a loop has its price in compile time and size.
pub trait Lane: Copy {
    /// Runs a loop over elements of this type.
    #[inline]
    fn run<B: Body>(body: B) -> B::Out {
        body.run()
    }
}

impl Lane for f32 {
    #[inline]
    fn run<B: Body>(body: B) -> B::Out {
        run(body)
    }
}

macro_rules! once {
    ($($t:ty),*) => { $(impl Lane for $t {})* };
}

once!(f64, half::f16, half::bf16, i8, i16, i32, i64, u8, u16, u32, u64, bool);
once!(num_complex::Complex<f32>, num_complex::Complex<f64>);
