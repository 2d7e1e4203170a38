//! Addition, subtraction, multiplication, division, maximum, minimum, negation.
//!
//! Binary operations broadcast; dtypes must agree.

use super::complex::conjugate;
use super::elementwise::{binary_op, unary_op};
use crate::attr::OpDef;
use crate::{Error, Keep, Result, Tensor};

pub(super) const DEFS: &[OpDef] = &[
    Add::DEF,
    Sub::DEF,
    Mul::DEF,
    Div::DEF,
    Maximum::DEF,
    Minimum::DEF,
    Neg::DEF,
    SquaredDifference::DEF,
    NextAfter::DEF,
];

binary_op! {
    /// `x + y`, element by element; integers wrap.
    Add = "add", add, Add, Keep::NONE, |cx| {
        let g = cx.dy(0)?;
        cx.give(0, g.clone())?;
        cx.give(1, g)
    }
}

binary_op! {
    /// `x - y`, element by element; integers wrap.
    Sub = "sub", sub, Sub, Keep::NONE, |cx| {
        let g = cx.dy(0)?;
        if cx.needs(1) {
            cx.give(1, g.neg()?)?;
        }
        cx.give(0, g)
    }
}

binary_op! {
    /// `x * y`, element by element; integers wrap.
    Mul = "mul", mul, Mul, Keep::X, |cx| {
        let g = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, g.mul(&conjugate(cx.x(1))?)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(&conjugate(cx.x(0))?)?)?;
        }
        Ok(())
    }
}

binary_op! {
    /// `x / y`, element by element, for floats and complex numbers; see `floor_div` for integers.
    Div = "div", div, Div, Keep::ALL, |cx| {
        let g = cx.dy(0)?;
        let by = g.div(&conjugate(cx.x(1))?)?;
        if cx.needs(1) {
            cx.give(1, by.mul(&conjugate(cx.y(0))?)?.neg()?)?;
        }
        cx.give(0, by)
    }
}

binary_op! {
    /// The larger of `x` and `y`, NaN where either is; with equal values the gradient goes to `x`.
    Maximum = "maximum", maximum, Maximum, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let first = cx.x(0).greater_equal(cx.x(1))?;
        let zero = g.zeros_like()?;
        cx.give(0, first.select(&g, &zero)?)?;
        cx.give(1, first.select(&zero, &g)?)
    }
}

binary_op! {
    /// The smaller of `x` and `y`, NaN where either is; with equal values the gradient goes to `x`.
    Minimum = "minimum", minimum, Minimum, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let first = cx.x(0).less_equal(cx.x(1))?;
        let zero = g.zeros_like()?;
        cx.give(0, first.select(&g, &zero)?)?;
        cx.give(1, first.select(&zero, &g)?)
    }
}

unary_op! {
    /// `-x`; integers wrap.
    Neg = "neg", neg, Neg, Keep::NONE, |cx| {
        let g = cx.dy(0)?.neg()?;
        cx.give(0, g)
    }
}

binary_op! {
    /// `(x - y)^2`, element by element.
    SquaredDifference = "squared_difference", squared_difference, SquaredDifference, Keep::X, |cx| {
        let difference = cx.x(0).sub(cx.x(1))?;
        let g = cx.dy(0)?.mul(&difference.mul(&difference.like(2)?)?)?;
        if cx.needs(1) {
            cx.give(1, g.neg()?)?;
        }
        cx.give(0, g)
    }
}

binary_op! {
    /// The next representable number after `x` in the direction of `y`. The gradient passes to `x`.
    NextAfter = "next_after", next_after, NextAfter, Keep::NONE, |cx| {
        let g = cx.dy(0)?;
        cx.give(0, g)
    }
}

impl Tensor {
    /// `ln(exp(x) + exp(y))`, element by element, without overflow.
    pub fn logaddexp(&self, other: &Tensor) -> Result<Tensor> {
        let difference = self.sub(other)?;
        let apart = self.maximum(other)?.add(&difference.abs()?.neg()?.exp()?.log1p()?)?;
        // Equal infinities have no difference, and NaN has none either.
        difference.is_nan()?.select(&self.add(other)?, &apart)
    }
}

/// The sum of tensors of one shape and dtype. Errors for an empty list.
pub fn add_n(x: &[&Tensor]) -> Result<Tensor> {
    let (first, rest) = x.split_first().ok_or_else(|| Error::value("add_n: no tensors"))?;
    rest.iter().try_fold((*first).clone(), |sum, t| {
        if t.shape() != first.shape() {
            return Err(Error::shape(format!("add_n: shapes differ: {} and {}", first.shape(), t.shape())));
        }
        sum.add(t)
    })
}
