//! Rows sorted into numbered groups.

use gradus_tensor::{Error, Result};

use crate::gather::integers;
use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

impl<V: FlatValues> MaybeRagged<V> {
    /// Row `i` of the result holds, in order, the values whose partition is `i`
    /// (`tf.ragged.stack_dynamic_partitions`).
    ///
    /// `partitions` names a group in `0..count` for each item of the values' first axes, with the same rows as they have.
    /// Errors when one is outside, or the rows differ.
    ///
    /// ```
    /// # use gradus_ragged::MaybeRagged;
    /// # use gradus_tensor::Tensor;
    /// let x = MaybeRagged::from(Tensor::new([10, 20, 30, 40])?);
    /// let groups = Tensor::new([2, 0, 2, 1])?;
    /// assert_eq!(x.stack_dynamic_partitions(groups, 4)?.to_text(), "[[20], [40], [10, 30], []]");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn stack_dynamic_partitions(
        &self,
        partitions: impl Into<MaybeRagged>,
        count: usize,
    ) -> Result<RaggedTensor<V>> {
        self.grouped(&partitions.into(), count).map_err(|e| e.within("stack_dynamic_partitions"))
    }

    fn grouped(&self, groups: &MaybeRagged, count: usize) -> Result<RaggedTensor<V>> {
        if groups.rank() == 0 {
            return self.expand_dims(0)?.grouped(&groups.expand_dims(0)?, count);
        }
        let misfit = || {
            let (groups, values) = (groups.shape_text(), self.shape_text());
            Error::shape(format!("partitions of shape {groups} for values of shape {values}"))
        };
        let (of_groups, flat) = groups.cut(groups.rank() - 1)?;
        let (of_values, items) = self.cut(groups.rank() - 1).map_err(|_| misfit())?;
        if of_groups != of_values || flat.nrows()? != items.nrows()? {
            return Err(misfit());
        }
        let ids = integers("partitions", flat.flat_values())?;
        let mut lengths = Vec::new();
        lengths
            .try_reserve_exact(count)
            .map_err(|_| Error::value(format!("{count} partitions are too many")))?;
        lengths.resize(count, 0i64);
        for &id in &ids {
            let group = usize::try_from(id).ok().and_then(|id| lengths.get_mut(id));
            *group.ok_or_else(|| Error::value(format!("partition {id} is not in 0..{count}")))? += 1;
        }
        let mut order: Vec<i64> = (0..ids.len() as i64).collect();
        // A stable sort keeps the order inside of a group.
        order.sort_by_key(|&i| ids[i as usize]);
        items.take(&order)?.under(vec![RowPartition::from_row_lengths(&lengths)?]).ragged()
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn ragged_values_and_misfits() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![3]]).unwrap();
        let ids: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 0], vec![1]]).unwrap();
        let x = MaybeRagged::from(&r);
        assert_eq!(x.stack_dynamic_partitions(&ids, 2).unwrap().to_text(), "[[2], [1, 3]]");
        let rows = Tensor::new([1, 1]).unwrap();
        assert_eq!(x.stack_dynamic_partitions(rows, 2).unwrap().to_text(), "[[], [[1, 2], [3]]]");
        assert!(x.stack_dynamic_partitions(Tensor::new([0, 2]).unwrap(), 2).is_err());
        assert!(x.stack_dynamic_partitions(Tensor::new([0]).unwrap(), 2).is_err());
    }
}
