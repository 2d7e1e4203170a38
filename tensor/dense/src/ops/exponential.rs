//! Powers of e and their inverses, square and square root, and the sigmoids made of them.

use super::elementwise::unary_op;
use crate::Keep;
use crate::attr::OpDef;

pub(super) const DEFS: &[OpDef] = &[Exp::DEF, Log::DEF, Sqrt::DEF, Square::DEF, Sigmoid::DEF, Tanh::DEF];

unary_op! {
    /// e to the power of `x`.
    Exp = "exp", exp, Exp, Keep::Y, |cx| {
        let g = cx.dy(0)?.mul(cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The natural logarithm; -inf at 0, NaN below.
    Log = "log", log, Log, Keep::X, |cx| {
        let g = cx.dy(0)?.div(cx.x(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The square root; NaN below 0.
    Sqrt = "sqrt", sqrt, Sqrt, Keep::Y, |cx| {
        let half = cx.y(0).like(0.5)?;
        let g = cx.dy(0)?.mul(&half)?.div(cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x * x`.
    Square = "square", square, Square, Keep::X, |cx| {
        let two = cx.x(0).like(2)?;
        let g = cx.dy(0)?.mul(&cx.x(0).mul(&two)?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `1 / (1 + exp(-x))`, without overflow.
    Sigmoid = "sigmoid", sigmoid, Sigmoid, Keep::Y, |cx| {
        let y = cx.y(0);
        let g = cx.dy(0)?.mul(&y.mul(&y.like(1)?.sub(y)?)?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The hyperbolic tangent.
    Tanh = "tanh", tanh, Tanh, Keep::Y, |cx| {
        let y = cx.y(0);
        let g = cx.dy(0)?.mul(&y.like(1)?.sub(&y.square()?)?)?;
        cx.give(0, g)
    }
}
