//! Products of integers and complex numbers: rows of B, scaled and added.
//!
//! For every row of C, the rows of B pass in order; the inner loop runs along contiguous rows, which the
//! compiler vectorises. With a transposed B it is a dot product per value. Integers wrap.

use super::{Activation, Epilogue, Gemm};
use crate::dtype::Element;
use half::{bf16, f16};
use num_complex::Complex;

/// The element types that products are defined for: all but bool.
pub trait Number: Element {
    /// A product that [`gemm`](super::gemm) has checked.
    #[doc(hidden)]
    fn product(shape: &Gemm, a: &[Self], b: &[Self], c: &mut [Self], epilogue: &Epilogue<'_, Self>);
    /// `self + a * b`; integers wrap.
    #[doc(hidden)]
    fn plus_product(self, a: Self, b: Self) -> Self;
    /// The activation of one value.
    #[doc(hidden)]
    fn activate(self, activation: Activation) -> Self {
        assert!(activation == Activation::None, "gemm: {activation:?} is not defined for {}", Self::DTYPE);
        self
    }
}

macro_rules! real {
    ($($t:ty)*) => {$(
        impl Number for $t {
            fn product(shape: &Gemm, a: &[$t], b: &[$t], c: &mut [$t], epilogue: &Epilogue<'_, $t>) {
                super::real(shape, a, b, c, epilogue);
            }
            #[inline(always)]
            fn plus_product(self, a: $t, b: $t) -> $t {
                self + a * b
            }
        }
    )*};
}
real!(f32 f64);

macro_rules! narrow {
    ($($t:ty)*) => {$(
        impl Number for $t {
            fn product(shape: &Gemm, a: &[$t], b: &[$t], c: &mut [$t], epilogue: &Epilogue<'_, $t>) {
                super::widened(shape, a, b, c, epilogue);
            }
            #[inline(always)]
            fn plus_product(self, a: $t, b: $t) -> $t {
                self + a * b
            }
        }
    )*};
}
narrow!(f16 bf16);

macro_rules! integer {
    ($($t:ty)*) => {$(
        impl Number for $t {
            fn product(shape: &Gemm, a: &[$t], b: &[$t], c: &mut [$t], epilogue: &Epilogue<'_, $t>) {
                plain(shape, a, b, c, epilogue);
            }
            #[inline(always)]
            fn plus_product(self, a: $t, b: $t) -> $t {
                self.wrapping_add(a.wrapping_mul(b))
            }
            #[inline(always)]
            #[allow(unused_comparisons)]
            fn activate(self, activation: Activation) -> $t {
                match activation {
                    Activation::None => self,
                    Activation::Relu => if self < 0 { 0 } else { self },
                    Activation::Relu6 => self.clamp(0, 6),
                    other => panic!("gemm: {other:?} is not defined for {}", Self::DTYPE),
                }
            }
        }
    )*};
}
integer!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! complex {
    ($($t:ty)*) => {$(
        impl Number for Complex<$t> {
            fn product(shape: &Gemm, a: &[Self], b: &[Self], c: &mut [Self], epilogue: &Epilogue<'_, Self>) {
                plain(shape, a, b, c, epilogue);
            }
            #[inline(always)]
            fn plus_product(self, a: Self, b: Self) -> Self {
                self + a * b
            }
        }
    )*};
}
complex!(f32 f64);

fn plain<T: Number>(shape: &Gemm, a: &[T], b: &[T], c: &mut [T], epilogue: &Epilogue<'_, T>) {
    let g = *shape;
    super::by_rows(shape, c, |member, i, row| {
        let a = &a[member * g.stride_a..];
        let b = &b[member * g.stride_b..];
        let at = |p: usize| if g.trans_a { a[p * g.lda + i] } else { a[i * g.lda + p] };
        if !epilogue.accumulate {
            row.fill(T::ZERO);
        }
        if g.trans_b {
            for (j, v) in row.iter_mut().enumerate() {
                let b = &b[j * g.ldb..];
                *v = (0..g.k).fold(*v, |sum, p| sum.plus_product(at(p), b[p]));
            }
        } else {
            for p in 0..g.k {
                let (x, b) = (at(p), &b[p * g.ldb..][..g.n]);
                row.iter_mut().zip(b).for_each(|(v, &y)| *v = v.plus_product(x, y));
            }
        }
        if let Some(bias) = epilogue.bias {
            row.iter_mut().zip(bias).for_each(|(v, &y)| *v = v.plus_product(T::ONE, y));
        }
        if epilogue.activation != Activation::None {
            row.iter_mut().for_each(|v| *v = v.activate(epilogue.activation));
        }
    });
}
