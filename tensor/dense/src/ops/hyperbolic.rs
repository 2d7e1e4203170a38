//! Hyperbolic functions and their inverses.

use super::activation_gradient::TanhGrad;
use super::elementwise::unary_op;
use crate::Keep;
use crate::attr::OpDef;

pub(super) const DEFS: &[OpDef] = &[Sinh::DEF, Cosh::DEF, Tanh::DEF, Asinh::DEF, Acosh::DEF, Atanh::DEF];

unary_op! {
    /// The hyperbolic sine.
    Sinh = "sinh", sinh, Sinh, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).cosh()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The hyperbolic cosine.
    Cosh = "cosh", cosh, Cosh, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).sinh()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The hyperbolic tangent.
    Tanh = "tanh", tanh, Tanh, Keep::Y, |cx| {
        let g = TanhGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The inverse hyperbolic sine.
    Asinh = "asinh", asinh, Asinh, Keep::Y, |cx| {
        let g = cx.dy(0)?.div(&cx.y(0).cosh()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The inverse hyperbolic cosine; NaN below 1.
    Acosh = "acosh", acosh, Acosh, Keep::Y, |cx| {
        let g = cx.dy(0)?.div(&cx.y(0).sinh()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The inverse hyperbolic tangent; NaN outside of [-1, 1].
    Atanh = "atanh", atanh, Atanh, Keep::X, |cx| {
        let x = cx.x(0);
        let g = cx.dy(0)?.div(&x.like(1)?.sub(&x.square()?)?)?;
        cx.give(0, g)
    }
}
