//! Arithmetic that an update rule is written in once and carried out in two ways.
//!
//! A rule such as Adam's is a formula over one weight, one gradient and a few slots. Written against
//! [`Arith`], it runs on plain numbers inside a single pass over memory (what a training step does), and on
//! tensors through recorded operations (what a traced function keeps). The same text gives both, so they
//! cannot drift apart.

use gradus_kernels::optimizer::{self, Rule, Step};
use gradus_tensor::{Element, Result, Tensor};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value that update rules compute with: `f32`, `f64` or [`Formula`].
pub trait Arith:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// The number `x` in the precision of this value.
    fn num(&self, x: f64) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// This value to the power of another.
    fn pow(self, exponent: Self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// -1, 0 or 1.
    fn sign(self) -> Self;
    /// The larger of the two, NaN where either is.
    fn max(self, other: Self) -> Self;
    /// The smaller of the two, NaN where either is.
    fn min(self, other: Self) -> Self;
    /// The next integer towards negative infinity.
    fn floor(self) -> Self;
    /// The next integer towards positive infinity.
    fn ceil(self) -> Self;
    /// Cosine.
    fn cos(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// `then` where this value is at most `limit`, `otherwise` elsewhere.
    fn if_at_most(self, limit: Self, then: Self, otherwise: Self) -> Self;

    /// `x * x`.
    fn square(self) -> Self {
        self.clone() * self
    }
}

/// A plain number that a fused pass computes with.
pub trait Number: Arith + Element {
    /// The nearest number of this type to a learning rate.
    fn from_f32(x: f32) -> Self;
    /// The nearest number of this type to a step count.
    fn from_i64(x: i64) -> Self;
    /// The update by the kernel of a rule, with vectors and threads.
    fn fused(rule: &Rule, step: &Step, w: &mut [Self], g: &[Self], slots: &mut [&mut [Self]]);
}

macro_rules! number {
    ($($t:ident)*) => {$(
        impl Arith for $t {
            #[inline(always)]
            fn num(&self, x: f64) -> Self { x as $t }
            #[inline(always)]
            fn sqrt(self) -> Self { $t::sqrt(self) }
            #[inline(always)]
            fn pow(self, e: Self) -> Self { $t::powf(self, e) }
            #[inline(always)]
            fn abs(self) -> Self { $t::abs(self) }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 { 1.0 } else if self < 0.0 { -1.0 } else { self }
            }
            #[inline(always)]
            fn max(self, o: Self) -> Self {
                if self >= o || self.is_nan() { self } else { o }
            }
            #[inline(always)]
            fn min(self, o: Self) -> Self {
                if self <= o || self.is_nan() { self } else { o }
            }
            #[inline(always)]
            fn floor(self) -> Self { $t::floor(self) }
            #[inline(always)]
            fn ceil(self) -> Self { $t::ceil(self) }
            #[inline(always)]
            fn cos(self) -> Self { $t::cos(self) }
            #[inline(always)]
            fn ln(self) -> Self { $t::ln(self) }
            #[inline(always)]
            fn if_at_most(self, limit: Self, then: Self, otherwise: Self) -> Self {
                if self <= limit { then } else { otherwise }
            }
        }
        impl Number for $t {
            #[inline(always)]
            fn from_f32(x: f32) -> Self { x as $t }
            #[inline(always)]
            fn from_i64(x: i64) -> Self { x as $t }
            fn fused(rule: &Rule, step: &Step, w: &mut [Self], g: &[Self], slots: &mut [&mut [Self]]) {
                optimizer::update(rule, step, w, g, slots);
            }
        }
    )*};
}
number! { f32 f64 }

/// A tensor in a formula. An error is carried along and comes out of [`Formula::finish`].
#[derive(Clone, Debug)]
pub struct Formula(Result<Tensor>);

impl Formula {
    /// Starts from a tensor.
    pub fn of(t: &Tensor) -> Formula {
        Formula(Ok(t.clone()))
    }

    /// The result, or the first error met on the way.
    pub fn finish(self) -> Result<Tensor> {
        self.0
    }

    fn unary(self, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Formula {
        Formula(self.0.and_then(|t| f(&t)))
    }

    fn binary(self, o: Formula, f: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor>) -> Formula {
        Formula(self.0.and_then(|a| o.0.and_then(|b| f(&a, &b))))
    }
}

macro_rules! operators {
    ($($tr:ident $f:ident;)*) => {$(
        impl $tr for Formula {
            type Output = Formula;
            fn $f(self, o: Formula) -> Formula { self.binary(o, Tensor::$f) }
        }
    )*};
}
operators! { Add add; Sub sub; Mul mul; Div div; }

impl Neg for Formula {
    type Output = Formula;
    fn neg(self) -> Formula {
        self.unary(Tensor::neg)
    }
}

impl Arith for Formula {
    fn num(&self, x: f64) -> Self {
        Formula(self.0.as_ref().map(|t| Tensor::scalar_of(t.dtype(), x)).map_err(Clone::clone))
    }
    fn sqrt(self) -> Self {
        self.unary(Tensor::sqrt)
    }
    fn pow(self, e: Self) -> Self {
        self.binary(e, Tensor::pow)
    }
    fn abs(self) -> Self {
        self.unary(Tensor::abs)
    }
    fn sign(self) -> Self {
        self.unary(Tensor::sign)
    }
    fn max(self, o: Self) -> Self {
        self.binary(o, Tensor::maximum)
    }
    fn min(self, o: Self) -> Self {
        self.binary(o, Tensor::minimum)
    }
    fn floor(self) -> Self {
        self.unary(Tensor::floor)
    }
    fn ceil(self) -> Self {
        self.unary(Tensor::ceil)
    }
    fn cos(self) -> Self {
        self.unary(Tensor::cos)
    }
    fn ln(self) -> Self {
        self.unary(Tensor::log)
    }
    fn if_at_most(self, limit: Self, then: Self, otherwise: Self) -> Self {
        let at_most = self.binary(limit, Tensor::less_equal);
        Formula(at_most.0.and_then(|c| then.0.and_then(|a| otherwise.0.and_then(|b| c.select(&a, &b)))))
    }
    fn square(self) -> Self {
        self.unary(Tensor::square)
    }
}

/// A gradient in a formula. Where a weight's gradient is a sum of rows, its square is the sum of their squares.
#[derive(Clone, Copy, Debug)]
pub struct Gradient<A> {
    /// The gradient.
    pub value: A,
    /// Its square, where that is not the product with itself.
    pub squares: Option<A>,
    /// Its absolute value, where that is not the value's own.
    pub magnitudes: Option<A>,
}

impl<A: Arith> Gradient<A> {
    /// The gradient's square.
    #[inline(always)]
    pub fn square(&self) -> A {
        match &self.squares {
            Some(s) => s.clone(),
            None => self.value.clone().square(),
        }
    }

    /// The gradient's absolute value.
    #[inline(always)]
    pub fn abs(&self) -> A {
        match &self.magnitudes {
            Some(m) => m.clone(),
            None => self.value.clone().abs(),
        }
    }
}
