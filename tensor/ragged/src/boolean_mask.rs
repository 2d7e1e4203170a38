//! Keeping what a mask marks.

use gradus_tensor::{DType, Error, Result};

use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

impl<V: FlatValues> MaybeRagged<V> {
    /// The items where the mask is true; rows stay rows, with what is left of them (`tf.ragged.boolean_mask`).
    ///
    /// The mask is bool, dense or ragged, and has the rows of the first axes of the values. With a vector as mask whole
    /// rows are kept or dropped. Errors when the rows differ.
    ///
    /// ```
    /// # use gradus_ragged::{MaybeRagged, RaggedTensor};
    /// # use gradus_tensor::Tensor;
    /// let x = MaybeRagged::from(Tensor::new([[1, 2, 3], [4, 5, 6]])?);
    /// let mask = Tensor::new([[true, false, true], [false, false, false]])?;
    /// assert_eq!(x.boolean_mask(mask)?.to_string(), "<tf.RaggedTensor [[1, 3], []]>");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn boolean_mask(&self, mask: impl Into<MaybeRagged>) -> Result<MaybeRagged<V>> {
        self.masked(&mask.into()).map_err(|e| e.within("boolean_mask"))
    }

    fn masked(&self, mask: &MaybeRagged) -> Result<MaybeRagged<V>> {
        if mask.dtype() != DType::Bool {
            return Err(Error::dtype(format!("the mask is {}, expected bool", mask.dtype())));
        }
        let misfit = || {
            let (mask, values) = (mask.shape_text(), self.shape_text());
            Error::shape(format!(
                "a mask of shape {mask} for values of shape {values}, or of other row lengths"
            ))
        };
        let axes = mask.rank().checked_sub(1).ok_or_else(misfit)?;
        let (of_mask, flags) = mask.cut(axes)?;
        let (mut partitions, inner) = self.cut(axes).map_err(|_| misfit())?;
        if of_mask != partitions || flags.nrows()? != inner.nrows()? {
            return Err(misfit());
        }
        let flags = flags.flat_values().as_slice::<bool>()?;
        let kept: Vec<i64> = (0..flags.len() as i64).filter(|&i| flags[i as usize]).collect();
        if let Some(last) = partitions.pop() {
            let count = |row| flags[last.row(row)].iter().filter(|&&keep| keep).count() as i64;
            let lengths: Vec<i64> = (0..last.nrows()).map(count).collect();
            partitions.push(RowPartition::from_row_lengths(&lengths)?);
        }
        Ok(inner.take(&kept)?.under(partitions))
    }
}

impl<V: FlatValues> RaggedTensor<V> {
    /// As [`MaybeRagged::boolean_mask`].
    pub fn boolean_mask(&self, mask: impl Into<MaybeRagged>) -> Result<RaggedTensor<V>> {
        MaybeRagged::from(self).boolean_mask(mask)?.ragged()
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn masks_of_every_rank() {
        let r: RaggedTensor =
            RaggedTensor::from_rows(vec![vec![vec![1, 2], vec![]], vec![vec![3, 4, 5]]]).unwrap();
        let whole = Tensor::new([false, true]).unwrap();
        assert_eq!(r.boolean_mask(whole).unwrap().to_text(), "[[[3, 4, 5]]]");
        let rows: RaggedTensor = RaggedTensor::from_rows(vec![vec![false, true], vec![true]]).unwrap();
        assert_eq!(r.boolean_mask(&rows).unwrap().to_text(), "[[[]], [[3, 4, 5]]]");
        let odd = r.floor_mod(Tensor::scalar(2)).unwrap().equal(Tensor::scalar(1)).unwrap();
        assert_eq!(r.boolean_mask(&odd).unwrap().to_text(), "[[[1], []], [[3, 5]]]");
        let other: RaggedTensor = RaggedTensor::from_rows(vec![vec![false], vec![true]]).unwrap();
        assert!(r.boolean_mask(&other).is_err());
        assert!(r.boolean_mask(&r).is_err(), "not bool");
    }
}
