//! Bessel functions. The `e` forms are scaled by an exponential, so that they do not overflow.

use super::elementwise::unary_op;
use crate::attr::OpDef;
use crate::{Keep, Result, Tensor};

pub(super) const DEFS: &[OpDef] = &[
    BesselI0::DEF,
    BesselI0e::DEF,
    BesselI1::DEF,
    BesselI1e::DEF,
    BesselJ0::DEF,
    BesselJ1::DEF,
    BesselY0::DEF,
    BesselY1::DEF,
    BesselK0::DEF,
    BesselK0e::DEF,
    BesselK1::DEF,
    BesselK1e::DEF,
];

/// `a - y / x`, and 1/2 where `x` is 0, which is the limit for the functions of order one that vanish there.
fn order_one(x: &Tensor, a: &Tensor, y: &Tensor) -> Result<Tensor> {
    let zero = x.equal(&x.like(0)?)?;
    let safe = zero.select(&x.like(1)?, x)?;
    zero.select(&x.like(0.5)?, &a.sub(&y.div(&safe)?)?)
}

unary_op! {
    /// The modified Bessel function of the first kind, order 0.
    BesselI0 = "bessel_i0", bessel_i0, BesselI0, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).bessel_i1()?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// `exp(-|x|)` times [`Tensor::bessel_i0`].
    BesselI0e = "bessel_i0e", bessel_i0e, BesselI0e, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let g = cx.dy(0)?.mul(&x.bessel_i1e()?.sub(&x.sign()?.mul(y)?)?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The modified Bessel function of the first kind, order 1.
    BesselI1 = "bessel_i1", bessel_i1, BesselI1, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let g = cx.dy(0)?.mul(&order_one(x, &x.bessel_i0()?, y)?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// `exp(-|x|)` times [`Tensor::bessel_i1`].
    BesselI1e = "bessel_i1e", bessel_i1e, BesselI1e, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let slope = order_one(x, &x.bessel_i0e()?.sub(&x.sign()?.mul(y)?)?, y)?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The Bessel function of the first kind, order 0.
    BesselJ0 = "bessel_j0", bessel_j0, BesselJ0, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).bessel_j1()?.neg()?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The Bessel function of the first kind, order 1.
    BesselJ1 = "bessel_j1", bessel_j1, BesselJ1, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let g = cx.dy(0)?.mul(&order_one(x, &x.bessel_j0()?, y)?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The Bessel function of the second kind, order 0; -inf at 0, NaN below.
    BesselY0 = "bessel_y0", bessel_y0, BesselY0, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).bessel_y1()?.neg()?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The Bessel function of the second kind, order 1; -inf at 0, NaN below.
    BesselY1 = "bessel_y1", bessel_y1, BesselY1, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let g = cx.dy(0)?.mul(&x.bessel_y0()?.sub(&y.div(x)?)?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The modified Bessel function of the second kind, order 0; infinite at 0, NaN below.
    BesselK0 = "bessel_k0", bessel_k0, BesselK0, Keep::X, |cx| {
        let g = cx.dy(0)?.mul(&cx.x(0).bessel_k1()?.neg()?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// `exp(x)` times [`Tensor::bessel_k0`].
    BesselK0e = "bessel_k0e", bessel_k0e, BesselK0e, Keep::ALL, |cx| {
        let g = cx.dy(0)?.mul(&cx.y(0).sub(&cx.x(0).bessel_k1e()?)?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// The modified Bessel function of the second kind, order 1; infinite at 0, NaN below.
    BesselK1 = "bessel_k1", bessel_k1, BesselK1, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let g = cx.dy(0)?.mul(&x.bessel_k0()?.add(&y.div(x)?)?.neg()?)?;
        cx.give(0, g)
    }
}
unary_op! {
    /// `exp(x)` times [`Tensor::bessel_k1`].
    BesselK1e = "bessel_k1e", bessel_k1e, BesselK1e, Keep::ALL, |cx| {
        let (x, y) = (cx.x(0), cx.y(0));
        let slope = y.sub(&y.div(x)?)?.sub(&x.bessel_k0e()?)?;
        let g = cx.dy(0)?.mul(&slope)?;
        cx.give(0, g)
    }
}
