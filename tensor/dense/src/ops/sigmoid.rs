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
    HardSigmoid = "hard_sigmoid", hard_sigmoid, HardSigmoid, Keep::Y, |cx| inside_unit(cx)
}

/// The gradient of [`HardSigmoid`]: a sixth where the output lies strictly between 0 and 1.
fn inside_unit(cx: &mut Backward<'_>) -> Result<()> {
    let y = cx.y(0);
    let inside = y.greater(&y.like(0)?)?.logical_and(&y.less(&y.like(1)?)?)?;
    let g = cx.dy(0)?;
    let g = inside.select(&g.mul(&g.like(1.0 / 6.0)?)?, &g.like(0)?)?;
    cx.give(0, g)
}
