//! Sorting along an axis, the largest k, and ranks.

use super::indices;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::threads::parallel_for;
use smallvec::smallvec;
use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

pub(super) const DEFS: &[OpDef] = &[Sort::DEF, InvertPermutation::DEF];

crate::op! {
    /// The first `k` of the sorted elements along the last axis, and where they stood (i32). Equal elements keep their
    /// order in both directions.
    pub struct Sort { k: usize, descending: bool } = "sort"
}

/// An order of all values: NaN counts as the largest.
fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| {
        let nan = |v: &T| v.partial_cmp(v).is_none();
        nan(a).cmp(&nan(b))
    })
}

/// Bits of an f32 whose unsigned order is that of the numbers; both zeros are one, NaN is above all.
fn key(v: f32) -> u32 {
    if v.is_nan() {
        return u32::MAX;
    }
    let bits = (v + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Up to so many of the first, one pass that keeps them sorted is the fastest way to find them.
const FEW: usize = 32;

/// Puts the `k` smallest keys in front, sorted, and cuts off the rest.
fn smallest(keys: &mut Vec<u64>, k: usize) {
    let (best, rest) = keys.split_at_mut(k);
    best.sort_unstable();
    for &v in rest.iter() {
        if v < best[k - 1] {
            let at = best.partition_point(|&b| b < v);
            best.copy_within(at..k - 1, at + 1);
            best[at] = v;
        }
    }
    keys.truncate(k);
}

/// Calls `f(rank, position)` for the first `k` of the sorted row.
fn sort_row<T: Element + PartialOrd>(
    row: &[T],
    k: usize,
    descending: bool,
    scratch: &mut Vec<u64>,
    pairs: &mut Vec<(T, u32)>,
    mut f: impl FnMut(usize, usize),
) {
    let small = |d| {
        matches!(
            d,
            DType::F32
                | DType::F16
                | DType::BF16
                | DType::I8
                | DType::I16
                | DType::I32
                | DType::U8
                | DType::U16
                | DType::U32
        )
    };
    if small(T::DTYPE) {
        // Value and position in one integer: sorting those is several times faster than calling a comparison.
        scratch.clear();
        scratch.extend(row.iter().enumerate().map(|(i, v)| {
            let bits = match T::DTYPE.is_float() {
                true => key(v.to_f64() as f32),
                false => (v.to_i128() + (1i128 << 31) * i128::from(T::DTYPE != DType::U32)) as u32,
            };
            u64::from(if descending { !bits } else { bits }) << 32 | i as u64
        }));
        if k <= FEW && k < scratch.len() {
            smallest(scratch, k);
        } else {
            if k < scratch.len() {
                scratch.select_nth_unstable(k - 1);
                scratch.truncate(k);
            }
            scratch.sort_unstable();
        }
        scratch.iter().take(k).enumerate().for_each(|(r, v)| f(r, (v & 0xffff_ffff) as usize));
        return;
    }
    pairs.clear();
    pairs.extend(row.iter().enumerate().map(|(i, &v)| (v, i as u32)));
    let compare = |a: &(T, u32), b: &(T, u32)| {
        let by_value = if descending { order(&b.0, &a.0) } else { order(&a.0, &b.0) };
        by_value.then(a.1.cmp(&b.1))
    };
    if k < pairs.len() && k > 0 {
        pairs.select_nth_unstable_by(k - 1, compare);
        pairs.truncate(k);
    }
    pairs.sort_unstable_by(compare);
    pairs.iter().take(k).enumerate().for_each(|(r, v)| f(r, v.1 as usize));
}

/// Elements that a thread sorts at once.
const TASK: usize = 4096;

impl Op for Sort {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let shape = &x[0].shape;
        if x[0].dtype.is_complex() || x[0].dtype == DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        let last =
            shape.rank().checked_sub(1).filter(|&a| self.k <= shape[a] && shape[a] <= u32::MAX as usize);
        let last = last.ok_or_else(|| {
            Error::shape(format!("sort: {} elements asked of the last axis of shape {shape}", self.k))
        })?;
        let out = shape.replaced(last, self.k);
        Ok(smallvec![x[0].reshaped(out.clone()), Spec::new(DType::I32, out)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].shape().last().copied().unwrap_or(1);
        let [values, at] = y else { return Err(Error::value("sort: expected two outputs")) };
        if n == 0 || self.k == 0 {
            return Ok(());
        }
        dispatch!(x[0].dtype(), T: real => {
            let (x, values, at) = (x[0].as_slice::<T>(), values.as_mut::<T>(), at.as_mut::<i32>());
            // Rows are independent; a task takes enough of them to be worth handing to a thread.
            let rows = (TASK / n).max(1);
            let tasks: Vec<_> = (x.chunks(rows * n).zip(values.chunks_mut(rows * self.k)))
                .zip(at.chunks_mut(rows * self.k))
                .map(|((x, values), at)| Mutex::new((x, values, at)))
                .collect();
            parallel_for(tasks.len(), |t| {
                let mut task = tasks[t].lock().unwrap_or_else(PoisonError::into_inner);
                let (x, values, at) = &mut *task;
                let (mut scratch, mut pairs) = (Vec::new(), Vec::new());
                let outputs = values.chunks_exact_mut(self.k).zip(at.chunks_exact_mut(self.k));
                for (row, (values, at)) in x.chunks_exact(n).zip(outputs) {
                    sort_row(row, self.k, self.descending, &mut scratch, &mut pairs, |r, p| {
                        values[r] = row[p];
                        at[r] = p as i32;
                    });
                }
            });
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0, y: 2 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let shape = &cx.x_spec(0).shape;
        let op = super::gather::ScatterAdd {
            shape: shape.clone(),
            axis: shape.rank() - 1,
            batch_dims: shape.rank() - 1,
        };
        let g = apply1(&op, &[cx.y(1), &cx.dy(0)?])?;
        cx.give(0, g)
    }
}

crate::op! {
    /// The permutation that undoes one.
    pub struct InvertPermutation {} = "invert_permutation"
}

impl Op for InvertPermutation {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        indices::check_dtype(Self::NAME, x[0].dtype)?;
        if x[0].shape.rank() != 1 {
            return Err(Error::shape(format!("invert_permutation: expected a vector, found {}", x[0].shape)));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].spec().len();
        let mut seen = vec![false; n];
        dispatch!(x[0].dtype(), I: int => {
            let y = y[0].as_mut::<I>();
            indices::each(Self::NAME, &x[0], n, |p, i| {
                if std::mem::replace(&mut seen[i], true) {
                    return Err(Error::value(format!("invert_permutation: {i} stands twice")));
                }
                y[i] = I::from_i128(p as i128);
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Tensor {
    /// Sorted values along an axis and their positions, the last axis being cheapest.
    fn sorted(&self, axis: isize, descending: bool) -> Result<(Tensor, Tensor)> {
        let axis = self.shape().axis(axis)?;
        let last = self.move_axis(axis as isize, -1)?;
        let k = last.shape()[last.rank() - 1];
        let mut y = apply(&Sort { k, descending }, &[&last])?;
        let (Some(at), Some(values)) = (y.pop(), y.pop()) else {
            return Err(Error::value("sort: no output"));
        };
        Ok((values.move_axis(-1, axis as isize)?, at.move_axis(-1, axis as isize)?))
    }

    /// The elements sorted along an axis; NaN counts as the largest.
    pub fn sort(&self, axis: isize, descending: bool) -> Result<Tensor> {
        Ok(self.sorted(axis, descending)?.0)
    }

    /// The positions (i32) that sort the elements along an axis; equal elements keep their order.
    pub fn argsort(&self, axis: isize, descending: bool) -> Result<Tensor> {
        Ok(self.sorted(axis, descending)?.1)
    }

    /// The `k` largest elements along the last axis in descending order, and their positions (i32). Of equal elements
    /// the first comes first. Errors when the axis is shorter than `k`.
    pub fn top_k(&self, k: usize) -> Result<(Tensor, Tensor)> {
        let mut y = apply(&Sort { k, descending: true }, &[self])?;
        match (y.pop(), y.pop()) {
            (Some(at), Some(values)) => Ok((values, at)),
            _ => Err(Error::value("top_k: no output")),
        }
    }

    /// For predictions `[batch, classes]` (this tensor) and target classes `[batch]`: whether the target's prediction
    /// is among the `k` largest. Ties count in favour; a target that is out of range or a prediction that is not
    /// finite gives false.
    pub fn in_top_k(&self, targets: &Tensor, k: usize) -> Result<Tensor> {
        let [batch, classes] = self.dims::<2>()?;
        if targets.shape()[..] != [batch] {
            return Err(Error::shape(format!(
                "in_top_k: targets of shape {} for predictions of shape {}",
                targets.shape(),
                self.shape()
            )));
        }
        let hot = targets.one_hot_with(classes, -1, DType::Bool, 1.0, 0.0)?;
        let own = hot.select(self, &self.like(0)?)?.reduce_sum(-1, true)?;
        let above = self.greater(&own)?.cast(DType::I64)?.reduce_sum(-1, false)?;
        let found = hot.reduce_any(-1, false)?.logical_and(&self.is_finite()?.reduce_all(-1, false)?)?;
        above.less(&Tensor::scalar(k as i64))?.logical_and(&found)
    }

    /// The permutation that undoes this one. Errors when it is none.
    pub fn invert_permutation(&self) -> Result<Tensor> {
        apply1(&InvertPermutation {}, &[self])
    }
}
