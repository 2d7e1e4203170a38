//! Rectifiers and other activations of one input.

use super::activation_gradient::{
    EluGrad, GeluErfGrad, GeluTanhGrad, Relu6Grad, ReluGrad, SeluGrad, SiluGrad,
};
use super::elementwise::{binary_op, unary_op};
use crate::attr::OpDef;
use crate::{Keep, Result, Tensor};

pub(super) const DEFS: &[OpDef] = &[
    Relu::DEF,
    Relu6::DEF,
    Elu::DEF,
    EluAlpha::DEF,
    Selu::DEF,
    Silu::DEF,
    GeluErf::DEF,
    GeluTanh::DEF,
    Mish::DEF,
    Prelu::DEF,
];

unary_op! {
    /// `max(x, 0)`; NaN of NaN. The gradient at 0 is 0.
    Relu = "relu", relu, Relu, Keep::Y, |cx| {
        let g = ReluGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `min(max(x, 0), 6)`; NaN of NaN. The gradient at 0 and at 6 is 0.
    Relu6 = "relu6", relu6, Relu6, Keep::Y, |cx| {
        let g = Relu6Grad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x` where positive, `exp(x) - 1` below (Clevert et al. 2016).
    Elu = "elu", elu, Elu, Keep::Y, |cx| {
        let g = EluGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

binary_op! {
    /// `x` where positive, `alpha (exp(x) - 1)` below; `alpha` is a tensor that broadcasts.
    EluAlpha = "elu_alpha", elu_alpha, EluAlpha, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let (x, alpha) = (cx.x(0), cx.x(1));
        let below = x.less(&x.like(0)?)?;
        if cx.needs(0) {
            let slope = alpha.mul(&x.minimum(&x.like(0)?)?.exp()?)?;
            cx.give(0, below.select(&g.mul(&slope)?, &g)?)?;
        }
        if cx.needs(1) {
            let slope = x.minimum(&x.like(0)?)?.expm1()?;
            cx.give(1, g.mul(&slope)?)?;
        }
        Ok(())
    }
}

unary_op! {
    /// `scale * x` where positive, `scale * alpha (exp(x) - 1)` below, with the constants 1.0507 and 1.6733 of
    /// Klambauer et al. 2017.
    Selu = "selu", selu, Selu, Keep::Y, |cx| {
        let g = SeluGrad::of(&cx.dy(0)?, cx.y(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x * sigmoid(x)`, also known as swish.
    Silu = "silu", silu, Silu, Keep::X, |cx| {
        let g = SiluGrad::of(&cx.dy(0)?, cx.x(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x Phi(x)` with the normal distribution function `Phi`.
    GeluErf = "gelu_erf", gelu_erf, GeluErf, Keep::X, |cx| {
        let g = GeluErfGrad::of(&cx.dy(0)?, cx.x(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, the approximation of [`Tensor::gelu_erf`].
    GeluTanh = "gelu_tanh", gelu_tanh, GeluTanh, Keep::X, |cx| {
        let g = GeluTanhGrad::of(&cx.dy(0)?, cx.x(0))?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `x * tanh(softplus(x))` (Misra 2019).
    Mish = "mish", mish, Mish, Keep::X, |cx| {
        let x = cx.x(0);
        let t = x.softplus()?.tanh()?;
        let slope = x.mul(&x.sigmoid()?)?.mul(&x.like(1)?.sub(&t.square()?)?)?.add(&t)?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}

binary_op! {
    /// `x` where positive, `alpha * x` elsewhere; `alpha` is a tensor that broadcasts (He et al. 2015).
    Prelu = "prelu", prelu, Prelu, Keep::X, |cx| {
        let g = cx.dy(0)?;
        let (x, alpha) = (cx.x(0), cx.x(1));
        if cx.needs(0) {
            let positive = x.greater(&x.like(0)?)?;
            cx.give(0, positive.select(&g, &g.mul(alpha)?)?)?;
        }
        if cx.needs(1) {
            cx.give(1, g.mul(&x.minimum(&x.like(0)?)?)?)?;
        }
        Ok(())
    }
}

impl Tensor {
    /// `x * sigmoid(beta * x)`; [`Tensor::silu`] for a `beta` of 1.
    pub fn swish(&self, beta: f64) -> Result<Tensor> {
        if beta == 1.0 {
            return self.silu();
        }
        self.mul(&self.mul(&self.like(beta)?)?.sigmoid()?)
    }

    /// `x` where positive, `alpha * x` elsewhere. TensorFlow's default for `alpha` is 0.2.
    pub fn leaky_relu(&self, alpha: f64) -> Result<Tensor> {
        self.prelu(&self.like(alpha)?)
    }

    /// The gaussian error linear unit: [`Tensor::gelu_tanh`] when `approximate`, else [`Tensor::gelu_erf`].
    pub fn gelu(&self, approximate: bool) -> Result<Tensor> {
        if approximate { self.gelu_tanh() } else { self.gelu_erf() }
    }

    /// `relu(x)` and `relu(-x)` joined along an axis (Shang et al. 2016).
    pub fn crelu(&self, axis: isize) -> Result<Tensor> {
        Tensor::concat(&[&self.relu()?, &self.neg()?.relu()?], axis)
    }

    /// `x * hard_sigmoid(x)`.
    pub fn hard_silu(&self) -> Result<Tensor> {
        self.mul(&self.hard_sigmoid()?)
    }
}
