//! The logistic sigmoid and its relatives.

use super::activation_gradient::{SigmoidGrad, SoftplusGrad, SoftsignGrad};
use super::elementwise::unary_op;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::{Keep, Result};

pub(super) const DEFS: &[OpDef] =
    &[Sigmoid::DEF, LogSigmoid::DEF, Softplus::DEF, Softsign::DEF, HardSigmoid::DEF];

unary_op! {
    /// `1 / (1 + exp(-x))`, without overflow.
    Sigmoid = "sigmoid", sigmoid, Sigmoid, Keep::Y, |cx| {
        let g = SigmoidGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `ln(sigmoid(x))`, without overflow.
    LogSigmoid = "log_sigmoid", log_sigmoid, LogSigmoid, Keep::X, |cx| {
        let g = SoftplusGrad::of(&cx.dy(0)?, &cx.x(0).neg()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `ln(1 + exp(x))`, without overflow.
    Softplus = "softplus", softplus, Softplus, Keep::X, |cx| {
        let g = SoftplusGrad::of(&cx.dy(0)?, cx.x(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x / (1 + |x|)`.
    Softsign = "softsign", softsign, Softsign, Keep::X, |cx| {
        let g = SoftsignGrad::of(&cx.dy(0)?, cx.x(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `max(0, min(1, x / 6 + 1/2))`. The gradient at the corners is 0.
    HardSigmoid = "hard_sigmoid", hard_sigmoid, HardSigmoid, Keep::X, |cx| between_corners(cx)
}

/// The gradient of [`HardSigmoid`]: a sixth strictly between -3 and 3, told by the input, since outputs are rounded.
fn between_corners(cx: &mut Backward<'_>) -> Result<()> {
    let x = cx.x(0);
    let inside = x.abs()?.less(&x.like(3)?)?;
    let g = cx.dy(0)?;
    let g = inside.select(&g.mul(&g.like(1.0 / 6.0)?)?, &g.like(0)?)?;
    cx.give(0, g)
}
