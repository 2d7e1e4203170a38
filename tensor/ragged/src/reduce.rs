//! Reductions over any axes.
//!
//! Over a ragged axis a row is reduced by segments: every value names its row. Over the axis *around* rows (axis 0 of a
//! matrix) values are reduced that have the same place in their rows, so the result is as long as the longest row. Rows
//! that end early do not take part. All of it is dense segment operations on the flat values, and so has gradients.

use gradus_tensor::ops::SegmentMode;
use gradus_tensor::{Axes, DType, Result, Shape, Tensor};

use crate::maybe::resolve;
use crate::{MaybeRagged, RaggedTensor, RowPartition};

/// What a reduction does to dense axes and to segments.
#[derive(Clone, Copy)]
enum Fold {
    Segment(SegmentMode),
    Any,
    All,
}

impl Fold {
    fn dense(self, x: &Tensor, axes: Axes) -> Result<Tensor> {
        match self {
            Fold::Segment(SegmentMode::Sum) => x.reduce_sum(axes, false),
            Fold::Segment(SegmentMode::Prod) => x.reduce_prod(axes, false),
            Fold::Segment(SegmentMode::Max) => x.reduce_max(axes, false),
            Fold::Segment(SegmentMode::Min) => x.reduce_min(axes, false),
            Fold::Any => x.reduce_any(axes, false),
            Fold::All => x.reduce_all(axes, false),
        }
    }

    fn segments(self, x: &Tensor, ids: &[i64], count: usize) -> Result<Tensor> {
        let ids = Tensor::from_slice(ids, [ids.len()])?;
        match self {
            Fold::Segment(SegmentMode::Sum) => x.unsorted_segment_sum(&ids, count),
            Fold::Segment(SegmentMode::Prod) => x.unsorted_segment_prod(&ids, count),
            Fold::Segment(SegmentMode::Max) => x.unsorted_segment_max(&ids, count),
            Fold::Segment(SegmentMode::Min) => x.unsorted_segment_min(&ids, count),
            // Bools have no segments of their own; the number of true or false ones tells.
            Fold::Any => x.cast(DType::I32)?.unsorted_segment_sum(&ids, count)?.cast(DType::Bool),
            Fold::All => x
                .logical_not()?
                .cast(DType::I32)?
                .unsorted_segment_sum(&ids, count)?
                .cast(DType::Bool)?
                .logical_not(),
        }
    }
}

fn fold(x: &MaybeRagged, fold_by: Fold, axes: &Axes, keepdims: bool) -> Result<MaybeRagged> {
    let rank = x.rank();
    let mut list: Vec<usize> = match axes {
        Axes::All => (0..rank).collect(),
        Axes::List(list) => list.iter().map(|&a| x.axis(a)).collect::<Result<_>>()?,
    };
    list.sort_unstable();
    list.dedup();
    if list.len() == rank {
        let y = fold_by.dense(x.flat_values(), Axes::All)?;
        let ones: Shape = std::iter::repeat_n(1, if keepdims { rank } else { 0 }).collect();
        return Ok(MaybeRagged::Dense(y.reshape(ones)?));
    }
    let mut y = x.clone();
    for &axis in list.iter().rev() {
        y = fold_axis(&y, fold_by, axis)?;
        if keepdims {
            y = y.expand_dims(axis)?;
        }
    }
    Ok(y)
}

fn fold_axis(x: &MaybeRagged, fold_by: Fold, axis: usize) -> Result<MaybeRagged> {
    let depth = x.partitions().len();
    if depth == 0 || axis > depth {
        let y = fold_by.dense(x.flat_values(), Axes::from((axis - depth) as isize))?;
        return Ok(MaybeRagged::nested(x.partitions().to_vec(), y));
    }
    let around = axis.max(1);
    let (mut outer, inner) = x.cut(around)?;
    let rows = &outer[around - 1];
    let (ids, count) = if axis == 0 {
        let places = rows.row_lengths().into_iter().flat_map(|n| 0..n).collect();
        (places, rows.longest())
    } else {
        (rows.value_rowids(), rows.nrows())
    };
    outer.truncate(around - 1);
    Ok(fold_rows(&inner, fold_by, &ids, count)?.under(outer))
}

/// Reduces the rows of equal id. Ragged rows are reduced place by place, and the result has the longest of them.
fn fold_rows(x: &MaybeRagged, fold_by: Fold, ids: &[i64], count: usize) -> Result<MaybeRagged> {
    let MaybeRagged::Ragged(r) = x else {
        return Ok(MaybeRagged::Dense(fold_by.segments(x.flat_values(), ids, count)?));
    };
    let rows = &r.partitions()[0];
    let mut longest = vec![0i64; count];
    for (row, &id) in ids.iter().enumerate() {
        let l = &mut longest[id as usize];
        *l = (*l).max(rows.row(row).len() as i64);
    }
    let out = RowPartition::from_row_lengths(&longest)?;
    let mut places = Vec::with_capacity(rows.nvals());
    for (row, &id) in ids.iter().enumerate() {
        let start = out.row(id as usize).start as i64;
        places.extend(start..start + rows.row(row).len() as i64);
    }
    Ok(fold_rows(&r.values(), fold_by, &places, out.nvals())?.under(vec![out]))
}

macro_rules! folds {
    ($($(#[$m:meta])* $name:ident $fold:expr;)*) => {
        impl RaggedTensor {$(
            $(#[$m])*
            ///
            /// `axes` are one axis, several, or `()` for all. The result is dense where no ragged axis is left;
            /// `keepdims` leaves axes of size 1. Errors when an axis is out of range.
            pub fn $name(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<MaybeRagged> {
                fold(&self.into(), $fold, &axes.into(), keepdims).map_err(|e| e.within(stringify!($name)))
            }
        )*}
    };
}
folds! {
    /// The sum; 0 of an empty row.
    reduce_sum Fold::Segment(SegmentMode::Sum);
    /// The product; 1 of an empty row.
    reduce_prod Fold::Segment(SegmentMode::Prod);
    /// The largest; the lowest finite value of the dtype for an empty row.
    reduce_max Fold::Segment(SegmentMode::Max);
    /// The smallest; the highest finite value of the dtype for an empty row.
    reduce_min Fold::Segment(SegmentMode::Min);
    /// Whether any is true; false of an empty row.
    reduce_any Fold::Any;
    /// Whether all are true; true of an empty row.
    reduce_all Fold::All;
}

/// Divides what two reductions over the same axes gave.
fn quotient(sum: &MaybeRagged, count: &MaybeRagged) -> Result<MaybeRagged> {
    let flat = sum.flat_values().div(count.flat_values())?;
    Ok(MaybeRagged::nested(sum.partitions().to_vec(), flat))
}

impl RaggedTensor {
    /// The mean; NaN of an empty row. See [`RaggedTensor::reduce_sum`] for the axes.
    ///
    /// Integers give float64, those of 8 and 16 bits float32, as TensorFlow's division does.
    pub fn reduce_mean(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<MaybeRagged> {
        let axes = axes.into();
        let sum = self.reduce_sum(axes.clone(), keepdims)?;
        let count = self.ones_like()?.reduce_sum(axes, keepdims)?;
        let dtype = match self.dtype() {
            DType::I8 | DType::U8 | DType::I16 | DType::U16 => DType::F32,
            d if d.is_int() => DType::F64,
            d => d,
        };
        let cast = |x: MaybeRagged| {
            let flat = x.flat_values().cast(dtype)?;
            Ok::<_, gradus_tensor::Error>(MaybeRagged::nested(x.partitions().to_vec(), flat))
        };
        quotient(&cast(sum)?, &cast(count)?)
    }

    /// The mean square minus the squared mean; NaN of an empty row. See [`RaggedTensor::reduce_sum`] for the axes.
    pub fn reduce_variance(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<MaybeRagged> {
        let axes = axes.into();
        let squares = self.square()?.reduce_mean(axes.clone(), keepdims)?;
        let mean = self.reduce_mean(axes, keepdims)?;
        let flat = squares.flat_values().sub(&mean.flat_values().square()?)?;
        Ok(MaybeRagged::nested(mean.partitions().to_vec(), flat))
    }

    /// The root of the [variance](RaggedTensor::reduce_variance).
    pub fn reduce_std(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<MaybeRagged> {
        let variance = self.reduce_variance(axes, keepdims)?;
        Ok(MaybeRagged::nested(variance.partitions().to_vec(), variance.flat_values().sqrt()?))
    }

    /// How many values every row along an axis has, for the rows of that axis (`row_lengths(axis)`); axis 1 is the
    /// outermost ragged one.
    ///
    /// Errors for axis 0 and for axes inside of the flat values.
    pub fn row_lengths_at(&self, axis: isize) -> Result<MaybeRagged> {
        let axis = resolve(axis, self.rank(), || self.shape_text())?;
        let Some(partition) = axis.checked_sub(1).and_then(|i| self.partitions().get(i)) else {
            let shape = self.shape_text();
            return Err(gradus_tensor::Error::shape(format!("row_lengths: axis {axis} of shape {shape}")));
        };
        let lengths = partition.row_lengths();
        let flat = Tensor::from_slice(&lengths, [lengths.len()])?;
        Ok(MaybeRagged::nested(self.partitions()[..axis - 1].to_vec(), flat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_of_a_deep_one() {
        let r: RaggedTensor =
            RaggedTensor::from_rows(vec![vec![vec![1, 2], vec![]], vec![vec![3, 4, 5]]]).unwrap();
        let table: [(&[isize], bool, &str); 10] = [
            (&[0], false, "<tf.RaggedTensor [[4, 6, 5], []]>"),
            (&[0], true, "<tf.RaggedTensor [[[4, 6, 5], []]]>"),
            (&[1], false, "<tf.RaggedTensor [[1, 2], [3, 4, 5]]>"),
            (&[1], true, "<tf.RaggedTensor [[[1, 2]], [[3, 4, 5]]]>"),
            (&[-1], false, "<tf.RaggedTensor [[3, 0], [12]]>"),
            (&[2], true, "<tf.RaggedTensor [[[3], [0]], [[12]]]>"),
            (&[0, 1], false, "tf.Tensor([4 6 5], shape=(3,), dtype=int32)"),
            (&[1, 2], false, "tf.Tensor([ 3 12], shape=(2,), dtype=int32)"),
            (&[0, 2], false, "tf.Tensor([15  0], shape=(2,), dtype=int32)"),
            (&[0, 1, 2], true, "tf.Tensor([[[15]]], shape=(1, 1, 1), dtype=int32)"),
        ];
        for (axes, keepdims, want) in table {
            assert_eq!(r.reduce_sum(axes, keepdims).unwrap().to_string(), want, "{axes:?} {keepdims}");
        }
        assert!(r.reduce_sum(3, false).is_err());
        let mean = r.reduce_mean(2, false).unwrap();
        assert_eq!(mean.to_string(), "<tf.RaggedTensor [[1.5, nan], [4.0]]>");
        assert_eq!(r.row_lengths_at(2).unwrap().to_string(), "<tf.RaggedTensor [[2, 0], [3]]>");
    }

    #[test]
    fn empty_rows() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![true], vec![]]).unwrap();
        assert_eq!(
            r.reduce_any(1, false).unwrap().to_string(),
            "tf.Tensor([ True False], shape=(2,), dtype=bool)"
        );
        assert_eq!(
            r.reduce_all(1, false).unwrap().to_string(),
            "tf.Tensor([ True  True], shape=(2,), dtype=bool)"
        );
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1.0f32], vec![]]).unwrap();
        let max = r.reduce_max(1, false).unwrap().dense().unwrap();
        assert_eq!(max.to_vec::<f32>().unwrap(), [1.0, f32::MIN]);
    }
}
