//! Picking and placing slices by coordinates.

use super::indices;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::layout::{self, Scatter};
use gradus_kernels::threads::par_chunks_mut;
use smallvec::smallvec;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const DEFS: &[OpDef] = &[GatherNd::DEF, ScatterNd::DEF, TensorScatter::DEF];

crate::op! {
    /// Slices at coordinates: the last axis of the indices holds positions along the first axes of the input.
    pub struct GatherNd {} = "gather_nd"
}

/// Number of coordinates of an index, and the shape of what lies at one.
fn depth<'a>(name: &str, x: &'a Shape, index: &Shape) -> Result<(usize, &'a [usize])> {
    let k = index
        .last()
        .copied()
        .filter(|&k| k <= x.rank())
        .ok_or_else(|| Error::shape(format!("{name}: indices of shape {index} into shape {x}")))?;
    Ok((k, &x[k..]))
}

/// Coordinates that one thread turns into offsets at a time.
const PIECE: usize = 1 << 14;

/// Offsets of the slices at all coordinates, in slices. Errors for a coordinate that is out of range.
fn offsets(name: &str, x: &Shape, index: &View<'_>) -> Result<Vec<i64>> {
    let (k, _) = depth(name, x, index.shape())?;
    let count = index.shape()[..index.shape().rank() - 1].iter().product();
    let mut out = vec![0i64; count];
    if k == 0 {
        return Ok(out);
    }
    let values = indices::integers(name, index)?;
    let wrong = AtomicBool::new(false);
    par_chunks_mut(&mut out, PIECE, |piece, out| {
        let mut fits = true;
        for (o, index) in out.iter_mut().zip(values[piece * PIECE * k..].chunks_exact(k)) {
            for (&i, &d) in index.iter().zip(&x[..k]) {
                // A negative index is a large number without its sign.
                fits &= (i as u64) < d as u64;
                *o = o.wrapping_mul(d as i64).wrapping_add(i);
            }
        }
        if !fits {
            wrong.store(true, Ordering::Relaxed);
        }
    });
    if wrong.into_inner() {
        for (at, &i) in values.iter().enumerate() {
            let (p, a) = (at / k, at % k);
            if i < 0 || i as usize >= x[a] {
                return Err(Error::value(format!(
                    "{name}: index {i} at position {p} is not in 0..{}, axis {a} of shape {x}",
                    x[a]
                )));
            }
        }
    }
    Ok(out)
}

fn picked(index: &Shape, slice: &[usize]) -> Shape {
    index[..index.rank() - 1].iter().chain(slice).copied().collect()
}

impl Op for GatherNd {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        indices::check_dtype(Self::NAME, x[1].dtype)?;
        let (_, slice) = depth(Self::NAME, &x[0].shape, &x[1].shape)?;
        let shape = picked(&x[1].shape, slice);
        shape.checked_len()?;
        Ok(smallvec![x[0].reshaped(shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (k, slice) = depth(Self::NAME, x[0].shape(), x[1].shape())?;
        let inner: usize = slice.iter().product();
        let rows: usize = x[0].shape()[..k].iter().product();
        let at = offsets(Self::NAME, x[0].shape(), &x[1])?;
        dispatch!(x[0].dtype(), T: all => {
            Ok(layout::gather::<T>(x[0].as_slice(), &at, y[0].as_mut(), [1, 1, rows, inner])?)
        })
    }
    fn keep(&self) -> Keep {
        Keep { x: 2, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let shape = cx.x_spec(0).shape.clone();
        let g = apply1(&ScatterNd { shape }, &[cx.x(1), &cx.dy(0)?])?;
        cx.give(0, g)
    }
}

crate::op! {
    /// Zeros of a shape, with slices added at coordinates.
    pub struct ScatterNd { shape: Shape } = "scatter_nd"
}

/// Checks the slices of a scatter against the shape they go into.
fn check_updates(name: &str, shape: &Shape, index: &Spec, updates: &Spec) -> Result<()> {
    indices::check_dtype(name, index.dtype)?;
    let (_, slice) = depth(name, shape, &index.shape)?;
    let expected = picked(&index.shape, slice);
    if expected != updates.shape {
        return Err(Error::shape(format!("{name}: updates of shape {}, expected {expected}", updates.shape)));
    }
    Ok(())
}

impl Op for ScatterNd {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        self.shape.checked_len()?;
        if x[1].dtype == DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[1].dtype));
        }
        check_updates(Self::NAME, &self.shape, x[0], x[1])?;
        Ok(smallvec![x[1].reshaped(self.shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[1].dtype(), T: number => {
            y[0].as_mut::<T>().fill(T::ZERO);
            place::<T>(Self::NAME, Scatter::Add, &self.shape, x[0], x[1], y[0].as_mut::<T>())
        } else { Err(unsupported_dtype(Self::NAME, x[1].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 1, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?.gather_nd(cx.x(0))?;
        cx.give(1, g)
    }
}

/// Joins the updates into `y` at every coordinate, in their order.
fn place<T: Element>(
    name: &str,
    op: Scatter,
    shape: &Shape,
    index: View<'_>,
    updates: View<'_>,
    y: &mut [T],
) -> Result<()> {
    let (k, slice) = depth(name, shape, index.shape())?;
    let inner: usize = slice.iter().product();
    let rows: usize = shape[..k].iter().product();
    let at = offsets(name, shape, &index)?;
    Ok(layout::scatter::<T>(op, &at, updates.as_slice::<T>(), y, rows, inner)?)
}

crate::attr_enum! {
    /// What [`TensorScatter`] does where an update meets an element.
    pub enum ScatterMode {
        /// Replaces it; of several updates the last stays.
        Update = "update",
        /// Adds to it.
        Add = "add",
        /// Subtracts from it.
        Sub = "sub",
        /// Keeps the larger.
        Max = "max",
        /// Keeps the smaller.
        Min = "min",
    }
}

crate::op! {
    /// The first input, with the third joined in at the coordinates of the second.
    pub struct TensorScatter { mode: ScatterMode } = "tensor_scatter_nd"
}

impl Op for TensorScatter {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, &[x[0], x[2]])?;
        check_updates(Self::NAME, &x[0].shape, x[1], x[2])?;
        let ordered = matches!(self.mode, ScatterMode::Max | ScatterMode::Min);
        let d = x[0].dtype;
        if (ordered && d.is_complex()) || (self.mode != ScatterMode::Update && d == DType::Bool) {
            return Err(unsupported_dtype(Self::NAME, d));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let op = match self.mode {
            ScatterMode::Update => Scatter::Update,
            ScatterMode::Add => Scatter::Add,
            ScatterMode::Sub => Scatter::Sub,
            ScatterMode::Max => Scatter::Max,
            ScatterMode::Min => Scatter::Min,
        };
        dispatch!(x[0].dtype(), T: all => {
            let out = y[0].as_mut::<T>();
            out.copy_from_slice(x[0].as_slice::<T>());
            place::<T>(Self::NAME, op, x[0].shape(), x[1], x[2], out)
        })
    }
    fn keep(&self) -> Keep {
        match self.mode {
            ScatterMode::Max | ScatterMode::Min => Keep::ALL,
            _ => Keep { x: 2, y: 0 },
        }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?;
        let index = cx.x(1);
        match self.mode {
            ScatterMode::Add | ScatterMode::Sub => {
                if cx.needs(2) {
                    let u = g.gather_nd(index)?;
                    cx.give(2, if self.mode == ScatterMode::Sub { u.neg()? } else { u })?;
                }
                cx.give(0, g)
            }
            ScatterMode::Update => {
                if cx.needs(0) {
                    let zeros = Tensor::zeros(cx.x_spec(2).shape.clone(), g.dtype())?;
                    cx.give(0, g.tensor_scatter_nd(index, &zeros, ScatterMode::Update)?)?;
                }
                if cx.needs(2) {
                    cx.give(2, g.gather_nd(index)?)?;
                }
                Ok(())
            }
            ScatterMode::Max | ScatterMode::Min => {
                // The gradient is shared evenly by the element and the updates that equal the result.
                let (x, u, y) = (cx.x(0), cx.x(2), cx.y(0));
                let x_is = x.equal(y)?.cast(g.dtype())?;
                let u_is = u.equal(&y.gather_nd(index)?)?.cast(g.dtype())?;
                let counts = x_is.add(&apply1(&ScatterNd { shape: x.shape().clone() }, &[index, &u_is])?)?;
                let share = g.div(&counts)?;
                cx.give(0, share.mul(&x_is)?)?;
                cx.give(2, share.gather_nd(index)?.mul(&u_is)?)
            }
        }
    }
}

impl Tensor {
    /// Slices at coordinates: for indices of shape `[..n, k]`, whose rows are positions along the first `k` axes, the
    /// result is `[..n, ..the other axes]`. Errors when a coordinate is out of range.
    pub fn gather_nd(&self, indices: &Tensor) -> Result<Tensor> {
        apply1(&GatherNd {}, &[self, indices])
    }

    /// As [`Tensor::gather_nd`] within every batch: the first `batch_dims` axes of both go together.
    pub fn gather_nd_batch(&self, indices: &Tensor, batch_dims: usize) -> Result<Tensor> {
        if batch_dims == 0 {
            return self.gather_nd(indices);
        }
        let (s, shape) = (self.shape(), indices.shape());
        if batch_dims >= shape.rank() || batch_dims > s.rank() || s[..batch_dims] != shape[..batch_dims] {
            return Err(Error::shape(format!(
                "gather_nd: indices of shape {shape} into shape {s} with {batch_dims} batch axes"
            )));
        }
        // The position within the batch goes before the other coordinates.
        let ones = Shape::from_iter(shape[..shape.rank() - 1].iter().copied()).with(shape.rank() - 1, 1);
        let mut columns = Vec::with_capacity(batch_dims + 1);
        for a in 0..batch_dims {
            let mut line = vec![1; shape.rank()];
            line[a] = shape[a];
            let range = Tensor::range(shape[a] as i64)?.cast(indices.dtype())?;
            columns.push(range.reshape(line)?.broadcast_to(ones.clone())?);
        }
        columns.push(indices.clone());
        self.gather_nd(&Tensor::concat(&columns.iter().collect::<Vec<_>>(), -1)?)
    }

    /// Zeros of `shape`, with the slices of `updates` added at the coordinates held by this integer tensor.
    pub fn scatter_nd(&self, updates: &Tensor, shape: impl Into<Shape>) -> Result<Tensor> {
        apply1(&ScatterNd { shape: shape.into() }, &[self, updates])
    }

    /// This tensor with slices joined in at coordinates, as `mode` says. Errors when a coordinate is out of range.
    pub fn tensor_scatter_nd(&self, indices: &Tensor, updates: &Tensor, mode: ScatterMode) -> Result<Tensor> {
        apply1(&TensorScatter { mode }, &[self, indices, updates])
    }
}
