//! Sine, cosine, tangent and their inverses. Angles are in radians.

use super::elementwise::{binary_op, unary_op};
use crate::Keep;
use crate::attr::OpDef;

pub(super) const DEFS: &[OpDef] =
    &[Sin::DEF, Cos::DEF, Tan::DEF, Asin::DEF, Acos::DEF, Atan::DEF, Atan2::DEF];

unary_op! {
    /// The sine.
    Sin = "sin", sin, Sin, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).cos()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The cosine.
    Cos = "cos", cos, Cos, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).sin()?.neg()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The tangent.
    Tan = "tan", tan, Tan, Keep::Y, |cx| {
        let y = cx.y(0);
        let g = cx.dy(0)?.mul(&y.square()?.add(&y.like(1)?)?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The arc sine, between -pi/2 and pi/2; NaN outside of [-1, 1].
    Asin = "asin", asin, Asin, Keep::X, |cx| {
        let x = cx.x(0);
        let g = cx.dy(0)?.div(&x.like(1)?.sub(&x.square()?)?.sqrt()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The arc cosine, between 0 and pi; NaN outside of [-1, 1].
    Acos = "acos", acos, Acos, Keep::X, |cx| {
        let x = cx.x(0);
        let g = cx.dy(0)?.div(&x.like(1)?.sub(&x.square()?)?.sqrt()?)?.neg()?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The arc tangent, between -pi/2 and pi/2.
    Atan = "atan", atan, Atan, Keep::X, |cx| {
        let x = cx.x(0);
        let g = cx.dy(0)?.div(&x.square()?.add(&x.like(1)?)?)?;
        cx.give(0, g)
    }
}

binary_op! {
    /// The angle of the point `(x, y)`, where this tensor is `y` and the other is `x`, between -pi and pi.
    Atan2 = "atan2", atan2, Atan2, Keep::X, |cx| {
        let (y, x) = (cx.x(0), cx.x(1));
        let g = cx.dy(0)?.div(&x.square()?.add(&y.square()?)?)?;
        if cx.needs(0) {
            cx.give(0, g.mul(x)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(y)?.neg()?)?;
        }
        Ok(())
    }
}
