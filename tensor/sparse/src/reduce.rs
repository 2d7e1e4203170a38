//! Reductions over entries. What has no entry does not take part, so the maximum of negative entries is negative.

use gradus_tensor::op::apply1;
use gradus_tensor::ops::{Segment, SegmentMode};
use gradus_tensor::{Axes, Result, Shape, Tensor};

use crate::SparseTensor;
use crate::order::{append_place, kept, number};

/// Entries by what is left of their coordinates.
struct Groups {
    /// The group of every entry.
    ids: Vec<i64>,
    /// The shape of the axes that are left.
    left: Shape,
    /// That shape, with the reduced axes as 1 when they are kept.
    shown: Shape,
}

impl SparseTensor {
    fn groups(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Groups> {
        let shape = self.dense_shape();
        let axes = axes.into().resolve(shape)?;
        let left = kept(shape, &axes);
        let rest = |place: &[i64]| {
            let rest: Vec<i64> = (0..place.len()).filter(|a| !axes.contains(a)).map(|a| place[a]).collect();
            number(&rest, &left)
        };
        let ids = self.each_place()?.into_iter().map(rest).collect();
        let ones = |a: usize| if axes.contains(&a) { 1 } else { shape[a] };
        let shown = if keepdims { (0..shape.rank()).map(ones).collect() } else { left.clone() };
        Ok(Groups { ids, left, shown })
    }

    fn reduce(&self, mode: SegmentMode, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        let groups = self.groups(axes, keepdims)?;
        let op = Segment { mode, segments: groups.left.checked_len()?, zero_empty: true };
        let ids = Tensor::from_slice(&groups.ids, [groups.ids.len()])?;
        apply1(&op, &[self.values(), &ids])?.reshape(groups.shown)
    }

    fn reduce_sparse(
        &self,
        mode: SegmentMode,
        axes: impl Into<Axes>,
        keepdims: bool,
    ) -> Result<SparseTensor> {
        let groups = self.groups(axes, keepdims)?;
        let mut present = groups.ids.clone();
        present.sort_unstable();
        present.dedup();
        let place = |id: &i64| present.binary_search(id).map_or(0, |at| at as i64);
        let ids: Vec<i64> = groups.ids.iter().map(place).collect();
        let op = Segment { mode, segments: present.len(), zero_empty: true };
        let values = apply1(&op, &[self.values(), &Tensor::from_slice(&ids, [ids.len()])?])?;
        let mut places = Vec::new();
        // An axis of size 1 changes no number, so the shown shape gives the coordinates.
        present.iter().for_each(|&id| append_place(id, &groups.shown, &mut places));
        SparseTensor::from_parts(places, values, groups.shown)
    }

    /// The sum of the entries along axes; 0 where there is none. `()` stands for all axes.
    ///
    /// Errors when an axis is out of range, or memory cannot hold the result.
    pub fn reduce_sum(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        self.reduce(SegmentMode::Sum, axes, keepdims)
    }

    /// The largest of the entries along axes; 0 where there is none. See [`SparseTensor::reduce_sum`].
    pub fn reduce_max(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        self.reduce(SegmentMode::Max, axes, keepdims)
    }

    /// The smallest of the entries along axes; 0 where there is none. See [`SparseTensor::reduce_sum`].
    pub fn reduce_min(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        self.reduce(SegmentMode::Min, axes, keepdims)
    }

    /// As [`SparseTensor::reduce_sum`], sparse: an entry wherever there was one to sum (`output_is_sparse`).
    pub fn reduce_sum_sparse(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<SparseTensor> {
        self.reduce_sparse(SegmentMode::Sum, axes, keepdims)
    }

    /// As [`SparseTensor::reduce_max`], sparse: an entry wherever there was one (`output_is_sparse`).
    pub fn reduce_max_sparse(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<SparseTensor> {
        self.reduce_sparse(SegmentMode::Max, axes, keepdims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_alone_take_part() {
        let x =
            SparseTensor::from_entries([[0, 1], [0, 2], [2, 1]], vec![-1.0f32, -2.0, 5.0], [3, 4]).unwrap();
        let table: [(&str, Result<Tensor>, &[usize], &[f32]); 5] = [
            ("sum", x.reduce_sum((), false), &[], &[2.0]),
            ("sum 1", x.reduce_sum(1, false), &[3], &[-3.0, 0.0, 5.0]),
            ("sum 0", x.reduce_sum(0, true), &[1, 4], &[0.0, 4.0, -2.0, 0.0]),
            ("max 1", x.reduce_max(-1, false), &[3], &[-1.0, 0.0, 5.0]),
            ("min", x.reduce_min((), true), &[1, 1], &[-2.0]),
        ];
        for (name, found, shape, want) in table {
            let found = found.unwrap();
            assert_eq!(found.shape().dims(), shape, "{name}");
            assert_eq!(found.to_vec::<f32>().unwrap(), want, "{name}");
        }
        let sparse = x.reduce_sum_sparse(1, false).unwrap();
        assert_eq!(sparse.indices().to_vec::<i64>().unwrap(), [0, 2]);
        assert_eq!(x.reduce_max_sparse(0, true).unwrap().indices().to_vec::<i64>().unwrap(), [0, 1, 0, 2]);
        assert!(x.reduce_sum(2, false).is_err());
    }
}
