//! Ragged tensors from values and one encoding of their rows.

use gradus_tensor::{Error, Result};

use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

impl<V: FlatValues> RaggedTensor<V> {
    /// One partition over values, which may be ragged themselves.
    fn partitioned(values: MaybeRagged<V>, partition: RowPartition) -> Result<RaggedTensor<V>> {
        let mut partitions = vec![partition];
        partitions.extend_from_slice(values.partitions());
        RaggedTensor::from_partitions(values.flat_values().clone(), partitions)
    }

    /// Row `i` is `splits[i]..splits[i + 1]` of the values, which may be ragged.
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// # use gradus_tensor::Tensor;
    /// let r = RaggedTensor::from_row_splits(Tensor::new([3, 1, 4, 1, 5])?, [0, 2, 2, 5])?;
    /// assert_eq!(r.to_string(), "<tf.RaggedTensor [[3, 1], [], [4, 1, 5]]>");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors unless the splits begin with 0, never decrease, and end with the number of values.
    pub fn from_row_splits(
        values: impl Into<MaybeRagged<V>>,
        splits: impl Into<Vec<i64>>,
    ) -> Result<RaggedTensor<V>> {
        RaggedTensor::partitioned(values.into(), RowPartition::from_row_splits(splits)?)
    }

    /// Several ragged axes at once: splits of each, outermost first, over flat values.
    pub fn from_nested_row_splits<S: Into<Vec<i64>>>(
        flat: V,
        splits: impl IntoIterator<Item = S>,
    ) -> Result<RaggedTensor<V>> {
        let partitions = splits.into_iter().map(RowPartition::from_row_splits).collect::<Result<Vec<_>>>()?;
        RaggedTensor::from_partitions(flat, partitions)
    }

    /// Several ragged axes at once: row lengths of each, outermost first, over flat values.
    pub fn from_nested_row_lengths<L: AsRef<[i64]>>(
        flat: V,
        lengths: impl IntoIterator<Item = L>,
    ) -> Result<RaggedTensor<V>> {
        let partition = |l: L| RowPartition::from_row_lengths(l.as_ref());
        RaggedTensor::from_partitions(flat, lengths.into_iter().map(partition).collect::<Result<Vec<_>>>()?)
    }

    /// The row of each value, in order; `nrows` is one more than the last unless given.
    ///
    /// Errors when ids decrease, are negative, or are not below `nrows`.
    pub fn from_value_rowids(
        values: impl Into<MaybeRagged<V>>,
        ids: &[i64],
        nrows: Option<usize>,
    ) -> Result<RaggedTensor<V>> {
        RaggedTensor::partitioned(values.into(), RowPartition::from_value_rowids(ids, nrows)?)
    }

    /// The length of each row. Errors unless they are at least 0 and sum to the number of values.
    pub fn from_row_lengths(
        values: impl Into<MaybeRagged<V>>,
        lengths: impl AsRef<[i64]>,
    ) -> Result<RaggedTensor<V>> {
        RaggedTensor::partitioned(values.into(), RowPartition::from_row_lengths(lengths.as_ref())?)
    }

    /// Where each row begins; the last one ends with the values. Errors unless they begin with 0 and never decrease.
    pub fn from_row_starts(
        values: impl Into<MaybeRagged<V>>,
        starts: impl AsRef<[i64]>,
    ) -> Result<RaggedTensor<V>> {
        let values = values.into();
        let partition = RowPartition::from_row_starts(starts.as_ref(), values.nrows()?)?;
        RaggedTensor::partitioned(values, partition)
    }

    /// Where each row ends. Errors unless they never decrease and end with the number of values.
    pub fn from_row_limits(
        values: impl Into<MaybeRagged<V>>,
        limits: impl AsRef<[i64]>,
    ) -> Result<RaggedTensor<V>> {
        RaggedTensor::partitioned(values.into(), RowPartition::from_row_limits(limits.as_ref())?)
    }

    /// Rows of one length. Errors when it does not divide the number of values; `nrows` is needed for length 0.
    pub fn from_uniform_row_length(
        values: impl Into<MaybeRagged<V>>,
        length: usize,
        nrows: Option<usize>,
    ) -> Result<RaggedTensor<V>> {
        let values = values.into();
        let nvals = values.nrows()?;
        let nrows = match nrows {
            Some(n) => n,
            None if length == 0 => 0,
            None if nvals % length == 0 => nvals / length,
            None => return Err(Error::value(format!("{nvals} values do not make rows of length {length}"))),
        };
        RaggedTensor::partitioned(values, RowPartition::uniform(nrows, length)?)
    }

    /// A dense array whose axes 1 to `ragged_rank` are held as partitions, all uniform.
    ///
    /// Errors when `ragged_rank` is 0 or not below the rank.
    pub fn from_tensor(dense: impl Into<MaybeRagged<V>>, ragged_rank: usize) -> Result<RaggedTensor<V>> {
        let dense = dense.into();
        if ragged_rank == 0 {
            return Err(Error::value("from_tensor: ragged_rank must be at least 1, found 0"));
        }
        let (partitions, inner) = dense.cut(ragged_rank).map_err(|e| e.within("from_tensor"))?;
        inner.under(partitions).ragged()
    }

    /// As [`RaggedTensor::from_tensor`], cut to `lengths[i]` in the innermost of the ragged axes; negative lengths count
    /// as 0.
    ///
    /// There is a length for every row of that axis. Errors when one exceeds the axis.
    pub fn from_tensor_lengths(dense: V, lengths: &[i64], ragged_rank: usize) -> Result<RaggedTensor<V>> {
        let full = RaggedTensor::from_tensor(dense, ragged_rank)?;
        let rows = &full.partitions()[ragged_rank - 1];
        if lengths.len() != rows.nrows() {
            let (found, wanted) = (lengths.len(), rows.nrows());
            return Err(Error::shape(format!("from_tensor: {found} lengths for {wanted} rows")));
        }
        let wide = full.shape()[ragged_rank].unwrap_or(0);
        if let Some(row) = lengths.iter().position(|&l| l > wide as i64) {
            let length = lengths[row];
            return Err(Error::value(format!("from_tensor: length {length} of row {row} of size {wide}")));
        }
        full.shortened(|row| lengths[row].max(0) as usize)
    }

    /// As [`RaggedTensor::from_tensor`] with lengths for each of several ragged axes, outermost first: what lies past a
    /// length, with all that is inside of it, is left out.
    pub fn from_tensor_nested_lengths(dense: V, lengths: &[&[i64]]) -> Result<RaggedTensor<V>> {
        let mut rest = RaggedTensor::from_tensor(dense, lengths.len())?;
        for (level, lengths) in lengths.iter().enumerate() {
            let partition = &rest.partitions()[level];
            let fits = lengths.len() == partition.nrows()
                && lengths.iter().enumerate().all(|(i, &l)| l <= partition.row(i).len() as i64);
            if !fits {
                return Err(Error::shape(format!(
                    "from_tensor: lengths {lengths:?} for rows of lengths {:?}",
                    partition.row_lengths()
                )));
            }
            let (mut outer, inner) = MaybeRagged::from(&rest).cut(level + 1)?;
            let (mut rows, last) = (Vec::new(), outer.len() - 1);
            for (i, &l) in lengths.iter().enumerate() {
                let start = outer[last].row(i).start as i64;
                rows.extend(start..start + l.max(0));
            }
            let cut: Vec<i64> = lengths.iter().map(|&l| l.max(0)).collect();
            outer[last] = RowPartition::from_row_lengths(&cut)?;
            rest = inner.take(&rows)?.under(outer).ragged()?;
        }
        Ok(rest)
    }

    /// As [`RaggedTensor::from_tensor`] without the trailing elements of each row that equal `padding`, in the innermost
    /// of the ragged axes.
    ///
    /// `padding` is a scalar, or of the shape of what lies inside of that axis.
    pub fn from_tensor_padded(dense: V, padding: &V, ragged_rank: usize) -> Result<RaggedTensor<V>> {
        let full = RaggedTensor::from_tensor(dense, ragged_rank)?;
        let inner = &full.flat_values().dims()[1..];
        let size: usize = inner.iter().product();
        let scalar = padding.dims().is_empty();
        if !scalar && padding.dims() != inner {
            return Err(Error::shape(format!(
                "from_tensor: padding of shape {:?} for values of shape {inner:?}",
                padding.dims()
            )));
        }
        let is_padding = |value: usize| {
            for i in 0..size {
                if !full.flat_values().same(value * size + i, padding, if scalar { 0 } else { i })? {
                    return Ok(false);
                }
            }
            Ok::<bool, Error>(true)
        };
        let rows = &full.partitions()[ragged_rank - 1];
        let mut lengths = Vec::with_capacity(rows.nrows());
        for row in 0..rows.nrows() {
            let range = rows.row(row);
            let mut end = range.end;
            while end > range.start && is_padding(end - 1)? {
                end -= 1;
            }
            lengths.push(end - range.start);
        }
        full.shortened(|row| lengths[row])
    }

    /// The rows of the innermost partition, cut to a length that is not above theirs.
    fn shortened(&self, length: impl Fn(usize) -> usize) -> Result<RaggedTensor<V>> {
        let last = self.ragged_rank() - 1;
        let rows = &self.partitions()[last];
        let lengths: Vec<i64> = (0..rows.nrows()).map(|row| length(row) as i64).collect();
        let mut keep = Vec::new();
        for (row, &l) in lengths.iter().enumerate() {
            let start = rows.row(row).start as i64;
            keep.extend(start..start + l);
        }
        let mut partitions = self.partitions().to_vec();
        partitions[last] = RowPartition::from_row_lengths(&lengths)?;
        RaggedTensor::from_partitions(self.flat_values().take(&keep)?, partitions)
    }
}
