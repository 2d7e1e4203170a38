//! Picking slices by index along an axis, and adding them back.

use super::indices;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::layout::{self, Scatter};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Gather::DEF, ScatterAdd::DEF];

crate::op! {
    /// Slices along an axis, chosen by indices; the first `batch_dims` axes of both inputs go together.
    pub struct Gather { axis: usize, batch_dims: usize } = "gather"
}

/// The sizes of a gather: batches, within a batch the axes before the axis, the axis, axes behind it, and indices per batch.
struct Sizes {
    batch: usize,
    outer: usize,
    n: usize,
    inner: usize,
    picks: usize,
}

fn sizes(x: &Shape, index: &Shape, axis: usize, batch_dims: usize) -> Sizes {
    let (_, n, inner) = x.around(axis);
    Sizes {
        batch: x[..batch_dims].iter().product(),
        outer: x[batch_dims..axis].iter().product(),
        n,
        inner,
        picks: index[batch_dims..].iter().product(),
    }
}

/// The shape of the result, or why the shapes do not fit.
fn gathered(x: &Shape, index: &Shape, axis: usize, batch_dims: usize) -> Result<Shape> {
    let fits = axis < x.rank()
        && batch_dims <= axis
        && batch_dims <= index.rank()
        && x[..batch_dims] == index[..batch_dims];
    if !fits {
        return Err(Error::shape(format!(
            "gather: indices of shape {index} along axis {axis} of shape {x} with {batch_dims} batch axes"
        )));
    }
    Ok(x[..axis].iter().chain(&index[batch_dims..]).chain(&x[axis + 1..]).copied().collect())
}

impl Op for Gather {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        indices::check_dtype(Self::NAME, x[1].dtype)?;
        let shape = gathered(&x[0].shape, &x[1].shape, self.axis, self.batch_dims)?;
        shape.checked_len()?;
        Ok(smallvec![x[0].reshaped(shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let s = sizes(x[0].shape(), x[1].shape(), self.axis, self.batch_dims);
        let index = indices::integers(Self::NAME, &x[1])?;
        let dims = [s.batch, s.outer, s.n, s.inner];
        dispatch!(x[0].dtype(), T: all => {
            Ok(layout::gather::<T>(x[0].as_slice(), &index, y[0].as_mut(), dims)?)
        })
    }
    fn keep(&self) -> Keep {
        Keep { x: 2, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let (shape, dy) = (cx.x_spec(0).shape.clone(), cx.dy(0)?);
        let g = if self.axis == 0 && self.batch_dims == 0 {
            crate::Rows { values: dy, indices: cx.x(1).clone() }.dense(shape)?
        } else {
            let op = ScatterAdd { shape, axis: self.axis, batch_dims: self.batch_dims };
            apply1(&op, &[cx.x(1), &dy])?
        };
        cx.give(0, g)
    }
}

crate::op! {
    /// Zeros of a shape, to which slices are added along an axis at indices: the way back from [`Gather`].
    pub struct ScatterAdd { shape: Shape, axis: usize, batch_dims: usize } = "scatter_add"
}

impl Op for ScatterAdd {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        indices::check_dtype(Self::NAME, x[0].dtype)?;
        if x[1].dtype == DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[1].dtype));
        }
        self.shape.checked_len()?;
        let expected = gathered(&self.shape, &x[0].shape, self.axis, self.batch_dims)?;
        if expected != x[1].shape {
            return Err(Error::shape(format!(
                "scatter_add: slices of shape {}, expected {expected}",
                x[1].shape
            )));
        }
        Ok(smallvec![x[1].reshaped(self.shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let s = sizes(&self.shape, x[0].shape(), self.axis, self.batch_dims);
        dispatch!(x[1].dtype(), T: number => {
            let (data, y) = (x[1].as_slice::<T>(), y[0].as_mut::<T>());
            y.fill(T::ZERO);
            if s.batch == 1 && s.outer == 1 {
                let index = indices::integers(Self::NAME, &x[0])?;
                return Ok(layout::scatter::<T>(Scatter::Add, &index, data, y, s.n, s.inner)?);
            }
            indices::each(Self::NAME, &x[0], s.n, |p, i| {
                let (b, p) = (p / s.picks, p % s.picks);
                for o in b * s.outer..(b + 1) * s.outer {
                    let (from, to) = ((o * s.picks + p) * s.inner, (o * s.n + i) * s.inner);
                    for (y, &v) in y[to..to + s.inner].iter_mut().zip(&data[from..from + s.inner]) {
                        *y = plus(*y, v);
                    }
                }
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[1].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 1, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let op = Gather { axis: self.axis, batch_dims: self.batch_dims };
        let g = apply1(&op, &[&cx.dy(0)?, cx.x(0)])?;
        cx.give(1, g)
    }
}

/// The sum of two elements; integers wrap.
#[inline(always)]
pub(crate) fn plus<T: Element>(a: T, b: T) -> T {
    match T::DTYPE {
        DType::C64 | DType::C128 => T::from_c128(a.to_c128() + b.to_c128()),
        d if d.is_int() => T::from_i128(a.to_i128() + b.to_i128()),
        // f32 sums in f64 rounded to f32 are the f32 sums.
        _ => T::from_f64(a.to_f64() + b.to_f64()),
    }
}

impl Tensor {
    /// Slices along an axis, chosen by indices: `[..before, ..indices, ..after]`.
    ///
    /// Indices are of any integer dtype. Errors when one is not below the size of the axis. The gradient of a slice
    /// that is chosen several times is the sum.
    pub fn gather(&self, indices: &Tensor, axis: isize) -> Result<Tensor> {
        self.gather_batch(indices, axis, 0)
    }

    /// As [`Tensor::gather`], where the first `batch_dims` axes of the tensor and the indices go together.
    pub fn gather_batch(&self, indices: &Tensor, axis: isize, batch_dims: usize) -> Result<Tensor> {
        apply1(&Gather { axis: self.shape().axis(axis)?, batch_dims }, &[self, indices])
    }

    /// Elements along an axis, chosen by indices of this tensor's shape up to the axis (`take_along_axis`).
    ///
    /// Errors when the shapes differ outside of the axis.
    pub fn take_along_axis(&self, indices: &Tensor, axis: isize) -> Result<Tensor> {
        let last = self.move_axis(axis, -1)?;
        let index = indices.move_axis(axis, -1)?;
        let rank = last.rank();
        last.gather_batch(&index, -1, rank - 1)?.move_axis(-1, axis)
    }
}
