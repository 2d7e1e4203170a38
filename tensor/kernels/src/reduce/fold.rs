//! The associative operations that reductions are made of.

use crate::dtype::Element;
use crate::math::{Float, select};
use crate::vector::Lane;
use num_complex::Complex;

/// An associative operation with a neutral element, and a function applied to the elements first.
pub(crate) trait Fold<T: Copy>: Copy + Sync {
    fn identity(self) -> T;
    fn op(self, a: T, b: T) -> T;
    #[inline(always)]
    fn leaf(self, x: T) -> T {
        x
    }
}

/// Numbers with sums, products and (but for complex ones) an order, under one set of names.
pub trait Number: Element + Lane {
    const LOWEST: Self;
    const HIGHEST: Self;
    fn plus(self, b: Self) -> Self;
    fn times(self, b: Self) -> Self;
    fn larger(self, b: Self) -> Self;
    fn smaller(self, b: Self) -> Self;
    fn to_wide(self) -> i64;
    fn from_wide(v: i64) -> Self;
}

macro_rules! float {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const LOWEST: Self = <$t>::NEG_INFINITY;
            const HIGHEST: Self = <$t>::INFINITY;
            #[inline(always)]
            fn plus(self, b: Self) -> Self { self + b }
            #[inline(always)]
            fn times(self, b: Self) -> Self { self * b }
            #[inline(always)]
            fn larger(self, b: Self) -> Self { self.max_nan(b) }
            #[inline(always)]
            fn smaller(self, b: Self) -> Self { self.min_nan(b) }
            fn to_wide(self) -> i64 { self as i64 }
            fn from_wide(v: i64) -> Self { v as $t }
        }
    )*};
}

macro_rules! integer {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const LOWEST: Self = <$t>::MIN;
            const HIGHEST: Self = <$t>::MAX;
            #[inline(always)]
            fn plus(self, b: Self) -> Self { self.wrapping_add(b) }
            #[inline(always)]
            fn times(self, b: Self) -> Self { self.wrapping_mul(b) }
            #[inline(always)]
            fn larger(self, b: Self) -> Self { self.max(b) }
            #[inline(always)]
            fn smaller(self, b: Self) -> Self { self.min(b) }
            fn to_wide(self) -> i64 { self as i64 }
            fn from_wide(v: i64) -> Self { v as $t }
        }
    )*};
}

macro_rules! complex {
    ($($t:ty),*) => {$(
        impl Number for Complex<$t> {
            // Complex numbers have no order; reductions that need one refuse them.
            const LOWEST: Self = Complex::new(0.0, 0.0);
            const HIGHEST: Self = Complex::new(0.0, 0.0);
            #[inline(always)]
            fn plus(self, b: Self) -> Self { self + b }
            #[inline(always)]
            fn times(self, b: Self) -> Self { self * b }
            fn larger(self, _: Self) -> Self { self }
            fn smaller(self, _: Self) -> Self { self }
            fn to_wide(self) -> i64 { self.re as i64 }
            fn from_wide(v: i64) -> Self { Complex::new(v as $t, 0.0) }
        }
    )*};
}

float!(f32, f64);
integer!(i8, i16, i32, i64, u8, u16, u32, u64);
complex!(f32, f64);

#[derive(Clone, Copy)]
pub(crate) struct Plus;
#[derive(Clone, Copy)]
pub(crate) struct Times;
#[derive(Clone, Copy)]
pub(crate) struct Max;
#[derive(Clone, Copy)]
pub(crate) struct Min;
/// The sum of squares.
#[derive(Clone, Copy)]
pub(crate) struct Squares;
#[derive(Clone, Copy)]
pub(crate) struct Or;
#[derive(Clone, Copy)]
pub(crate) struct And;

impl<T: Number> Fold<T> for Plus {
    #[inline(always)]
    fn identity(self) -> T {
        T::ZERO
    }
    #[inline(always)]
    fn op(self, a: T, b: T) -> T {
        a.plus(b)
    }
}

impl<T: Number> Fold<T> for Squares {
    #[inline(always)]
    fn identity(self) -> T {
        T::ZERO
    }
    #[inline(always)]
    fn op(self, a: T, b: T) -> T {
        a.plus(b)
    }
    #[inline(always)]
    fn leaf(self, x: T) -> T {
        x.times(x)
    }
}

impl<T: Number> Fold<T> for Times {
    #[inline(always)]
    fn identity(self) -> T {
        T::ONE
    }
    #[inline(always)]
    fn op(self, a: T, b: T) -> T {
        a.times(b)
    }
}

impl<T: Number> Fold<T> for Max {
    #[inline(always)]
    fn identity(self) -> T {
        T::LOWEST
    }
    #[inline(always)]
    fn op(self, a: T, b: T) -> T {
        a.larger(b)
    }
}

impl<T: Number> Fold<T> for Min {
    #[inline(always)]
    fn identity(self) -> T {
        T::HIGHEST
    }
    #[inline(always)]
    fn op(self, a: T, b: T) -> T {
        a.smaller(b)
    }
}

impl Fold<bool> for Or {
    #[inline(always)]
    fn identity(self) -> bool {
        false
    }
    #[inline(always)]
    fn op(self, a: bool, b: bool) -> bool {
        select(a, true, b)
    }
}

impl Fold<bool> for And {
    #[inline(always)]
    fn identity(self) -> bool {
        true
    }
    #[inline(always)]
    fn op(self, a: bool, b: bool) -> bool {
        select(a, b, false)
    }
}
