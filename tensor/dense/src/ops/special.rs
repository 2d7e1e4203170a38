//! Special functions: error function, gamma, beta, zeta.

use super::elementwise::{binary_op, unary_op};
use super::igamma_slope::igamma_grad_a;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;
use std::f64::consts::PI;

pub(super) const DEFS: &[OpDef] = &[
    Erf::DEF,
    Erfc::DEF,
    Erfinv::DEF,
    Ndtri::DEF,
    Lgamma::DEF,
    Digamma::DEF,
    Igamma::DEF,
    Igammac::DEF,
    Zeta::DEF,
    Polygamma::DEF,
    Betainc::DEF,
];

unary_op! {
    /// The error function `2/sqrt(pi) * integral of exp(-t^2) from 0 to x`.
    Erf = "erf", erf, Erf, Keep::X, |cx| {
        let slope = bell(cx.x(0), -1.0, 2.0 / PI.sqrt())?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// `1 - erf(x)`, exact where it is small.
    Erfc = "erfc", erfc, Erfc, Keep::X, |cx| {
        let slope = bell(cx.x(0), -1.0, -2.0 / PI.sqrt())?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The inverse of the error function; infinite at -1 and 1, NaN outside.
    Erfinv = "erfinv", erfinv, Erfinv, Keep::Y, |cx| {
        let slope = bell(cx.y(0), 1.0, PI.sqrt() / 2.0)?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The inverse of the normal distribution function; infinite at 0 and 1, NaN outside.
    Ndtri = "ndtri", ndtri, Ndtri, Keep::Y, |cx| {
        let slope = bell(cx.y(0), 0.5, (2.0 * PI).sqrt())?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}

/// `height * exp(curve * x^2)`.
fn bell(x: &Tensor, curve: f64, height: f64) -> Result<Tensor> {
    x.square()?.mul(&x.like(curve)?)?.exp()?.mul(&x.like(height)?)
}

unary_op! {
    /// `ln |gamma(x)|`; infinite at 0 and the negative integers.
    Lgamma = "lgamma", lgamma, Lgamma, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).digamma()?)?;
        cx.give(0, g)
    }
}

unary_op! {
    /// The derivative of [`Tensor::lgamma`].
    Digamma = "digamma", digamma, Digamma, Keep::X, |cx| {
        let slope = cx.x(0).like(1)?.polygamma(cx.x(0))?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}

/// `exp(-x + (a - 1) ln x - lgamma(a))`: the gamma density, which is the slope of [`Igamma`].
fn gamma_density(a: &Tensor, x: &Tensor) -> Result<Tensor> {
    a.sub(&a.like(1)?)?.xlogy(x)?.sub(x)?.sub(&a.lgamma()?)?.exp()
}

fn only_second(cx: &Backward<'_>, name: &str) -> Result<()> {
    if cx.needs(0) {
        return Err(Error::no_gradient(&format!("{name}, with respect to its first input")));
    }
    Ok(())
}

binary_op! {
    /// The regularised lower incomplete gamma function `P(a, x)`, where this tensor is `a`.
    Igamma = "igamma", igamma, Igamma, Keep::X, |cx| {
        if cx.needs(0) {
            let g = cx.dy(0)?.mul(&igamma_grad_a(cx.x(0), cx.x(1))?)?;
            cx.give(0, g)?;
        }
        let g = cx.dy(0)?.mul(&gamma_density(cx.x(0), cx.x(1))?)?;
        cx.give(1, g)
    }
}

binary_op! {
    /// The regularised upper incomplete gamma function `Q(a, x)`, where this tensor is `a`.
    Igammac = "igammac", igammac, Igammac, Keep::X, |cx| {
        if cx.needs(0) {
            let g = cx.dy(0)?.mul(&igamma_grad_a(cx.x(0), cx.x(1))?)?.neg()?;
            cx.give(0, g)?;
        }
        let g = cx.dy(0)?.mul(&gamma_density(cx.x(0), cx.x(1))?)?.neg()?;
        cx.give(1, g)
    }
}

binary_op! {
    /// The Hurwitz zeta function `sum of (q + n)^-s over n = 0, 1, ..`, where this tensor is `s` and the other
    /// `q`. There is no gradient for `s`.
    Zeta = "zeta", zeta, Zeta, Keep::X, |cx| {
        only_second(cx, "zeta")?;
        let (s, q) = (cx.x(0), cx.x(1));
        let slope = s.mul(&s.add(&s.like(1)?)?.zeta(q)?)?.neg()?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(1, g)
    }
}

binary_op! {
    /// The `n`-th derivative of digamma at `x`, where this tensor is `n`. There is no gradient for `n`.
    Polygamma = "polygamma", polygamma, Polygamma, Keep::X, |cx| {
        only_second(cx, "polygamma")?;
        let (n, x) = (cx.x(0), cx.x(1));
        let g = cx.dy(0)?.mul(&n.add(&n.like(1)?)?.polygamma(x)?)?;
        cx.give(1, g)
    }
}

crate::op! {
    /// The regularised incomplete beta function `I_x(a, b)`.
    pub struct Betainc {} = "betainc"
}

impl Op for Betainc {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if !x[0].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        if x.iter().any(|s| s.shape != x[0].shape) {
            return Err(Error::shape(format!(
                "betainc: shapes differ: {}, {} and {}",
                x[0].shape, x[1].shape, x[2].shape
            )));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: float => {
            Ok(gradus_kernels::elementwise::betainc::<T>(
                x[0].as_slice(), x[1].as_slice(), x[2].as_slice(), y[0].as_mut(),
            )?)
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.needs(0) || cx.needs(1) {
            return Err(Error::no_gradient("betainc, with respect to a and b"));
        }
        let (a, b, x) = (cx.x(0), cx.x(1), cx.x(2));
        let one = x.like(1)?;
        let log_beta = a.lgamma()?.add(&b.lgamma()?)?.sub(&a.add(b)?.lgamma()?)?;
        let log = b.sub(&one)?.xlog1py(&x.neg()?)?.add(&a.sub(&one)?.xlogy(x)?)?.sub(&log_beta)?;
        let g = cx.dy(0)?.mul(&log.exp()?)?;
        cx.give(2, g)
    }
}

impl Tensor {
    /// The regularised incomplete beta function `I_x(a, b)`, where this tensor is `x`; all three broadcast.
    ///
    /// There is no gradient for `a` and `b`.
    pub fn betainc(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let shape = self.shape().broadcast(a.shape())?.broadcast(b.shape())?;
        let full = |t: &Tensor| t.broadcast_to(shape.clone());
        apply1(&Betainc {}, &[&full(a)?, &full(b)?, &full(self)?])
    }
}
