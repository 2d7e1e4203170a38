//! Sums, products, means and extremes over axes.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Axes, Element, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::{SmallVec, smallvec};

pub(super) const DEFS: &[OpDef] =
    &[ReduceSum::DEF, ReduceMean::DEF, ReduceProd::DEF, ReduceMax::DEF, ReduceMin::DEF];

/// The shape of a reduction over sorted axes.
pub(crate) fn reduced_shape(shape: &Shape, axes: &[usize], keepdims: bool) -> Shape {
    (0..shape.rank())
        .filter(|i| keepdims || !axes.contains(i))
        .map(|i| if axes.contains(&i) { 1 } else { shape[i] })
        .collect()
}

/// Calls `f(output index, value)` for every element in row-major order.
pub(crate) fn scan<T: Element>(shape: &Shape, axes: &[usize], x: &[T], mut f: impl FnMut(usize, T)) {
    let kept = reduced_shape(shape, axes, true);
    let strides = kept.strides();
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, shape.rank());
    for &v in x {
        let at: usize =
            (0..shape.rank()).map(|i| if axes.contains(&i) { 0 } else { index[i] * strides[i] }).sum();
        f(at, v);
        for i in (0..shape.rank()).rev() {
            index[i] += 1;
            if index[i] < shape[i] {
                break;
            }
            index[i] = 0;
        }
    }
}

macro_rules! reduction {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $keep:expr, $forward:expr, |$op:ident, $cx:ident| $vjp:expr) => {
        crate::op! {
            $(#[$m])*
            pub struct $name { axes: Vec<usize>, keepdims: bool } = $s
        }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                if x[0].dtype.is_complex() || x[0].dtype == crate::DType::Bool {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                Ok(smallvec![x[0].reshaped(reduced_shape(&x[0].shape, &self.axes, self.keepdims))])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                let run: fn(&Self, &[View<'_>], &mut [ViewMut<'_>]) -> Result<()> = $forward;
                run(self, x, y)
            }
            fn keep(&self) -> Keep {
                $keep
            }
            fn vjp(&self, $cx: &mut Backward<'_>) -> Result<()> {
                let $op = self;
                $vjp
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
    ReduceSum = "reduce_sum", reduce_sum, Keep::NONE, |op, x, y| {
        dispatch!(x[0].dtype(), T: real => {
            let out = y[0].as_mut::<T>();
            if T::DTYPE.is_int() {
                out.fill(T::ZERO);
                scan::<T>(x[0].shape(), &op.axes, x[0].as_slice(), |i, v| {
                    out[i] = T::from_i128(out[i].to_i128() + v.to_i128());
                });
            } else {
                let mut acc = vec![0.0f64; out.len()];
                scan::<T>(x[0].shape(), &op.axes, x[0].as_slice(), |i, v| acc[i] += v.to_f64());
                out.iter_mut().zip(acc).for_each(|(o, a)| *o = T::from_f64(a));
            }
            Ok(())
        } else { Err(unsupported_dtype(op.name(), x[0].dtype())) })
    }, |op, cx| {
        let shape = &cx.x_spec(0).shape;
        let g = unreduced(&cx.dy(0)?, shape, &op.axes)?.broadcast_to(shape.clone())?;
        cx.give(0, g)
    }
}

reduction! {
    /// The mean over axes; NaN over an empty axis. Integers truncate toward zero.
    ReduceMean = "reduce_mean", reduce_mean, Keep::NONE, |op, x, y| {
        dispatch!(x[0].dtype(), T: real => {
            let out = y[0].as_mut::<T>();
            let mut acc = vec![0.0f64; out.len()];
            scan::<T>(x[0].shape(), &op.axes, x[0].as_slice(), |i, v| acc[i] += v.to_f64());
            let n: usize = op.axes.iter().map(|&a| x[0].shape()[a]).product();
            out.iter_mut().zip(acc).for_each(|(o, a)| *o = T::from_f64(a / n as f64));
            Ok(())
        } else { Err(unsupported_dtype(op.name(), x[0].dtype())) })
    }, |op, cx| {
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

/// The extreme of every group, starting from `empty`; NaN wins.
fn extreme(
    name: &str,
    axes: &[usize],
    x: &[View<'_>],
    y: &mut [ViewMut<'_>],
    empty: f64,
    better: fn(f64, f64) -> bool,
) -> Result<()> {
    dispatch!(x[0].dtype(), T: real => {
        let out = y[0].as_mut::<T>();
        // Integers beyond 2^53 are compared exactly: ties in f64 fall back to i128.
        out.fill(T::from_f64(empty));
        scan::<T>(x[0].shape(), axes, x[0].as_slice(), |i, v| {
            let (new, old) = (v.to_f64(), out[i].to_f64());
            let exact = T::DTYPE.is_int() && new == old;
            let wins = if exact {
                let (new, old) = (v.to_i128(), out[i].to_i128());
                new != old && (better(1.0, 0.0) == (new > old))
            } else {
                !old.is_nan() && (better(new, old) || new.is_nan())
            };
            if wins {
                out[i] = v;
            }
        });
        Ok(())
    } else { Err(unsupported_dtype(name, x[0].dtype())) })
}

reduction! {
    /// The largest value over axes, NaN where there is one; over an empty axis -inf, or the lowest integer.
    /// Equal largest values share the gradient evenly.
    ReduceMax = "reduce_max", reduce_max, Keep::ALL, |op, x, y| {
        extreme(op.name(), &op.axes, x, y, f64::NEG_INFINITY, |new, old| new > old)
    }, |op, cx| to_extremes(cx, &op.axes)
}

reduction! {
    /// The smallest value over axes, NaN where there is one; over an empty axis inf, or the highest integer.
    /// Equal smallest values share the gradient evenly.
    ReduceMin = "reduce_min", reduce_min, Keep::ALL, |op, x, y| {
        extreme(op.name(), &op.axes, x, y, f64::INFINITY, |new, old| new < old)
    }, |op, cx| to_extremes(cx, &op.axes)
}

reduction! {
    /// The product over axes; 1 over an empty axis. Integers wrap.
    ReduceProd = "reduce_prod", reduce_prod, Keep::X, |op, x, y| {
        dispatch!(x[0].dtype(), T: real => {
            let out = y[0].as_mut::<T>();
            if T::DTYPE.is_int() {
                out.fill(T::ONE);
                scan::<T>(x[0].shape(), &op.axes, x[0].as_slice(), |i, v| {
                    out[i] = T::from_i128(out[i].to_i128().wrapping_mul(v.to_i128()));
                });
            } else {
                let mut acc = vec![1.0f64; out.len()];
                scan::<T>(x[0].shape(), &op.axes, x[0].as_slice(), |i, v| acc[i] *= v.to_f64());
                out.iter_mut().zip(acc).for_each(|(o, a)| *o = T::from_f64(a));
            }
            Ok(())
        } else { Err(unsupported_dtype(op.name(), x[0].dtype())) })
    }, |op, cx| {
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
