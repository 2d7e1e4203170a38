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
