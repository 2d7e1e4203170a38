//! Division in its many forms: with remainder, and safe where the divisor is zero.

use super::elementwise::binary_op;
use crate::attr::OpDef;
use crate::{Keep, Result, Tensor};

pub(super) const DEFS: &[OpDef] = &[
    FloorDiv::DEF,
    FloorMod::DEF,
    TruncateDiv::DEF,
    TruncateMod::DEF,
    DivNoNan::DEF,
    MulNoNan::DEF,
    Xlogy::DEF,
    Xlog1py::DEF,
    Xdivy::DEF,
];

binary_op! {
    /// `floor(x / y)`, element by element, as `//` in Python; an integer divisor of zero is an error.
    FloorDiv = "floor_div", floor_div, FloorDiv
}

binary_op! {
    /// `x - y * floor(x / y)`, element by element, as `%` in Python: it has the sign of `y`. An integer divisor of
    /// zero is an error.
    FloorMod = "floor_mod", floor_mod, FloorMod, Keep::X, |cx| {
        let g = cx.dy(0)?;
        if cx.needs(1) {
            // A step: its slope is 0 wherever it exists.
            let quotient = cx.x(0).floor_div(cx.x(1))?.stop_gradient()?;
            cx.give(1, g.mul(&quotient)?.neg()?)?;
        }
        cx.give(0, g)
    }
}

binary_op! {
    /// The quotient rounded toward zero, as `/` between Rust's integers.
    TruncateDiv = "truncate_div", truncate_div, TruncDiv
}

binary_op! {
    /// The remainder of the division toward zero, as `%` in Rust: it has the sign of `x`.
    TruncateMod = "truncate_mod", truncate_mod, TruncMod
}

binary_op! {
    /// `x / y`, and 0 where `y` is 0.
    DivNoNan = "div_no_nan", div_no_nan, DivNoNan, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let (x, y) = (cx.x(0), cx.x(1));
        if cx.needs(0) {
            cx.give(0, g.div_no_nan(y)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(&x.neg()?.div_no_nan(y)?.div_no_nan(y)?)?)?;
        }
        Ok(())
    }
}

binary_op! {
    /// `x * y`, and 0 where `y` is 0, even if `x` is infinite or NaN.
    MulNoNan = "mul_no_nan", mul_no_nan, MulNoNan, Keep::X, |cx| {
        let g = cx.dy(0)?;
        if cx.needs(0) {
            cx.give(0, g.mul_no_nan(cx.x(1))?)?;
        }
        if cx.needs(1) {
            cx.give(1, cx.x(0).mul_no_nan(&g)?)?;
        }
        Ok(())
    }
}

/// 1 where not zero, else 0.
fn nonzero(x: &Tensor) -> Result<Tensor> {
    x.not_equal(&x.like(0)?)?.cast(x.dtype())
}

binary_op! {
    /// `x * ln(y)`, and 0 where `x` is 0.
    Xlogy = "xlogy", xlogy, Xlogy, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let (x, y) = (cx.x(0), cx.x(1));
        if cx.needs(0) {
            cx.give(0, g.mul(&nonzero(x)?.xlogy(y)?)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(&x.xdivy(y)?)?)?;
        }
        Ok(())
    }
}

binary_op! {
    /// `x * ln(1 + y)`, and 0 where `x` is 0.
    Xlog1py = "xlog1py", xlog1py, Xlog1py, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let (x, y) = (cx.x(0), cx.x(1));
        if cx.needs(0) {
            cx.give(0, g.mul(&nonzero(x)?.xlog1py(y)?)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(&x.xdivy(&y.add(&y.like(1)?)?)?)?)?;
        }
        Ok(())
    }
}

binary_op! {
    /// `x / y`, and 0 where `x` is 0.
    Xdivy = "xdivy", xdivy, Xdivy, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let (x, y) = (cx.x(0), cx.x(1));
        if cx.needs(0) {
            cx.give(0, g.mul(&nonzero(x)?.xdivy(y)?)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(&x.neg()?.xdivy(&y.square()?)?)?)?;
        }
        Ok(())
    }
}
