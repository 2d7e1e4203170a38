//! The gradients of common functions as single passes over memory, with their own gradients.
//!
//! A rule written in basic operations is right but reads and writes memory several times; these are what
//! training spends its elementwise time on. `of(above, at)` multiplies the gradient above by the slope;
//! `at` is the output where the slope is a function of it, else the input.

use super::elementwise::gradient_op;
use crate::Tensor;
use crate::attr::OpDef;

pub(super) const DEFS: &[OpDef] = &[
    ReluGrad::DEF,
    Relu6Grad::DEF,
    TanhGrad::DEF,
    SigmoidGrad::DEF,
    EluGrad::DEF,
    SeluGrad::DEF,
    SoftplusGrad::DEF,
    SoftsignGrad::DEF,
    SiluGrad::DEF,
    GeluTanhGrad::DEF,
    GeluErfGrad::DEF,
    SqrtGrad::DEF,
    RsqrtGrad::DEF,
    ReciprocalGrad::DEF,
];

gradient_op! {
    /// `above` where relu's input (or output) is positive.
    ReluGrad = "relu_grad", ReluGrad, |_cx| None
}
gradient_op! {
    /// `above` where relu6's input (or output) lies strictly between 0 and 6.
    Relu6Grad = "relu6_grad", Relu6Grad, |_cx| None
}
gradient_op! {
    /// `above * (1 - y^2)` with the output `y` of tanh.
    TanhGrad = "tanh_grad", TanhGrad, |cx| Some(cx.x(1).mul(&cx.x(1).like(-2)?)?)
}
gradient_op! {
    /// `above * y (1 - y)` with the output `y` of the sigmoid.
    SigmoidGrad = "sigmoid_grad", SigmoidGrad, |cx| {
        let y = cx.x(1);
        Some(y.like(1)?.sub(&y.mul(&y.like(2)?)?)?)
    }
}
gradient_op! {
    /// `above` where elu's output is not negative, `above * (y + 1)` below.
    EluGrad = "elu_grad", EluGrad, |cx| Some(negative(cx.x(1))?)
}
gradient_op! {
    /// The slope of selu at its output: the scale above 0, `y + scale * alpha` below.
    SeluGrad = "selu_grad", SeluGrad, |cx| Some(negative(cx.x(1))?)
}
gradient_op! {
    /// `above * sigmoid(x)` with the input of softplus.
    SoftplusGrad = "softplus_grad", SoftplusGrad, |cx| {
        let s = cx.x(1).sigmoid()?;
        Some(SigmoidGrad::of(&s.like(1)?, &s)?)
    }
}
gradient_op! {
    /// `above / (1 + |x|)^2` with the input of softsign.
    SoftsignGrad = "softsign_grad", SoftsignGrad, |cx| {
        let x = cx.x(1);
        let d = x.abs()?.add(&x.like(1)?)?;
        Some(x.sign()?.mul(&x.like(-2)?)?.div(&d.square()?.mul(&d)?)?)
    }
}
gradient_op! {
    /// `above * s (1 + x (1 - s))` with `s = sigmoid(x)` and the input of silu.
    SiluGrad = "silu_grad", SiluGrad, |cx| {
        let x = cx.x(1);
        let (one, two) = (x.like(1)?, x.like(2)?);
        let s = x.sigmoid()?;
        let bend = two.add(&x.mul(&one.sub(&two.mul(&s)?)?)?)?;
        Some(s.mul(&one.sub(&s)?)?.mul(&bend)?)
    }
}
gradient_op! {
    /// The slope of the tanh form of gelu at its input.
    GeluTanhGrad = "gelu_tanh_grad", GeluTanhGrad, |cx| {
        // u = k (x + c x^3), t = tanh(u): the slope's slope is (1 - t^2)(u' + x/2 (u'' - 2 t u'^2)).
        let x = cx.x(1);
        let (k, c) = ((2.0 / std::f64::consts::PI).sqrt(), 0.044715);
        let n = |v: f64| x.like(v);
        let xx = x.square()?;
        let t = x.mul(&n(k)?)?.mul(&xx.mul(&n(c)?)?.add(&n(1.0)?)?)?.tanh()?;
        let u1 = xx.mul(&n(3.0 * k * c)?)?.add(&n(k)?)?;
        let u2 = x.mul(&n(6.0 * k * c)?)?;
        let inner = u2.sub(&t.mul(&u1.square()?)?.mul(&n(2.0)?)?)?;
        let bend = u1.add(&x.mul(&n(0.5)?)?.mul(&inner)?)?;
        Some(n(1.0)?.sub(&t.square()?)?.mul(&bend)?)
    }
}
gradient_op! {
    /// The slope of the erf form of gelu at its input: `Phi(x) + x phi(x)`.
    GeluErfGrad = "gelu_erf_grad", GeluErfGrad, |cx| {
        let x = cx.x(1);
        let xx = x.square()?;
        let density = xx.mul(&x.like(-0.5)?)?.exp()?.mul(&x.like((0.5 / std::f64::consts::PI).sqrt())?)?;
        Some(density.mul(&x.like(2)?.sub(&xx)?)?)
    }
}
gradient_op! {
    /// `above / (2 y)` with the output `y` of the square root.
    SqrtGrad = "sqrt_grad", SqrtGrad, |cx| {
        let y = cx.x(1);
        Some(y.like(-0.5)?.div(&y.square()?)?)
    }
}
gradient_op! {
    /// `-above y^3 / 2` with the output `y` of the reciprocal square root.
    RsqrtGrad = "rsqrt_grad", RsqrtGrad, |cx| Some(cx.x(1).square()?.mul(&cx.x(1).like(-1.5)?)?)
}
gradient_op! {
    /// `-above y^2` with the output `y` of the reciprocal.
    ReciprocalGrad = "reciprocal_grad", ReciprocalGrad, |cx| Some(cx.x(1).mul(&cx.x(1).like(-2)?)?)
}

/// 1 where negative, else 0.
fn negative(y: &Tensor) -> crate::Result<Tensor> {
    y.less(&y.like(0)?)?.cast(y.dtype())
}
