//! Axes put together, and the smallest dense shape around a ragged tensor.

use gradus_tensor::{Error, Result};

use crate::maybe::resolve;
use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

impl<V: FlatValues> RaggedTensor<V> {
    /// The axes `outer` to `inner`, both included, as one: their rows follow one another.
    ///
    /// The result is dense where no ragged axis is left. Errors when an axis is out of range or `outer > inner`.
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![vec![1, 2], vec![]], vec![vec![3]]])?;
    /// assert_eq!(r.merge_dims(1, 2)?.to_string(), "<tf.RaggedTensor [[1, 2], [3]]>");
    /// assert_eq!(r.merge_dims(0, 2)?.to_string(), "tf.Tensor([1 2 3], shape=(3,), dtype=int32)");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn merge_dims(&self, outer: isize, inner: isize) -> Result<MaybeRagged<V>> {
        let axis = |a| resolve(a, self.rank(), || self.shape_text()).map_err(|e| e.within("merge_dims"));
        let (outer, inner) = (axis(outer)?, axis(inner)?);
        if outer > inner {
            return Err(Error::shape(format!("merge_dims: axis {outer} lies behind axis {inner}")));
        }
        let depth = self.ragged_rank();
        let dims = self.flat_values().dims();
        // Axes of the flat values that go into their first one, or together behind it.
        let flat = if inner > depth {
            let (from, to) = (outer.saturating_sub(depth), inner - depth);
            let merged = dims[from..=to].iter().product();
            let shape = [&dims[..from], &[merged], &dims[to + 1..]].concat();
            self.flat_values().reshaped(&shape)?
        } else {
            self.flat_values().clone()
        };
        if outer > depth {
            return Ok(MaybeRagged::nested(self.partitions().to_vec(), flat));
        }
        if outer == 0 {
            return Ok(MaybeRagged::nested(self.partitions()[inner.min(depth)..].to_vec(), flat));
        }
        // The rows of the outer partition, told in values of the innermost one that it swallows.
        let swallowed = &self.partitions()[outer..inner.min(depth)];
        let per_value: i64 = dims[1..=inner.saturating_sub(depth)].iter().product::<usize>() as i64;
        let place = |split: &i64| {
            swallowed.iter().fold(*split, |at, partition| partition.row_splits()[at as usize]) * per_value
        };
        let uniform = std::iter::once(&self.partitions()[outer - 1])
            .chain(swallowed)
            .try_fold(per_value as usize, |n, p| p.uniform_row_length().map(|length| n * length));
        let splits: Vec<i64> = self.partitions()[outer - 1].row_splits().iter().map(place).collect();
        let merged = match uniform {
            Some(length) => RowPartition::uniform(splits.len() - 1, length)?,
            None => RowPartition::from_row_splits(splits)?,
        };
        let mut partitions = self.partitions()[..outer - 1].to_vec();
        partitions.push(merged);
        partitions.extend_from_slice(&self.partitions()[inner.min(depth)..]);
        Ok(MaybeRagged::nested(partitions, flat))
    }

    /// The smallest dense shape that holds every row: the number of rows, then the longest row of every axis.
    pub fn bounding_shape(&self) -> Vec<usize> {
        let longest = |p: &RowPartition| p.uniform_row_length().unwrap_or_else(|| p.longest());
        let inner = self.flat_values().dims()[1..].iter().copied();
        std::iter::once(self.nrows()).chain(self.partitions().iter().map(longest)).chain(inner).collect()
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn ragged_and_uniform_axes_merge() {
        let flat = Tensor::range(8).unwrap().reshape([4, 2]).unwrap();
        let r = RaggedTensor::from_nested_row_splits(flat, [vec![0, 1, 3], vec![0, 2, 2, 4]]).unwrap();
        assert_eq!(r.bounding_shape(), [2, 2, 2, 2]);
        let table = [
            ((0, 1), "<tf.RaggedTensor [[[0, 1], [2, 3]], [], [[4, 5], [6, 7]]]>"),
            ((1, 2), "<tf.RaggedTensor [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]>"),
            ((2, 3), "<tf.RaggedTensor [[[0, 1, 2, 3]], [[], [4, 5, 6, 7]]]>"),
            ((1, 3), "<tf.RaggedTensor [[0, 1, 2, 3], [4, 5, 6, 7]]>"),
            ((3, 3), "<tf.RaggedTensor [[[[0, 1], [2, 3]]], [[], [[4, 5], [6, 7]]]]>"),
            ((0, 3), "tf.Tensor([0 1 2 3 4 5 6 7], shape=(8,), dtype=int32)"),
        ];
        for ((outer, inner), want) in table {
            assert_eq!(r.merge_dims(outer, inner).unwrap().to_string(), want, "{outer} to {inner}");
        }
        assert!(r.merge_dims(2, 1).is_err() && r.merge_dims(0, 4).is_err());
    }
}
