//! Sums, products, means and extremes over axes.

use super::arithmetic::Div;
use super::creation::Fill;
use super::of_ranges::sum_of_ranges;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, PartStep, Parts, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Axes, DType, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::expr::Closing;
use gradus_kernels::reduce::{self as kernel, Reduce};
use smallvec::{SmallVec, smallvec};

pub(super) const DEFS: &[OpDef] = &[
    ReduceSum::DEF,
    ReduceMean::DEF,
    ReduceProd::DEF,
    ReduceMax::DEF,
    ReduceMin::DEF,
    ReduceSumSquares::DEF,
    ReduceLogSumExp::DEF,
];

/// The shape of a reduction over sorted axes.
pub(crate) fn reduced_shape(shape: &Shape, axes: &[usize], keepdims: bool) -> Shape {
    (0..shape.rank())
        .filter(|i| keepdims || !axes.contains(i))
        .map(|i| if axes.contains(&i) { 1 } else { shape[i] })
        .collect()
}

/// Runs the kernel over sorted axes.
pub(crate) fn forward(op: Reduce, axes: &[usize], x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
    let axes = if axes.len() == x[0].shape().rank() {
        kernel::Axes::all(x[0].shape())
    } else {
        kernel::Axes::new(x[0].shape(), axes)?
    };
    dispatch!(x[0].dtype(), T: all => { Ok(kernel::reduce::<T>(op, &axes, x[0].as_slice(), y[0].as_mut())?) })
}

/// The reduction at the end of an elementwise program, where it has one like it.
fn closing(op: Reduce) -> Option<Closing> {
    match op {
        Reduce::Sum => Some(Closing::Sum),
        Reduce::Mean => Some(Closing::Mean),
        Reduce::Max => Some(Closing::Max),
        _ => None,
    }
}

/// Sums and means per column, of images and the like, from the sums of ranges.
fn parts(how: Reduce, axes: &[usize], keepdims: bool, x: &Spec, part: usize) -> Option<Parts> {
    let columns = x.shape.rank() >= 3 && axes.iter().copied().eq(0..x.shape.rank() - 1);
    // Half floats would round, or overflow, from range to range.
    let wide = matches!(x.dtype, DType::F32 | DType::F64);
    if !columns || !wide || !matches!(how, Reduce::Sum | Reduce::Mean) {
        return None;
    }
    let mut parts = sum_of_ranges(Box::new(ReduceSum { axes: axes.to_vec(), keepdims }), 1, part);
    if how == Reduce::Mean {
        let value = axes.iter().map(|&a| x.shape[a]).product::<usize>() as f64;
        parts.steps.push(PartStep::new(Fill { shape: Shape::scalar(), dtype: x.dtype, value }, &[], 1));
        parts.steps.push(PartStep::new(Div {}, &[2, 3], 1));
        parts.outputs = smallvec![4];
    }
    Some(parts)
}

macro_rules! reduction {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident, $keep:expr, |$op:ident, $cx:ident| $vjp:expr) => {
        crate::op! {
            $(#[$m])*
            pub struct $name { axes: Vec<usize>, keepdims: bool } = $s
        }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                if !Reduce::$kernel.supports(x[0].dtype) {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                Ok(smallvec![x[0].reshaped(reduced_shape(&x[0].shape, &self.axes, self.keepdims))])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                forward(Reduce::$kernel, &self.axes, x, y)
            }
            fn keep(&self) -> Keep {
                $keep
            }
            fn vjp(&self, $cx: &mut Backward<'_>) -> Result<()> {
                let $op = self;
                $vjp
            }
            fn in_parts(&self, x: &[&Spec], part: usize) -> Option<Parts> {
                parts(Reduce::$kernel, &self.axes, self.keepdims, x[0], part)
            }
            fn lower(&self) -> Lower {
                match closing(Reduce::$kernel) {
                    Some(how) => Lower::Reduce(how, SmallVec::from_slice(&self.axes)),
                    None => Lower::Opaque,
                }
            }
        }
        impl Tensor {
            $(#[$m])*
            ///
            /// `axes`: `()` for all, one axis, or a list; negative axes count from the end. With `keepdims`
            /// the reduced axes stay with size 1.
            pub fn $method(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
                let axes = axes.into().resolve(self.shape())?.to_vec();
                apply1(&$name { axes, keepdims }, &[self])
            }
        }
    };
}

/// A gradient of the reduced shape, with the reduced axes back as size 1.
fn unreduced(g: &Tensor, shape: &Shape, axes: &[usize]) -> Result<Tensor> {
    g.reshape(reduced_shape(shape, axes, true))
}

reduction! {
    /// The sum over axes; 0 over an empty axis.
    ReduceSum = "reduce_sum", reduce_sum, Sum, Keep::NONE, |op, cx| {
        let shape = &cx.x_spec(0).shape;
        let g = unreduced(&cx.dy(0)?, shape, &op.axes)?.broadcast_to(shape.clone())?;
        cx.give(0, g)
    }
}

reduction! {
    /// The mean over axes; NaN over an empty axis. Integers truncate toward zero.
    ReduceMean = "reduce_mean", reduce_mean, Mean, Keep::NONE, |op, cx| {
        let shape = &cx.x_spec(0).shape;
        let n: usize = op.axes.iter().map(|&a| shape[a]).product();
        let g = cx.dy(0)?;
        let g = g.mul(&Tensor::scalar_of(g.dtype(), 1.0 / n as f64))?;
        let g = unreduced(&g, shape, &op.axes)?.broadcast_to(shape.clone())?;
        cx.give(0, g)
    }
}

/// The gradient of an extreme: shared evenly by the values that equal it.
fn to_extremes(cx: &mut Backward<'_>, axes: &[usize]) -> Result<()> {
    let shape = &cx.x_spec(0).shape;
    let top = unreduced(cx.y(0), shape, axes)?;
    let at = cx.x(0).equal(&top)?.cast(cx.x(0).dtype())?;
    let list: SmallVec<[isize; 4]> = axes.iter().map(|&a| a as isize).collect();
    let count = at.reduce_sum(&list[..], true)?;
    let g = unreduced(&cx.dy(0)?, shape, axes)?.div(&count)?;
    cx.give(0, at.mul(&g)?)
}

reduction! {
    /// The largest value over axes, NaN where there is one; over an empty axis -inf, or the lowest integer.
    /// Equal largest values share the gradient evenly.
    ReduceMax = "reduce_max", reduce_max, Max, Keep::ALL, |op, cx| to_extremes(cx, &op.axes)
}

reduction! {
    /// The smallest value over axes, NaN where there is one; over an empty axis inf, or the highest integer.
    /// Equal smallest values share the gradient evenly.
    ReduceMin = "reduce_min", reduce_min, Min, Keep::ALL, |op, cx| to_extremes(cx, &op.axes)
}

reduction! {
    /// The product over axes; 1 over an empty axis. Integers wrap.
    ReduceProd = "reduce_prod", reduce_prod, Prod, Keep::X, |op, cx| {
        // The product of the others is that of those before times that of those after, so zeros need no care.
        let x = cx.x(0);
        let shape = x.shape();
        let kept: Vec<usize> = (0..shape.rank()).filter(|a| !op.axes.contains(a)).collect();
        let perm: Vec<usize> = kept.iter().chain(&op.axes).copied().collect();
        let rows: usize = kept.iter().map(|&a| shape[a]).product();
        let n: usize = op.axes.iter().map(|&a| shape[a]).product();
        let moved = x.transpose(&perm)?;
        let flat = moved.reshape([rows, n])?;
        let others = flat.cumprod(-1, true, false)?.mul(&flat.cumprod(-1, true, true)?)?;
        let others = others.reshape(moved.shape().clone())?.transpose(&super::transpose::inverse(&perm))?;
        let g = unreduced(&cx.dy(0)?, shape, &op.axes)?;
        cx.give(0, others.mul(&g)?)
    }
}

reduction! {
    /// The sum of squares over axes; 0 over an empty axis.
    ReduceSumSquares = "reduce_sum_squares", reduce_sum_squares, SumSquares, Keep::X, |op, cx| {
        let g = unreduced(&cx.dy(0)?, &cx.x_spec(0).shape, &op.axes)?;
        let x = cx.x(0);
        cx.give(0, x.mul(&g.mul(&g.like(2)?)?)?)
    }
}

reduction! {
    /// `ln(sum(exp(x)))` over axes, without overflow; -inf over an empty axis.
    ReduceLogSumExp = "reduce_logsumexp", reduce_logsumexp, LogSumExp, Keep::ALL, |op, cx| {
        let shape = &cx.x_spec(0).shape;
        let y = unreduced(cx.y(0), shape, &op.axes)?;
        // Of infinities this is NaN, as in TensorFlow: which of them the sum follows is not defined.
        let g = unreduced(&cx.dy(0)?, shape, &op.axes)?;
        cx.give(0, cx.x(0).sub(&y)?.exp()?.mul(&g)?)
    }
}
