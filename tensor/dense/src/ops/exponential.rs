//! Exponentials and logarithms.

use super::complex::conjugate;
use super::elementwise::unary_op;
use crate::Keep;
use crate::attr::OpDef;

pub(super) const DEFS: &[OpDef] = &[Exp::DEF, Expm1::DEF, Log::DEF, Log1p::DEF];

unary_op! {
    /// e to the power of `x`.
    Exp = "exp", exp, Exp, Keep::Y, |cx| {
        let g = cx.dy(0)?.mul(&conjugate(cx.y(0))?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `e^x - 1`, exact for small `x`.
    Expm1 = "expm1", expm1, Expm1, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).exp()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The natural logarithm; -inf at 0, NaN below.
    Log = "log", log, Log, Keep::X, |cx| {
        let g = cx.dy(0)?.div(&conjugate(cx.x(0))?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `ln(1 + x)`, exact for small `x`; -inf at -1, NaN below.
    Log1p = "log1p", log1p, Log1p, Keep::X, |cx| {
        let g = cx.dy(0)?.div(&cx.x(0).add(&cx.x(0).like(1)?)?)?;
        cx.give(0, g)
    }
}
