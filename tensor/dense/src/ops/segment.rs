//! Reductions over groups of rows, where every row names its group.

use super::indices::{check_dtype, integers};
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Element, Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Segment::DEF];

crate::attr_enum! {
    /// What a segment is reduced to.
    pub enum SegmentMode {
        /// The sum; 0 of an empty segment.
        Sum = "sum",
        /// The product; 1 of an empty segment.
        Prod = "prod",
        /// The largest; the lowest finite value of an empty segment.
        Max = "max",
        /// The smallest; the highest finite value of an empty segment.
        Min = "min",
    }
}

crate::op! {
    /// The first input's rows, reduced over those of equal id in the second; negative ids are left out. With
    /// `zero_empty` an empty segment gives 0 where it would give the extreme of the dtype.
    pub struct Segment { mode: SegmentMode, segments: usize, zero_empty: bool } = "segment"
}

/// The smallest or largest finite value of a dtype.
fn extreme<T: Element>(largest: bool) -> T {
    let d = T::DTYPE;
    if d.is_int() {
        let bits = 8 * d.size() as u32;
        let signed = T::from_i128(-1).to_i128() < 0;
        return match (largest, signed) {
            (true, true) => T::from_i128((1i128 << (bits - 1)) - 1),
            (true, false) => T::from_i128((1i128 << bits) - 1),
            (false, true) => T::from_i128(-(1i128 << (bits - 1))),
            (false, false) => T::ZERO,
        };
    }
    let top = match d {
        crate::DType::F32 => f64::from(f32::MAX),
        crate::DType::F16 => 65504.0,
        crate::DType::BF16 => gradus_kernels::bf16::MAX.to_f64(),
        _ => f64::MAX,
    };
    T::from_f64(if largest { top } else { -top })
}

impl Segment {
    fn join<T: Element>(&self, a: T, b: T) -> T {
        let int = T::DTYPE.is_int();
        match self.mode {
            SegmentMode::Sum => super::gather::plus(a, b),
            SegmentMode::Prod if int => T::from_i128(a.to_i128().wrapping_mul(b.to_i128())),
            SegmentMode::Prod => T::from_f64(a.to_f64() * b.to_f64()),
            mode => {
                let above = if int { b.to_i128() > a.to_i128() } else { b.to_f64() > a.to_f64() };
                let equal = a == b;
                if !equal && above == (mode == SegmentMode::Max) { b } else { a }
            }
        }
    }
}

impl Op for Segment {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_dtype(Self::NAME, x[1].dtype)?;
        if x[0].dtype.is_complex() || x[0].dtype == crate::DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        let (shape, ids) = (&x[0].shape, &x[1].shape);
        if ids.rank() > shape.rank() || shape[..ids.rank()] != ids[..] {
            return Err(Error::shape(format!("segment: ids of shape {ids} for rows of shape {shape}")));
        }
        let out: Shape = std::iter::once(self.segments).chain(shape[ids.rank()..].iter().copied()).collect();
        out.checked_len()?;
        Ok(smallvec![x[0].reshaped(out)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let inner: usize = x[0].shape()[x[1].shape().rank()..].iter().product();
        let ids = integers(Self::NAME, &x[1])?;
        dispatch!(x[0].dtype(), T: real => {
            let (x, y) = (x[0].as_slice::<T>(), y[0].as_mut::<T>());
            let mut seen = vec![false; self.segments];
            y.fill(match self.mode {
                _ if self.zero_empty => T::ZERO,
                SegmentMode::Sum => T::ZERO,
                SegmentMode::Prod => T::ONE,
                SegmentMode::Max => extreme(false),
                SegmentMode::Min => extreme(true),
            });
            for (p, &id) in ids.iter().enumerate() {
                if id < 0 {
                    continue;
                }
                let id = id as usize;
                if id >= self.segments {
                    return Err(Error::value(format!("segment: id {id} at position {p} is not in 0..{}", self.segments)));
                }
                let (row, out) = (&x[p * inner..(p + 1) * inner], &mut y[id * inner..(id + 1) * inner]);
                if std::mem::replace(&mut seen[id], true) {
                    out.iter_mut().zip(row).for_each(|(y, &x)| *y = self.join(*y, x));
                } else {
                    out.copy_from_slice(row);
                }
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        match self.mode {
            SegmentMode::Sum => Keep { x: 2, y: 0 },
            _ => Keep::ALL,
        }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?;
        let ids = Ids::new(cx.x(1), cx.x_spec(0).shape.rank())?;
        if self.mode == SegmentMode::Sum {
            return cx.give(0, ids.rows_of(&g)?);
        }
        let x = cx.x(0);
        if self.mode == SegmentMode::Prod {
            // A zero's gradient is the product of the others, unless they hold a second zero.
            let zero = x.equal(&x.like(0)?)?;
            let count = |t: &Tensor| t.unsorted_segment_sum(cx.x(1), self.segments);
            let several = count(&zero.cast(x.dtype())?)?.greater(&x.like(1)?)?;
            let g = several.select(&g.like(0)?, &g)?;
            let others = zero.select(&x.like(1)?, x)?;
            let without = others.unsorted_segment_prod(cx.x(1), self.segments)?;
            let partial = zero.select(&ids.rows_of(&without)?, &ids.rows_of(cx.y(0))?.div(&others)?)?;
            return cx.give(0, ids.rows_of(&g)?.mul(&partial)?);
        }
        // Equal extremes share the gradient evenly.
        let chosen = x.equal(&ids.rows_of(cx.y(0))?)?.logical_and(&ids.kept(x)?)?.cast(x.dtype())?;
        let share = g.div(&chosen.unsorted_segment_sum(cx.x(1), self.segments)?)?;
        let share = chosen.cast(crate::DType::Bool)?.select(&ids.rows_of(&share)?, &g.like(0)?)?;
        cx.give(0, share)
    }
}

/// Segment ids made safe for gathering, with a mask of those that count.
struct Ids {
    safe: Tensor,
    mask: Tensor,
}

impl Ids {
    fn new(ids: &Tensor, rank: usize) -> Result<Ids> {
        let zero = ids.like(0)?;
        let tail = std::iter::repeat_n(1, rank - ids.rank());
        let shape: Shape = ids.shape().iter().copied().chain(tail).collect();
        Ok(Ids { safe: ids.maximum(&zero)?, mask: ids.greater_equal(&zero)?.reshape(shape)? })
    }

    /// The segment's row for every row, 0 where the id is negative.
    fn rows_of(&self, segments: &Tensor) -> Result<Tensor> {
        if segments.shape()[0] == 0 {
            let shape: Shape = self.safe.shape().iter().chain(&segments.shape()[1..]).copied().collect();
            return Tensor::zeros(shape, segments.dtype());
        }
        self.mask.select(&segments.gather(&self.safe, 0)?, &segments.like(0)?)
    }

    fn kept(&self, like: &Tensor) -> Result<Tensor> {
        self.mask.broadcast_to(like.shape().clone())
    }
}

macro_rules! unsorted {
    ($($(#[$m:meta])* $method:ident $mode:ident;)*) => {
        impl Tensor {$(
            $(#[$m])*
            ///
            /// `ids` has the shape of the first axes; the result is `[segments, ..the other axes]`. Rows of a negative
            /// id are left out. Errors when an id is not below `segments`.
            pub fn $method(&self, ids: &Tensor, segments: usize) -> Result<Tensor> {
                apply1(&Segment { mode: SegmentMode::$mode, segments, zero_empty: false }, &[self, ids])
            }
        )*}
    };
}
unsorted! {
    /// The sum over the rows of every segment; 0 for an empty one.
    unsorted_segment_sum Sum;
    /// The product over the rows of every segment; 1 for an empty one.
    unsorted_segment_prod Prod;
    /// The largest over the rows of every segment; the lowest finite value for an empty one.
    unsorted_segment_max Max;
    /// The smallest over the rows of every segment; the highest finite value for an empty one.
    unsorted_segment_min Min;
}

/// Number of segments of sorted ids. Errors when they are not sorted or negative.
fn sorted_segments(ids: &Tensor) -> Result<usize> {
    if ids.rank() != 1 {
        return Err(Error::shape(format!("segment: expected a vector of ids, found shape {}", ids.shape())));
    }
    check_dtype("segment", ids.dtype())?;
    let ids = ids.cast(crate::DType::I64)?;
    let ids = ids.as_slice::<i64>()?;
    if ids.windows(2).any(|w| w[0] > w[1]) || ids.first().is_some_and(|&i| i < 0) {
        return Err(Error::value("segment: the ids are not sorted, or negative; use the unsorted form"));
    }
    let last = ids.last().map_or(0, |&i| i as u64 + 1);
    usize::try_from(last).map_err(|_| Error::value(format!("segment: {last} segments are too many")))
}

impl Tensor {
    /// How many rows every segment has, at least 1, shaped to divide the segments.
    fn segment_sizes(&self, ids: &Tensor, segments: usize) -> Result<Tensor> {
        let ones = Tensor::ones(ids.shape().clone(), self.dtype())?;
        let count = ones.unsorted_segment_sum(ids, segments)?;
        let shape: Shape =
            std::iter::once(segments).chain(std::iter::repeat_n(1, self.rank() - ids.rank())).collect();
        count.maximum(&count.like(1)?)?.reshape(shape)
    }

    /// The mean over the rows of every segment; 0 for an empty one. See [`Tensor::unsorted_segment_sum`].
    pub fn unsorted_segment_mean(&self, ids: &Tensor, segments: usize) -> Result<Tensor> {
        let sum = self.unsorted_segment_sum(ids, segments)?;
        sum.div(&self.segment_sizes(ids, segments)?)
    }

    /// The sum over the rows of every segment, divided by the root of their number; 0 for an empty one. See
    /// [`Tensor::unsorted_segment_sum`].
    pub fn unsorted_segment_sqrt_n(&self, ids: &Tensor, segments: usize) -> Result<Tensor> {
        let sum = self.unsorted_segment_sum(ids, segments)?;
        sum.div(&self.segment_sizes(ids, segments)?.sqrt()?)
    }

    /// The sum over consecutive rows of equal id; 0 for an id that is missing.
    ///
    /// `ids` is a sorted vector with an entry per row; there are as many segments as the last id says, so a trace
    /// cannot use this. Errors when the ids are not sorted.
    pub fn segment_sum(&self, ids: &Tensor) -> Result<Tensor> {
        self.unsorted_segment_sum(ids, sorted_segments(ids)?)
    }

    /// The mean over consecutive rows of equal id; 0 for an id that is missing. See [`Tensor::segment_sum`].
    pub fn segment_mean(&self, ids: &Tensor) -> Result<Tensor> {
        self.unsorted_segment_mean(ids, sorted_segments(ids)?)
    }

    /// The product over consecutive rows of equal id; 1 for an id that is missing. See [`Tensor::segment_sum`].
    pub fn segment_prod(&self, ids: &Tensor) -> Result<Tensor> {
        self.unsorted_segment_prod(ids, sorted_segments(ids)?)
    }

    /// The largest over consecutive rows of equal id; 0 for an id that is missing. See [`Tensor::segment_sum`].
    pub fn segment_max(&self, ids: &Tensor) -> Result<Tensor> {
        let segments = sorted_segments(ids)?;
        apply1(&Segment { mode: SegmentMode::Max, segments, zero_empty: true }, &[self, ids])
    }

    /// The smallest over consecutive rows of equal id; 0 for an id that is missing. See [`Tensor::segment_sum`].
    pub fn segment_min(&self, ids: &Tensor) -> Result<Tensor> {
        let segments = sorted_segments(ids)?;
        apply1(&Segment { mode: SegmentMode::Min, segments, zero_empty: true }, &[self, ids])
    }
}
