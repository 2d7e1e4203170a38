//! Batch normalization over all axes but the last, and layer normalization over the last.
//!
//! Statistics, scaling and the gradient are one or two passes each. Gradients of the gradient go through
//! plain formulas: the rules look whether a tape listens and leave the fused kernels to those who do not.

use super::activated_normalization::{ActivatedBatchNorm, ActivatedBatchNormGrad, Rectifier};
use super::normalization_parts::{forward_parts, gradient_parts};
use crate::attr::{Attribute, OpDef};
use crate::backward::Backward;
use crate::op::{Attributes, Op, Outputs, Parts, apply, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch, recorder};
use gradus_kernels::elementwise::Unary;
use gradus_kernels::norm::{
    GradientColumns, RowGradients, column_affine, column_backward, column_moments, column_scales,
    column_sums, row_norm, row_norm_backward,
};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[BatchNorm::DEF, BatchNormGrad::DEF, LayerNorm::DEF, LayerNormGrad::DEF];

/// Checks x, gamma, beta; gives the size of the last axis.
fn check(name: &str, x: &[&Spec]) -> Result<usize> {
    same_dtype(name, x)?;
    if !matches!(x[0].dtype, DType::F32 | DType::F64) {
        return Err(unsupported_dtype(name, x[0].dtype));
    }
    let n = *x[0].shape.last().ok_or_else(|| Error::shape(format!("{name}: a scalar has no axis")))?;
    for (what, s) in [("gamma", x[1]), ("beta", x[2])] {
        if s.shape.dims() != [n] {
            return Err(Error::shape(format!("{name}: {what} has shape {}, expected [{n}]", s.shape)));
        }
    }
    Ok(n)
}

/// All axes but the last.
fn leading(rank: usize) -> Vec<isize> {
    (0..rank as isize - 1).collect()
}

/// The forward operation, with relu or relu6 on y.
pub(super) fn normalize(
    name: &str,
    epsilon: f64,
    activation: Option<Unary>,
    x: &[View<'_>],
    y: &mut [ViewMut<'_>],
) -> Result<()> {
    dispatch!(x[0].dtype(), T: wide_float => {
        let (v, gamma, beta) = (x[0].as_slice::<T>(), x[1].as_slice::<T>(), x[2].as_slice::<T>());
        let m = column_moments::<T>(v, gamma.len());
        let [scale, shift] = column_scales::<T>(epsilon as T, gamma, beta, &m.mean, &m.variance);
        column_affine::<T>(v, &scale, &shift, activation, y[0].as_mut());
        y[1].as_mut::<T>().copy_from_slice(&m.mean);
        y[2].as_mut::<T>().copy_from_slice(&m.variance);
        Ok(())
    } else { Err(unsupported_dtype(name, x[0].dtype())) })
}

/// The gradients of x, gamma and beta from dy, x, gamma, mean, variance and, where dy lies above an activation, beta.
pub(super) fn gradients(
    name: &str,
    epsilon: f64,
    activation: Option<Rectifier>,
    x: &[View<'_>],
    y: &mut [ViewMut<'_>],
) -> Result<()> {
    dispatch!(x[0].dtype(), T: wide_float => {
        let (gamma, mean, variance) = (x[2].as_slice::<T>(), x[3].as_slice::<T>(), x[4].as_slice::<T>());
        let activation = activation.map(|a| (x[5].as_slice::<T>(), a.top() as T));
        let columns = GradientColumns::<T>::new(epsilon as T, gamma, mean, variance, activation);
        let above = columns.above(x[0].as_slice(), x[1].as_slice(), mean);
        let sums = column_sums::<T>(above);
        let count = x[0].spec().len() / gamma.len().max(1);
        column_backward::<T>(above, count, &columns.rstd, &columns.scale, &sums, y[0].as_mut());
        for ((d, s), r) in y[1].as_mut::<T>().iter_mut().zip(&sums[1]).zip(&columns.rstd) {
            *d = s * r;
        }
        y[2].as_mut::<T>().copy_from_slice(&sums[0]);
        Ok(())
    } else { Err(unsupported_dtype(name, x[0].dtype())) })
}

crate::op! {
    /// Batch normalization in training: x, gamma, beta give y, mean, variance (the biased one).
    pub struct BatchNorm { epsilon: f64 } = "batch_norm"
}

impl Op for BatchNorm {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let n = check(Self::NAME, x)?;
        Ok(smallvec![x[0].clone(), x[0].reshaped([n]), x[0].reshaped([n])])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        normalize(Self::NAME, self.epsilon, None, x, y)
    }
    fn absorb(&self, _: usize, tail: &Lower) -> Option<Box<dyn Op>> {
        let activation = Rectifier::of(tail)?;
        Some(ActivatedBatchNorm { epsilon: self.epsilon, activation }.boxed())
    }
    fn in_parts(&self, _: &[&Spec], part: usize) -> Option<Parts> {
        Some(forward_parts(self.epsilon, None, part))
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b011, y: 0b110 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (x, gamma, mean, variance) = (cx.x(0), cx.x(1), cx.y(1), cx.y(2));
        let axes = leading(x.rank());
        let rows: usize = x.shape()[..x.rank() - 1].iter().product();
        if let Some(g) = cx.dy_opt(0) {
            if recorder::taping() {
                let rstd = variance.add(&variance.like(self.epsilon)?)?.rsqrt()?;
                let hat = x.sub(mean)?.mul(&rstd)?;
                let sum = |t: &Tensor| t.reduce_mean(&axes[..], false);
                let inner = g.sub(&sum(g)?)?.sub(&hat.mul(&sum(&g.mul(&hat)?)?)?)?;
                cx.give(0, inner.mul(&gamma.mul(&rstd)?)?)?;
                cx.give(1, g.mul(&hat)?.reduce_sum(&axes[..], false)?)?;
                cx.give(2, g.reduce_sum(&axes[..], false)?)?;
            } else {
                let op = BatchNormGrad { epsilon: self.epsilon };
                let d: Outputs = apply(&op, &[g, x, gamma, mean, variance])?;
                for (i, d) in d.into_iter().enumerate() {
                    cx.give(i, d)?;
                }
            }
        }
        if let Some(g) = cx.dy_opt(1) {
            let g = g.mul(&Tensor::scalar_of(g.dtype(), 1.0 / rows as f64))?;
            cx.give(0, g.broadcast_to(x.shape().clone())?)?;
        }
        if let Some(g) = cx.dy_opt(2) {
            let g = g.mul(&Tensor::scalar_of(g.dtype(), 2.0 / rows as f64))?;
            cx.give(0, x.sub(mean)?.mul(&g)?)?;
        }
        Ok(())
    }
}

crate::op! {
    /// dy, x, gamma, mean, variance give the gradients of x, gamma and beta.
    pub struct BatchNormGrad { epsilon: f64 } = "batch_norm_grad"
}

impl Op for BatchNormGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[1].clone(), x[2].clone(), x[2].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        gradients(Self::NAME, self.epsilon, None, x, y)
    }
    fn below(&self, slope: &Lower, forward: &dyn Op) -> Option<Box<dyn Op>> {
        let known = [BatchNorm::NAME, ActivatedBatchNorm::NAME].contains(&forward.name());
        let same = forward.attrs()?.first() == Some(&self.epsilon.to_attr());
        let activation = Rectifier::of_slope(slope).filter(|_| known && same)?;
        Some(ActivatedBatchNormGrad { epsilon: self.epsilon, activation }.boxed())
    }
    fn in_parts(&self, _: &[&Spec], part: usize) -> Option<Parts> {
        Some(gradient_parts(self.epsilon, None, part))
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// Layer normalization over the last axis: x, gamma, beta give y, and mean and `1/sqrt(variance + epsilon)` per row.
    pub struct LayerNorm { epsilon: f64 } = "layer_norm"
}

impl Op for LayerNorm {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check(Self::NAME, x)?;
        let rows: Shape = Shape::new(&x[0].shape[..x[0].shape.rank() - 1]);
        Ok(smallvec![x[0].clone(), x[0].reshaped(rows.clone()), x[0].reshaped(rows)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let [out, mean, rstd] = y else { return Err(Error::value("layer_norm: three outputs expected")) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let n = x[1].shape()[0];
            row_norm::<T>(
                x[0].as_slice(),
                x[1].as_slice(),
                x[2].as_slice(),
                self.epsilon as T,
                out.as_mut(),
                mean.as_mut(),
                rstd.as_mut(),
                n,
            );
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b011, y: 0b110 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.dy_opt(1).is_some() || cx.dy_opt(2).is_some() {
            return Err(Error::no_gradient("layer_norm: the statistics"));
        }
        let Some(g) = cx.dy_opt(0) else { return Ok(()) };
        let (x, gamma) = (cx.x(0), cx.x(1));
        if recorder::taping() {
            // Mean and rstd again as functions of x, so that the outer tape sees the dependence.
            let mean = x.reduce_mean(-1, true)?;
            let centred = x.sub(&mean)?;
            let variance = centred.square()?.reduce_mean(-1, true)?;
            let rstd = variance.add(&variance.like(self.epsilon)?)?.rsqrt()?;
            let hat = centred.mul(&rstd)?;
            let axes = leading(x.rank());
            let scaled = g.mul(gamma)?;
            let row = |t: &Tensor| t.reduce_mean(-1, true);
            let inner = scaled.sub(&row(&scaled)?)?.sub(&hat.mul(&row(&scaled.mul(&hat)?)?)?)?;
            cx.give(0, inner.mul(&rstd)?)?;
            cx.give(1, g.mul(&hat)?.reduce_sum(&axes[..], false)?)?;
            return cx.give(2, g.reduce_sum(&axes[..], false)?);
        }
        let d: Outputs = apply(&LayerNormGrad {}, &[g, x, gamma, cx.y(1), cx.y(2)])?;
        for (i, d) in d.into_iter().enumerate() {
            cx.give(i, d)?;
        }
        Ok(())
    }
}

crate::op! {
    /// dy, x, gamma, mean, rstd give the gradients of x, gamma and beta.
    pub struct LayerNormGrad {} = "layer_norm_grad"
}

impl Op for LayerNormGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[1].clone(), x[2].clone(), x[2].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let [dx, dgamma, dbeta] = y else { return Err(Error::value("layer_norm: three outputs expected")) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let out = RowGradients { dx: dx.as_mut(), dgamma: dgamma.as_mut(), dbeta: dbeta.as_mut() };
            row_norm_backward::<T>(
                x[0].as_slice(),
                x[1].as_slice(),
                x[2].as_slice(),
                x[3].as_slice(),
                x[4].as_slice(),
                out,
                x[2].shape()[0],
            );
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Tensor {
    /// Batch normalization in training over all axes but the last: `(y, mean, variance)`.
    ///
    /// `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`, with the biased variance.
    pub fn batch_norm(
        &self,
        gamma: &Tensor,
        beta: &Tensor,
        epsilon: f64,
    ) -> Result<(Tensor, Tensor, Tensor)> {
        let y = apply(&BatchNorm { epsilon }, &[self, gamma, beta])?;
        match &y[..] {
            [y, mean, variance] => Ok((y.clone(), mean.clone(), variance.clone())),
            _ => Err(Error::value("batch_norm: three outputs expected")),
        }
    }

    /// Layer normalization over the last axis: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
    pub fn layer_norm(&self, gamma: &Tensor, beta: &Tensor, epsilon: f64) -> Result<Tensor> {
        Ok(apply(&LayerNorm { epsilon }, &[self, gamma, beta])?[0].clone())
    }
}
