//! Picking by tuples of positions.

use gradus_tensor::{Error, Result};

use crate::gather::integers;
use crate::{FlatValues, MaybeRagged, RaggedTensor};

impl<V: FlatValues> RaggedTensor<V> {
    /// The elements, or inner parts, at tuples of positions: the last axis of `indices` holds one tuple (`tf.gather_nd`).
    ///
    /// The result has the other axes of `indices`, then the axes that the tuples leave. `indices` are dense or ragged, and
    /// their last axis is uniform. Errors when a tuple is longer than the rank, or a position is outside of its row.
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// # use gradus_tensor::Tensor;
    /// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3]])?;
    /// assert_eq!(r.gather_nd(Tensor::new([[2, 0], [0, 1]])?)?.dense()?.to_vec::<i32>()?, [3, 2]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn gather_nd(&self, indices: impl Into<MaybeRagged>) -> Result<MaybeRagged<V>> {
        let indices = indices.into();
        self.pick_tuples(&indices).map_err(|e| e.within("gather_nd"))
    }

    fn pick_tuples(&self, indices: &MaybeRagged) -> Result<MaybeRagged<V>> {
        let dims = indices.flat_values().shape().dims();
        let Some((&length, outer)) =
            dims.split_last().filter(|(_, o)| indices.partitions().is_empty() || !o.is_empty())
        else {
            return Err(Error::shape(format!("the tuples of indices {} have no axis", indices.shape_text())));
        };
        if length == 0 || length > self.rank() {
            let shape = self.shape_text();
            return Err(Error::shape(format!("tuples of {length} positions for shape {shape}")));
        }
        let (partitions, inner) = MaybeRagged::from(self).cut(length - 1)?;
        let n = self.nrows();
        let tuples = integers("gather_nd", indices.flat_values())?;
        let mut rows = Vec::with_capacity(tuples.len() / length);
        for tuple in tuples.chunks_exact(length) {
            let mut range = 0..n;
            let mut item = 0;
            for (axis, &p) in tuple.iter().enumerate() {
                if !usize::try_from(p).is_ok_and(|p| p < range.len()) {
                    return Err(Error::value(format!(
                        "position {p} of {tuple:?} is not in 0..{}",
                        range.len()
                    )));
                }
                item = range.start + p as usize;
                if let Some(partition) = partitions.get(axis) {
                    range = partition.row(item);
                }
            }
            rows.push(item as i64);
        }
        let taken = inner.take(&rows)?;
        // The axes of the tuples stand where an index of the same outer axes would.
        let like = indices.flat_values().slice(gradus_tensor::s![..., 0])?;
        debug_assert_eq!(like.shape().dims(), outer);
        taken.shaped_as(&MaybeRagged::nested(indices.partitions().to_vec(), like))
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn tuples_of_every_length() {
        let r: RaggedTensor =
            RaggedTensor::from_rows(vec![vec![vec![1, 2], vec![]], vec![vec![3, 4, 5]]]).unwrap();
        let t = |v: &[i32], shape: &[usize]| Tensor::from_slice(v, shape).unwrap();
        let table = [
            (t(&[1, 0, 2, 0, 0, 1], &[2, 3]), "tf.Tensor([5 2], shape=(2,), dtype=int32)"),
            (t(&[1, 0, 0, 1], &[2, 2]), "<tf.RaggedTensor [[3, 4, 5], []]>"),
            (t(&[1], &[1, 1]), "<tf.RaggedTensor [[[3, 4, 5]]]>"),
            (t(&[0, 0, 0], &[3]), "tf.Tensor(1, shape=(), dtype=int32)"),
        ];
        for (indices, want) in table {
            assert_eq!(r.gather_nd(&indices).unwrap().to_string(), want, "{}", indices.to_text());
        }
        let ragged = RaggedTensor::from_row_lengths(t(&[1, 0, 2, 0, 0, 1], &[2, 3]), [0, 2]).unwrap();
        assert_eq!(r.gather_nd(&ragged).unwrap().to_string(), "<tf.RaggedTensor [[], [5, 2]]>");
        for refused in [t(&[0, 1, 0], &[1, 3]), t(&[2], &[1, 1]), t(&[0; 4], &[1, 4]), t(&[-1], &[1, 1])] {
            assert!(r.gather_nd(&refused).is_err(), "{}", refused.to_text());
        }
    }
}
