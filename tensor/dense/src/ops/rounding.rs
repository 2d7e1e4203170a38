//! Rounding to integers, and the sign and magnitude of a number.
//!
//! The roundings have no gradient: [`Tensor::stop_gradient`] around `rounded - x` makes a straight-through one.

use super::elementwise::unary_op;
use crate::Keep;
use crate::attr::OpDef;

pub(super) const DEFS: &[OpDef] =
    &[Floor::DEF, Ceil::DEF, Round::DEF, Rint::DEF, Trunc::DEF, Sign::DEF, Abs::DEF];

unary_op! {
    /// The largest integer not above `x`.
    Floor = "floor", floor, Floor
}
unary_op! {
    /// The smallest integer not below `x`.
    Ceil = "ceil", ceil, Ceil
}
unary_op! {
    /// The nearest integer; halves go to the even one.
    Round = "round", round, Round
}
unary_op! {
    /// The nearest integer; halves go to the even one.
    Rint = "rint", rint, Rint
}
unary_op! {
    /// The integer part.
    Trunc = "trunc", trunc, Trunc
}

unary_op! {
    /// -1, 0 or 1; NaN of NaN. The gradient is zero.
    Sign = "sign", sign, Sign, Keep::NONE, |cx| {
        let zero = cx.dy(0)?.zeros_like()?;
        cx.give(0, zero)
    }
}

unary_op! {
    /// The magnitude. The gradient at 0 is 0.
    Abs = "abs", abs, Abs, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).sign()?)?;
        cx.give(0, g)
    }
}
