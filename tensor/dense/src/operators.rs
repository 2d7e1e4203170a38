//! `+ - * /` and unary `-` on tensors and numbers. They panic where the named function errs, as slices do.

use crate::{Result, Tensor};
use std::ops::{Add, Div, Mul, Neg, Sub};

#[track_caller]
fn unwrap(r: Result<Tensor>) -> Tensor {
    match r {
        Ok(t) => t,
        Err(e) => panic!("{e}"),
    }
}

macro_rules! binary {
    ($($tr:ident $f:ident $method:ident;)*) => {$(
        impl $tr<&Tensor> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: &Tensor) -> Tensor { unwrap(Tensor::$method(&self, rhs)) }
        }
        impl $tr<Tensor> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: Tensor) -> Tensor { unwrap(Tensor::$method(&self, &rhs)) }
        }
        impl $tr<&Tensor> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: &Tensor) -> Tensor { unwrap(Tensor::$method(&self, rhs)) }
        }
        impl $tr<Tensor> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: Tensor) -> Tensor { unwrap(Tensor::$method(&self, &rhs)) }
        }
        binary!(@scalar $tr $f $method: f64 i32);
    )*};
    (@scalar $tr:ident $f:ident $method:ident: $($s:ty)*) => {$(
        impl $tr<$s> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: $s) -> Tensor { unwrap(self.like(rhs).and_then(|r| Tensor::$method(&self, &r))) }
        }
        impl $tr<$s> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: $s) -> Tensor { unwrap(self.like(rhs).and_then(|r| Tensor::$method(&self, &r))) }
        }
        impl $tr<&Tensor> for $s {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: &Tensor) -> Tensor { unwrap(rhs.like(self).and_then(|l| Tensor::$method(&l, rhs))) }
        }
        impl $tr<Tensor> for $s {
            type Output = Tensor;
            #[track_caller]
            fn $f(self, rhs: Tensor) -> Tensor { unwrap(rhs.like(self).and_then(|l| Tensor::$method(&l, &rhs))) }
        }
    )*};
}

binary! {
    Add add add;
    Sub sub sub;
    Mul mul mul;
    Div div div;
}

impl Neg for &Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        unwrap(Tensor::neg(self))
    }
}

impl Neg for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        unwrap(Tensor::neg(&self))
    }
}

/// A Rust number that takes on a tensor's dtype beside an operator, as Python's do in TensorFlow.
pub trait Number: Copy {
    /// The value as f64.
    fn value(self) -> f64;
    /// True for Rust's integers, which fit every dtype; floats fit float and complex dtypes only.
    const INTEGER: bool;
}

macro_rules! number {
    ($($t:ty, $int:literal;)*) => {$(
        impl Number for $t {
            fn value(self) -> f64 { self as f64 }
            const INTEGER: bool = $int;
        }
    )*};
}
number! { f64, false; f32, false; i32, true; i64, true; }

impl Tensor {
    /// A scalar of this tensor's dtype. Errors for a float beside an integer tensor: nothing is rounded silently.
    pub fn like<N: Number>(&self, n: N) -> Result<Tensor> {
        let d = self.dtype();
        if !N::INTEGER && !(d.is_float() || d.is_complex()) {
            return Err(crate::Error::dtype(format!(
                "the number {} beside an {d} tensor; convert one with `cast`",
                n.value()
            )));
        }
        Ok(Tensor::scalar_of(d, n.value()))
    }
}
