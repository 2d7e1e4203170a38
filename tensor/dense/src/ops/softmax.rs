//! Softmax and its logarithm over an axis.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::softmax::{Softmax as Kind, softmax, softmax_backward};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Softmax::DEF, SoftmaxGrad::DEF];

fn kind(log: bool) -> Kind {
    if log { Kind::Log } else { Kind::Plain }
}

crate::op! {
    /// `e^x / sum e^x` over the last axis, or its logarithm.
    pub struct Softmax { log: bool } = "softmax"
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if !x[0].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        if x[0].shape.rank() == 0 {
            return Err(crate::Error::shape("softmax: a scalar has no axis"));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = *x[0].shape().last().unwrap_or(&1);
        dispatch!(x[0].dtype(), T: all => { softmax::<T>(kind(self.log), x[0].as_slice(), y[0].as_mut(), n)? });
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::Y
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = apply1(&SoftmaxGrad { log: self.log }, &[cx.y(0), &cx.dy(0)?])?;
        cx.give(0, g)
    }
}

crate::op! {
    /// The gradient of softmax from its result `y` and the gradient `g` of that: `y (g - sum g y)`, or
    /// `g - e^y sum g` for the logarithm.
    pub struct SoftmaxGrad { log: bool } = "softmax_grad"
}

impl Op for SoftmaxGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = *x[0].shape().last().unwrap_or(&1);
        dispatch!(x[0].dtype(), T: all => {
            softmax_backward::<T>(kind(self.log), x[0].as_slice(), x[1].as_slice(), y[0].as_mut(), n)?
        });
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (y, g, u) = (cx.x(0), cx.x(1), cx.dy(0)?);
        let sum = |t: &Tensor| t.reduce_sum(-1, true);
        if self.log {
            let p = y.exp()?;
            if cx.needs(1) {
                cx.give(1, u.sub(&sum(&u.mul(&p)?)?)?)?;
            }
            if cx.needs(0) {
                cx.give(0, u.mul(&p)?.mul(&sum(g)?)?.neg()?)?;
            }
        } else {
            let uy = sum(&u.mul(y)?)?;
            if cx.needs(1) {
                cx.give(1, y.mul(&u.sub(&uy)?)?)?;
            }
            if cx.needs(0) {
                let inner = g.sub(&sum(&g.mul(y)?)?)?;
                cx.give(0, u.mul(&inner)?.sub(&g.mul(&uy)?)?)?;
            }
        }
        Ok(())
    }
}

impl Tensor {
    /// `e^x / sum e^x` over an axis; the largest value is subtracted first, so nothing overflows.
    pub fn softmax(&self, axis: isize) -> Result<Tensor> {
        self.softmax_over(axis, false)
    }

    /// The logarithm of the softmax over an axis, exact where the softmax itself would round to 0.
    pub fn log_softmax(&self, axis: isize) -> Result<Tensor> {
        self.softmax_over(axis, true)
    }

    fn softmax_over(&self, axis: isize, log: bool) -> Result<Tensor> {
        let axis = self.shape().axis(axis)?;
        if axis + 1 == self.rank() {
            return apply1(&Softmax { log }, &[self]);
        }
        let mut perm: Vec<usize> = (0..self.rank()).collect();
        perm.swap(axis, self.rank() - 1);
        apply1(&Softmax { log }, &[&self.transpose(&perm)?])?.transpose(&perm)
    }
}
