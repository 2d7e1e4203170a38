//! Scalar functions made to be vectorised: no branches, no tables, no calls.
//!
//! The f32 functions are polynomials after argument reduction; the largest error of each, in units in the
//! last place against f64, stands at its name and is checked by the tests. The f64 functions are
//! those of the standard library and `libm`. Functions that are rarely used in f32 go through f64.

mod exp;
mod log;
mod pow;
mod trig;

use crate::dtype::Element;
use crate::special;
use crate::vector::Lane;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

/// `a` where `c`, else `b`; written so that the compiler makes a select of it.
#[inline(always)]
pub(crate) fn select<T: Copy>(c: bool, a: T, b: T) -> T {
    if c { a } else { b }
}

/// f32 and f64 with the functions that kernels use. Every method is inlined into the loop around it.
pub trait Float:
    Element
    + crate::instances::FloatInstances
    + Lane
    + PartialOrd
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
{
    /// Positive infinity.
    const INFINITY: Self;
    /// Arguments beyond this magnitude lose accuracy in [`sin`](Float::sin), [`cos`](Float::cos) and
    /// [`tan`](Float::tan) and need the `far` versions.
    const TRIG_LIMIT: f64;
    /// A constant.
    fn lit(v: f64) -> Self;
    /// As f64.
    fn wide(self) -> f64;
    /// self * a + b, rounded once.
    fn fma(self, a: Self, b: Self) -> Self;
    /// Magnitude.
    fn abs(self) -> Self;
    /// Magnitude of self, sign of `s`.
    fn copysign(self, s: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Largest integer not above.
    fn floor(self) -> Self;
    /// Smallest integer not below.
    fn ceil(self) -> Self;
    /// Integer part.
    fn trunc(self) -> Self;
    /// Nearest integer, halves to even.
    fn round_even(self) -> Self;
    /// e^x: 1 ulp in f32.
    fn exp(self) -> Self;
    /// e^x - 1: 2 ulp in f32.
    fn expm1(self) -> Self;
    /// Natural logarithm: 1 ulp in f32.
    fn ln(self) -> Self;
    /// ln(1 + x): 2 ulp in f32.
    fn ln_1p(self) -> Self;
    /// Sine: 2 ulp in f32, for |x| up to the limit.
    fn sin(self) -> Self;
    /// Cosine: 2 ulp in f32, for |x| up to the limit.
    fn cos(self) -> Self;
    /// Tangent: 4 ulp in f32, for |x| up to the limit.
    fn tan(self) -> Self;
    /// Arc sine: 3 ulp in f32.
    fn asin(self) -> Self;
    /// Arc cosine: 3 ulp in f32.
    fn acos(self) -> Self;
    /// Arc tangent: 3 ulp in f32.
    fn atan(self) -> Self;
    /// Hyperbolic sine: 3 ulp in f32.
    fn sinh(self) -> Self;
    /// Hyperbolic cosine: 2 ulp in f32.
    fn cosh(self) -> Self;
    /// Hyperbolic tangent: 3 ulp in f32.
    fn tanh(self) -> Self;
    /// Inverse hyperbolic sine: 4 ulp in f32.
    fn asinh(self) -> Self;
    /// Inverse hyperbolic cosine: 4 ulp in f32.
    fn acosh(self) -> Self;
    /// Inverse hyperbolic tangent: 4 ulp in f32.
    fn atanh(self) -> Self;
    /// Error function: 2 ulp in f32.
    fn erf(self) -> Self;
    /// x^y after IEEE 754: 1 ulp in f32.
    fn pow(self, y: Self) -> Self;
    /// Angle of the point (x, y).
    fn atan2(self, x: Self) -> Self;
    /// Length of (x, y) without overflow.
    fn hypot(self, y: Self) -> Self;
    /// The next representable value towards `to`.
    fn next_after(self, to: Self) -> Self;
    /// A function of f64, rounded.
    #[inline(always)]
    fn via(self, f: fn(f64) -> f64) -> Self {
        Self::lit(f(self.wide()))
    }

    /// The larger; NaN when either is.
    #[inline(always)]
    fn max_nan(self, b: Self) -> Self {
        let m = select(self > b, self, b);
        select(self.is_nan(), self, m)
    }
    /// The smaller; NaN when either is.
    #[inline(always)]
    fn min_nan(self, b: Self) -> Self {
        let m = select(self < b, self, b);
        select(self.is_nan(), self, m)
    }
    /// True for NaN.
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn is_nan(self) -> bool {
        self != self
    }
    /// 1 / (1 + e^-x): 3 ulp in f32.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let e = (-self.abs()).exp();
        select(self >= Self::ZERO, Self::ONE, e) / (Self::ONE + e)
    }
    /// ln(1 + e^x): 3 ulp in f32.
    #[inline(always)]
    fn softplus(self) -> Self {
        let e = (-self.abs()).exp();
        // A NaN comes through `e`.
        select(self > Self::ZERO, self, Self::ZERO) + e.ln_1p()
    }
    /// x mod y with the sign of y.
    #[inline(always)]
    fn floor_mod(self, b: Self) -> Self {
        let r = self % b;
        let off = (r != Self::ZERO) & ((r < Self::ZERO) != (b < Self::ZERO));
        select(off, r + b, r)
    }
}

impl Float for f32 {
    const INFINITY: f32 = f32::INFINITY;
    const TRIG_LIMIT: f64 = trig::LIMIT as f64;

    #[inline(always)]
    fn lit(v: f64) -> f32 {
        v as f32
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn fma(self, a: f32, b: f32) -> f32 {
        self.mul_add(a, b)
    }
    #[inline(always)]
    fn abs(self) -> f32 {
        self.abs()
    }
    #[inline(always)]
    fn copysign(self, s: f32) -> f32 {
        self.copysign(s)
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        self.sqrt()
    }
    #[inline(always)]
    fn floor(self) -> f32 {
        self.floor()
    }
    #[inline(always)]
    fn ceil(self) -> f32 {
        self.ceil()
    }
    #[inline(always)]
    fn trunc(self) -> f32 {
        self.trunc()
    }
    #[inline(always)]
    fn round_even(self) -> f32 {
        self.round_ties_even()
    }
    #[inline(always)]
    fn exp(self) -> f32 {
        exp::exp(self, 0)
    }
    #[inline(always)]
    fn expm1(self) -> f32 {
        exp::expm1(self)
    }
    #[inline(always)]
    fn ln(self) -> f32 {
        log::ln(self)
    }
    #[inline(always)]
    fn ln_1p(self) -> f32 {
        log::ln_1p(self)
    }
    #[inline(always)]
    fn sin(self) -> f32 {
        trig::sin(self)
    }
    #[inline(always)]
    fn cos(self) -> f32 {
        trig::cos(self)
    }
    #[inline(always)]
    fn tan(self) -> f32 {
        trig::tan(self)
    }
    #[inline(always)]
    fn asin(self) -> f32 {
        trig::asin(self)
    }
    #[inline(always)]
    fn acos(self) -> f32 {
        trig::acos(self)
    }
    #[inline(always)]
    fn atan(self) -> f32 {
        trig::atan(self)
    }
    #[inline(always)]
    fn sinh(self) -> f32 {
        exp::sinh(self)
    }
    #[inline(always)]
    fn cosh(self) -> f32 {
        exp::cosh(self)
    }
    #[inline(always)]
    fn tanh(self) -> f32 {
        exp::tanh(self)
    }
    #[inline(always)]
    fn asinh(self) -> f32 {
        log::asinh(self)
    }
    #[inline(always)]
    fn acosh(self) -> f32 {
        log::acosh(self)
    }
    #[inline(always)]
    fn atanh(self) -> f32 {
        log::atanh(self)
    }
    #[inline(always)]
    fn erf(self) -> f32 {
        exp::erf(self)
    }
    #[inline(always)]
    fn pow(self, y: f32) -> f32 {
        pow::pow(self, y)
    }
    #[inline(always)]
    fn atan2(self, x: f32) -> f32 {
        f32::atan2(self, x)
    }
    #[inline(always)]
    fn hypot(self, y: f32) -> f32 {
        f32::hypot(self, y)
    }
    #[inline(always)]
    fn next_after(self, to: f32) -> f32 {
        libm::nextafterf(self, to)
    }
}

impl Float for f64 {
    const INFINITY: f64 = f64::INFINITY;
    const TRIG_LIMIT: f64 = f64::INFINITY;

    #[inline(always)]
    fn lit(v: f64) -> f64 {
        v
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn fma(self, a: f64, b: f64) -> f64 {
        self.mul_add(a, b)
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        self.abs()
    }
    #[inline(always)]
    fn copysign(self, s: f64) -> f64 {
        self.copysign(s)
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        self.sqrt()
    }
    #[inline(always)]
    fn floor(self) -> f64 {
        self.floor()
    }
    #[inline(always)]
    fn ceil(self) -> f64 {
        self.ceil()
    }
    #[inline(always)]
    fn trunc(self) -> f64 {
        self.trunc()
    }
    #[inline(always)]
    fn round_even(self) -> f64 {
        self.round_ties_even()
    }
    #[inline(always)]
    fn exp(self) -> f64 {
        self.exp()
    }
    #[inline(always)]
    fn expm1(self) -> f64 {
        self.exp_m1()
    }
    #[inline(always)]
    fn ln(self) -> f64 {
        self.ln()
    }
    #[inline(always)]
    fn ln_1p(self) -> f64 {
        self.ln_1p()
    }
    #[inline(always)]
    fn sin(self) -> f64 {
        self.sin()
    }
    #[inline(always)]
    fn cos(self) -> f64 {
        self.cos()
    }
    #[inline(always)]
    fn tan(self) -> f64 {
        self.tan()
    }
    #[inline(always)]
    fn asin(self) -> f64 {
        self.asin()
    }
    #[inline(always)]
    fn acos(self) -> f64 {
        self.acos()
    }
    #[inline(always)]
    fn atan(self) -> f64 {
        self.atan()
    }
    #[inline(always)]
    fn sinh(self) -> f64 {
        self.sinh()
    }
    #[inline(always)]
    fn cosh(self) -> f64 {
        self.cosh()
    }
    #[inline(always)]
    fn tanh(self) -> f64 {
        self.tanh()
    }
    #[inline(always)]
    fn asinh(self) -> f64 {
        self.asinh()
    }
    #[inline(always)]
    fn acosh(self) -> f64 {
        self.acosh()
    }
    #[inline(always)]
    fn atanh(self) -> f64 {
        self.atanh()
    }
    #[inline(always)]
    fn erf(self) -> f64 {
        special::erf(self)
    }
    #[inline(always)]
    fn pow(self, y: f64) -> f64 {
        self.powf(y)
    }
    #[inline(always)]
    fn atan2(self, x: f64) -> f64 {
        f64::atan2(self, x)
    }
    #[inline(always)]
    fn hypot(self, y: f64) -> f64 {
        f64::hypot(self, y)
    }
    #[inline(always)]
    fn next_after(self, to: f64) -> f64 {
        libm::nextafter(self, to)
    }
}

#[cfg(test)]
mod tests;
