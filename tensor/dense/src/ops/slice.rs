//! Parts of tensors: ranges with steps, single positions, new axes, and the way back into zeros.
//!
//! [`s!`](crate::s!) reads like Python's brackets:
//!
//! ```
//! use gradus_tensor::{Tensor, s};
//! let t = Tensor::range(24)?.reshape([2, 3, 4])?;
//! assert_eq!(t.slice(s![1])?.shape().dims(), [3, 4]); // t[1]
//! assert_eq!(t.slice(s![.., 1..])?.shape().dims(), [2, 2, 4]); // t[:, 1:]
//! assert_eq!(t.slice(s![..., 1, newaxis])?.shape().dims(), [2, 3, 1]); // t[..., 1, tf.newaxis]
//! assert_eq!(t.slice(s![0, 0, ..;-1])?.to_vec::<i32>()?, [3, 2, 1, 0]); // t[0, 0, ::-1]
//! # Ok::<(), gradus_tensor::Error>(())
//! ```

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Attributes, Op, apply1, same_dtype};
use crate::view::{View, ViewMut};
use crate::{Axes, Element, Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::layout::{Pad, Strided, pad};
use smallvec::{SmallVec, smallvec};
use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

pub(super) const DEFS: &[OpDef] = &[Slice::DEF, Unslice::DEF];

/// One item between the brackets of a slice. [`s!`](crate::s!) makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// One position; the axis goes away. Negative ones count from the end; one outside is an error.
    At(isize),
    /// Positions from `begin` up to but without `end` in steps. Negative ones count from the end, what lies outside
    /// is cut off, and `None` is the end where the walk starts or stops. A negative step walks backward.
    Range {
        /// First position.
        begin: Option<isize>,
        /// End, not included.
        end: Option<isize>,
        /// Distance from one position to the next; not 0.
        step: isize,
    },
    /// A new axis of size 1.
    NewAxis,
    /// All axes that the other items leave.
    Ellipsis,
}

impl Index {
    /// This range with another step. Errors are raised by [`Tensor::slice`]; a position or an axis stays as it is.
    #[must_use]
    pub fn step_by(self, step: isize) -> Index {
        match self {
            Index::Range { begin, end, .. } => Index::Range { begin, end, step },
            other => other,
        }
    }
}

macro_rules! from_ints {
    ($($t:ty)*) => {$(
        impl From<$t> for Index {
            fn from(i: $t) -> Index { Index::At(i as isize) }
        }
        impl From<Range<$t>> for Index {
            fn from(r: Range<$t>) -> Index {
                Index::Range { begin: Some(r.start as isize), end: Some(r.end as isize), step: 1 }
            }
        }
        impl From<RangeFrom<$t>> for Index {
            fn from(r: RangeFrom<$t>) -> Index { Index::Range { begin: Some(r.start as isize), end: None, step: 1 } }
        }
        impl From<RangeTo<$t>> for Index {
            fn from(r: RangeTo<$t>) -> Index { Index::Range { begin: None, end: Some(r.end as isize), step: 1 } }
        }
    )*};
}
from_ints!(i32 i64 isize usize);

impl From<RangeFull> for Index {
    fn from(_: RangeFull) -> Index {
        Index::Range { begin: None, end: None, step: 1 }
    }
}

/// The items of a slice as Python writes them, for [`Tensor::slice`].
///
/// `3` is a position, `1..`, `..-1`, `1..5` and `..` are ranges, `..;2` and `4..1;-1` ranges with a step, `newaxis`
/// inserts an axis, and `...` stands for all axes that are not named.
#[macro_export]
macro_rules! s {
    (@ [$($done:expr),*]) => { [$($done),*] };
    (@ [$($done:expr),*] newaxis $(, $($rest:tt)*)?) => {
        $crate::s!(@ [$($done,)* $crate::ops::Index::NewAxis] $($($rest)*)?)
    };
    (@ [$($done:expr),*] ... $(, $($rest:tt)*)?) => {
        $crate::s!(@ [$($done,)* $crate::ops::Index::Ellipsis] $($($rest)*)?)
    };
    (@ [$($done:expr),*] $e:expr ; $step:expr $(, $($rest:tt)*)?) => {
        $crate::s!(@ [$($done,)* $crate::ops::Index::from($e).step_by($step)] $($($rest)*)?)
    };
    (@ [$($done:expr),*] $e:expr $(, $($rest:tt)*)?) => {
        $crate::s!(@ [$($done,)* $crate::ops::Index::from($e)] $($($rest)*)?)
    };
    ($($t:tt)*) => { $crate::s!(@ [] $($t)*) };
}

crate::op! {
    /// Elements `begin + i * step` along every axis, `sizes` of them.
    pub struct Slice { begin: Vec<usize>, step: Vec<isize>, sizes: Vec<usize> } = "slice"
}

/// Checks that a strided part lies inside of a shape.
fn check(name: &str, shape: &Shape, begin: &[usize], step: &[isize], sizes: &[usize]) -> Result<()> {
    let rank = shape.rank();
    let inside = |a: usize| {
        let last = (sizes[a].max(1) - 1) as i128 * step[a] as i128 + begin[a] as i128;
        sizes[a] == 0 || (begin[a] < shape[a] && (0..shape[a] as i128).contains(&last) && step[a] != 0)
    };
    if [begin.len(), step.len(), sizes.len()] != [rank; 3] || !(0..rank).all(inside) {
        return Err(Error::shape(format!(
            "{name}: {sizes:?} elements from {begin:?} in steps of {step:?} do not lie inside of shape {shape}"
        )));
    }
    Ok(())
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check(Self::NAME, &x[0].shape, &self.begin, &self.step, &self.sizes)?;
        Ok(smallvec![x[0].reshaped(&self.sizes)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let part = Strided::slice(x[0].shape(), &self.begin, &self.step, &self.sizes)?;
        dispatch!(x[0].dtype(), T: all => { part.read::<T>(x[0].as_slice(), y[0].as_mut()) });
        Ok(())
    }
    fn by_rows(&self, x: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        let all = x[0].shape.first().is_some_and(|&n| self.sizes[0] == n) && self.step[0] == 1;
        let sizes = self.sizes.iter().enumerate().map(|(a, &n)| if a == 0 { rows } else { n });
        all.then(|| (Slice { sizes: sizes.collect(), ..self.clone() }.boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let op = Unslice {
            shape: cx.x_spec(0).shape.clone(),
            begin: self.begin.clone(),
            step: self.step.clone(),
            fill: 0.0,
        };
        let g = apply1(&op, &[&cx.dy(0)?])?;
        cx.give(0, g)
    }
    fn alias(&self, x: &[&Spec]) -> Option<usize> {
        check(Self::NAME, &x[0].shape, &self.begin, &self.step, &self.sizes).ok()?;
        let shape = &x[0].shape;
        // Together when single positions are followed by one range, and that by whole axes.
        let first = (0..shape.rank()).find(|&a| self.sizes[a] != 1).unwrap_or(shape.rank());
        let whole = |a: usize| self.sizes[a] == shape[a] && self.step[a] == 1;
        let range = first >= shape.rank() || self.step[first] == 1;
        let together = range && (first + 1..shape.rank()).all(whole) && !self.sizes.contains(&0);
        together.then(|| shape.strides().iter().zip(&self.begin).map(|(s, b)| s * b).sum())
    }
}

crate::op! {
    /// An array of one value, with the input written to a strided part of it: the way back from [`Slice`].
    pub struct Unslice { shape: Shape, begin: Vec<usize>, step: Vec<isize>, fill: f64 } = "unslice"
}

impl Op for Unslice {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        self.shape.checked_len()?;
        check(Self::NAME, &self.shape, &self.begin, &self.step, &x[0].shape)?;
        Ok(smallvec![x[0].reshaped(self.shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        if self.step.iter().all(|&s| s == 1) {
            let ends = self.begin.iter().zip(x[0].shape().iter()).map(|(b, n)| b + n);
            let borders: Vec<(usize, usize)> = self
                .begin
                .iter()
                .zip(ends.zip(self.shape.iter()))
                .map(|(b, (end, n))| (*b, n - end))
                .collect();
            dispatch!(x[0].dtype(), T: all => {
                let border = Pad::Constant(T::from_f64(self.fill));
                pad::<T>(x[0].as_slice(), x[0].shape(), &borders, border, y[0].as_mut())?
            });
            return Ok(());
        }
        let part = Strided::slice(&self.shape, &self.begin, &self.step, x[0].shape())?;
        dispatch!(x[0].dtype(), T: all => {
            let (x, y) = (x[0].as_slice::<T>(), y[0].as_mut::<T>());
            if x.len() != y.len() {
                y.fill(T::from_f64(self.fill));
            }
            part.write::<T>(x, y);
        });
        Ok(())
    }
    fn by_rows(&self, x: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        let all = x[0].shape.first().is_some_and(|n| self.shape.first() == Some(n)) && self.step[0] == 1;
        all.then(|| (Unslice { shape: self.shape.replaced(0, rows), ..self.clone() }.boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let op =
            Slice { begin: self.begin.clone(), step: self.step.clone(), sizes: cx.x_spec(0).shape.to_vec() };
        let g = apply1(&op, &[&cx.dy(0)?])?;
        cx.give(0, g)
    }
}

/// Begin, step and count of a Python range over an axis of size `n`.
fn resolve(begin: Option<isize>, end: Option<isize>, step: isize, n: usize) -> Result<(usize, isize, usize)> {
    if step == 0 {
        return Err(Error::value("slice: the step is 0"));
    }
    let n = isize::try_from(n).map_err(|_| Error::shape("slice: the axis is too long"))?;
    let (lowest, highest) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let bound = |v: Option<isize>, default: isize| match v {
        None => default,
        Some(v) => (if v < 0 { v.saturating_add(n) } else { v }).clamp(lowest, highest),
    };
    let (from, to) = if step > 0 { (0, n) } else { (n - 1, -1) };
    let (begin, end) = (bound(begin, from), bound(end, to));
    let distance = if step > 0 { end - begin } else { begin - end };
    let count = if distance <= 0 { 0 } else { (distance as usize).div_ceil(step.unsigned_abs()) };
    Ok((if count == 0 { 0 } else { begin as usize }, step, count))
}

/// A slice resolved against a shape: the strided part, and the shape of the result.
struct Part {
    slice: Slice,
    shape: Shape,
}

fn part(shape: &Shape, items: &[Index]) -> Result<Part> {
    let named = items.iter().filter(|i| matches!(i, Index::At(_) | Index::Range { .. })).count();
    let ellipses = items.iter().filter(|i| matches!(i, Index::Ellipsis)).count();
    if named > shape.rank() || ellipses > 1 {
        return Err(Error::shape(format!(
            "slice: {named} axes and {ellipses} ellipses asked of shape {shape} of rank {}",
            shape.rank()
        )));
    }
    let mut p = Slice { begin: vec![], step: vec![], sizes: vec![] };
    let mut result: SmallVec<[usize; 6]> = SmallVec::new();
    let mut left = shape.rank() - named;
    let mut items = items.to_vec();
    if ellipses == 0 {
        items.push(Index::Ellipsis);
    }
    for item in items {
        let axis = p.sizes.len();
        match item {
            Index::At(i) => {
                let n = shape[axis] as isize;
                let at = if i < 0 { i + n } else { i };
                if !(0..n).contains(&at) {
                    return Err(Error::value(format!(
                        "slice: index {i} is out of range for axis {axis} of shape {shape}"
                    )));
                }
                p.begin.push(at as usize);
                p.step.push(1);
                p.sizes.push(1);
            }
            Index::Range { begin, end, step } => {
                let (begin, step, count) = resolve(begin, end, step, shape[axis])?;
                p.begin.push(begin);
                p.step.push(step);
                p.sizes.push(count);
                result.push(count);
            }
            Index::NewAxis => result.push(1),
            Index::Ellipsis => {
                while left > 0 {
                    let n = shape[p.sizes.len()];
                    p.begin.push(0);
                    p.step.push(1);
                    p.sizes.push(n);
                    result.push(n);
                    left -= 1;
                }
            }
        }
    }
    Ok(Part { slice: p, shape: result.into_iter().collect() })
}

impl Tensor {
    /// A part of this tensor: see [`s!`](crate::s!). Parts that lie together share the storage.
    ///
    /// Errors when a position is out of range (ranges are cut off as Python's are), a step is 0, or there are more
    /// items than axes.
    pub fn slice(&self, items: impl AsRef<[Index]>) -> Result<Tensor> {
        let part = part(self.shape(), items.as_ref())?;
        self.part(part.slice)?.reshape(part.shape)
    }

    /// `sizes` elements from `begin` on along every axis; a size of -1 takes all that follow (`tf.slice`).
    pub fn slice_sizes(&self, begin: &[usize], sizes: &[isize]) -> Result<Tensor> {
        let rank = self.rank();
        if begin.len() != rank || sizes.len() != rank || sizes.iter().any(|&s| s < -1) {
            return Err(Error::shape(format!(
                "slice: {sizes:?} elements from {begin:?} asked of shape {}",
                self.shape()
            )));
        }
        if let Some(a) = (0..rank).find(|&a| begin[a] > self.shape()[a]) {
            return Err(Error::value(format!(
                "slice: begin {} lies beyond axis {a} of shape {}",
                begin[a],
                self.shape()
            )));
        }
        let size = |a: usize| match sizes[a] {
            -1 => self.shape()[a] - begin[a],
            s => s as usize,
        };
        let sizes = (0..rank).map(size).collect();
        self.part(Slice { begin: begin.to_vec(), step: vec![1; rank], sizes })
    }

    fn part(&self, slice: Slice) -> Result<Tensor> {
        if slice.sizes[..] == self.shape()[..] && slice.step.iter().all(|&s| s == 1) {
            check(Slice::NAME, self.shape(), &slice.begin, &slice.step, &slice.sizes)?;
            return Ok(self.clone());
        }
        apply1(&slice, &[self])
    }

    /// This tensor with a part replaced; `values` broadcasts to the part's shape.
    ///
    /// The gradient passes to `values` inside of the part and to this tensor outside.
    pub fn with_slice(&self, items: impl AsRef<[Index]>, values: &Tensor) -> Result<Tensor> {
        same_dtype("with_slice", &[self.spec(), values.spec()])?;
        let part = part(self.shape(), items.as_ref())?;
        let values = values.broadcast_to(part.shape)?.reshape(&part.slice.sizes)?;
        let un = |fill: f64| Unslice {
            shape: self.shape().clone(),
            begin: part.slice.begin.clone(),
            step: part.slice.step.clone(),
            fill,
        };
        let inside = apply1(&un(0.0), &[&Tensor::ones(&part.slice.sizes, crate::DType::Bool)?])?;
        inside.select(&apply1(&un(0.0), &[&values])?, self)
    }

    /// The order of elements turned around along axes. Errors when one is out of range or named twice.
    pub fn reverse(&self, axes: &[isize]) -> Result<Tensor> {
        let axes = Axes::from(axes).resolve(self.shape())?;
        let items: SmallVec<[Index; 6]> = (0..self.rank())
            .map(|a| Index::Range { begin: None, end: None, step: if axes.contains(&a) { -1 } else { 1 } })
            .collect();
        self.slice(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_slices() {
        let t = Tensor::range(60i32).unwrap().reshape([3, 4, 5]).unwrap();
        let cases: &[(&[Index], &[usize], &[i32])] = &[
            (&s![0, 0, ..], &[5], &[0, 1, 2, 3, 4]),
            (&s![-1, -1, -1], &[], &[59]),
            (&s![0, 1, 1..-1], &[3], &[6, 7, 8]),
            (&s![0, 1, ..;-2], &[3], &[9, 7, 5]),
            (&s![..., 0], &[3, 4], &[0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]),
            (&s![2, newaxis, 0, 3..100], &[1, 2], &[43, 44]),
            (&s![5..], &[0, 4, 5], &[]),
            (&s![1, 3..1;-1, 0], &[2], &[35, 30]),
        ];
        for (items, shape, want) in cases {
            let got = t.slice(items).unwrap();
            assert_eq!(got.shape().dims(), *shape, "{items:?}");
            assert_eq!(got.to_vec::<i32>().unwrap(), *want, "{items:?}");
        }
        assert!(t.slice(s![1]).unwrap().shares_storage(&t), "a row is no copy");
        assert!(t.slice(s![1, 1..3]).unwrap().shares_storage(&t));
        for bad in [&s![3][..], &s![0, 0, 0, 0], &s![..;0], &s![-4]] {
            assert!(t.slice(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_part_is_replaced() {
        let t = Tensor::zeros([2, 3], crate::DType::F32).unwrap();
        let u = t.with_slice(s![.., 1], &Tensor::new([7.0f32, 8.0]).unwrap()).unwrap();
        assert_eq!(u.to_vec::<f32>().unwrap(), [0.0, 7.0, 0.0, 0.0, 8.0, 0.0]);
    }
}
