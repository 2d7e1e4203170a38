//! Powers and roots.

use super::activation_gradient::{ReciprocalGrad, RsqrtGrad, SqrtGrad};
use super::complex::conjugate;
use super::elementwise::{binary_op, unary_op};
use crate::attr::OpDef;
use crate::{Keep, Result, Tensor};

pub(super) const DEFS: &[OpDef] = &[Sqrt::DEF, Rsqrt::DEF, Square::DEF, Reciprocal::DEF, Pow::DEF];

unary_op! {
    /// The square root; NaN below 0. The gradient at 0 is infinite.
    Sqrt = "sqrt", sqrt, Sqrt, Keep::Y, |cx| {
        let g = SqrtGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `1 / sqrt(x)`; infinite at 0, NaN below.
    Rsqrt = "rsqrt", rsqrt, Rsqrt, Keep::Y, |cx| {
        let g = RsqrtGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x * x`.
    Square = "square", square, Square, Keep::X, |cx| {
        let two = cx.x(0).like(2)?;
        let g = cx.dy(0)?.mul(&conjugate(cx.x(0))?.mul(&two)?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `1 / x`; infinite at 0.
    Reciprocal = "reciprocal", reciprocal, Reciprocal, Keep::Y, |cx| {
        let g = ReciprocalGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

binary_op! {
    /// `x` to the power of `y`, element by element. NaN for a negative `x` and a fractional `y`; integers wrap, and
    /// a negative integer exponent is an error. The gradient for `y` is 0 where `x` is not positive.
    Pow = "pow", pow, Pow, Keep::ALL, |cx| {
        let g = cx.dy(0)?;
        let (x, y) = (cx.x(0), cx.x(1));
        if cx.needs(0) {
            let slope = y.mul(&x.pow(&y.sub(&y.like(1)?)?)?)?;
            cx.give(0, g.mul(&slope)?)?;
        }
        if cx.needs(1) {
            let positive = x.greater(&x.like(0)?)?;
            let log = positive.select(&positive.select(x, &x.like(1)?)?.log()?, &x.like(0)?)?;
            cx.give(1, g.mul(&cx.y(0).mul(&log)?)?)?;
        }
        Ok(())
    }
}

impl Tensor {
    /// `1 / x`, and 0 where `x` is 0.
    pub fn reciprocal_no_nan(&self) -> Result<Tensor> {
        self.like(1)?.div_no_nan(self)
    }

    /// `sqrt(x^2 + y^2)`, element by element. The gradient at (0, 0) is NaN.
    pub fn hypot(&self, other: &Tensor) -> Result<Tensor> {
        self.square()?.add(&other.square()?)?.sqrt()
    }
}
