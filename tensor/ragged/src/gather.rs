//! Picking rows by index.

use gradus_tensor::{DType, Error, Result, Tensor};

use crate::maybe::resolve;
use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

/// Integer indices of any dtype as i64.
pub(crate) fn integers(what: &str, x: &Tensor) -> Result<Vec<i64>> {
    if !x.dtype().is_int() {
        return Err(Error::dtype(format!("{what}: indices must be integers, found {}", x.dtype())));
    }
    x.cast(DType::I64)?.to_vec::<i64>()
}

impl<V: FlatValues> MaybeRagged<V> {
    /// Slices along `axis`, chosen by dense or ragged indices: `[..before, ..indices, ..after]` (`tf.gather`).
    ///
    /// The result is ragged where the values, or the indices, are. Errors when the axis is out of range, or an index is
    /// not in `0..` the length of the row it picks from.
    pub fn gather(&self, indices: impl Into<MaybeRagged>, axis: isize) -> Result<MaybeRagged<V>> {
        self.gather_batch(indices, axis, 0)
    }

    /// As [`MaybeRagged::gather`], where the first `batch_dims` axes of the values and the indices go together.
    ///
    /// The axis must be `batch_dims`, or there must be no batch axes.
    pub fn gather_batch(
        &self,
        indices: impl Into<MaybeRagged>,
        axis: isize,
        batch_dims: usize,
    ) -> Result<MaybeRagged<V>> {
        let indices = indices.into();
        self.gather_at(&indices, axis, batch_dims).map_err(|e| e.within("gather"))
    }

    fn gather_at(&self, indices: &MaybeRagged, axis: isize, batch: usize) -> Result<MaybeRagged<V>> {
        let axis = resolve(axis, self.rank(), || self.shape_text())?;
        if batch > axis || batch > indices.rank() || (batch > 0 && batch != axis) {
            let (have, rank) = (self.shape_text(), indices.rank());
            return Err(Error::shape(format!(
                "{batch} batch axes with axis {axis} of shape {have} and indices of rank {rank}"
            )));
        }
        if batch > 0 {
            return self.gather_rowwise(indices, batch);
        }
        let picks = integers("gather", indices.flat_values())?;
        if axis == 0 {
            let n = self.nrows()?;
            check(&picks, n)?;
            return self.take(&picks)?.shaped_as(indices);
        }
        let (mut outer, inner) = self.cut(axis)?;
        let last = outer.pop().ok_or_else(|| Error::shape("no rows"))?;
        let mut rows = Vec::with_capacity(last.nrows().saturating_mul(picks.len()));
        for row in 0..last.nrows() {
            let range = last.row(row);
            check(&picks, range.len())?;
            rows.extend(picks.iter().map(|p| range.start as i64 + p));
        }
        // Each row holds one copy of the indices' own shape.
        let copies = last.nrows();
        let all = repeated(indices, copies)?;
        let found = inner.take(&rows)?.shaped_as(&all)?.under(outer);
        // Every row has as many values as there are indices, so the axis is dense now.
        if indices.partitions().is_empty() { found.densified() } else { Ok(found) }
    }

    /// Uniform axes right before the flat values become axes of theirs.
    fn densified(self) -> Result<MaybeRagged<V>> {
        let partitions = self.partitions();
        let kept = partitions.iter().rposition(|p| p.uniform_row_length().is_none()).map_or(0, |i| i + 1);
        let Some(first) = partitions.get(kept) else {
            return Ok(self);
        };
        let lengths = partitions[kept..].iter().filter_map(RowPartition::uniform_row_length);
        let inner = self.flat_values().dims()[1..].iter().copied();
        let dims: Vec<usize> = std::iter::once(first.nrows()).chain(lengths).chain(inner).collect();
        Ok(MaybeRagged::nested(partitions[..kept].to_vec(), self.flat_values().reshaped(&dims)?))
    }

    /// Indices of row `i` pick from row `i`, for rows along the first `batch` axes.
    fn gather_rowwise(&self, indices: &MaybeRagged, batch: usize) -> Result<MaybeRagged<V>> {
        let (outer, inner) = self.cut(batch)?;
        if indices.rank() == batch {
            // One index per row, which goes away.
            let (own, flat) = if batch > 1 { indices.cut(batch - 1)? } else { (Vec::new(), indices.clone()) };
            same_rows(&own, &outer[..batch - 1], flat.nrows()?, outer[batch - 1].nrows())?;
            let picks = integers("gather", flat.flat_values())?;
            let mut rows = Vec::with_capacity(picks.len());
            for (row, &p) in picks.iter().enumerate() {
                let range = outer[batch - 1].row(row);
                check(&[p], range.len())?;
                rows.push(range.start as i64 + p);
            }
            return Ok(inner.take(&rows)?.under(outer[..batch - 1].to_vec()));
        }
        let (own, below) = indices.cut(batch)?;
        same_rows(&own[..batch - 1], &outer[..batch - 1], own[batch - 1].nrows(), outer[batch - 1].nrows())?;
        // The row of every index, through the axes below the batch.
        let mut row_of = own[batch - 1].value_rowids();
        for partition in below.partitions() {
            row_of = partition.value_rowids().iter().map(|&p| row_of[p as usize]).collect();
        }
        let per_value: usize = below.flat_values().shape().dims()[1..].iter().product();
        let picks = integers("gather", below.flat_values())?;
        let mut rows = Vec::with_capacity(picks.len());
        for (i, &p) in picks.iter().enumerate() {
            let range = outer[batch - 1].row(row_of[i / per_value] as usize);
            check(&[p], range.len())?;
            rows.push(range.start as i64 + p);
        }
        let found = inner.take(&rows)?.shaped_as(&below)?.under(own);
        if indices.partitions().is_empty() { found.densified() } else { Ok(found) }
    }

    /// Rows, one per element of `like`, in the axes of `like`.
    pub(crate) fn shaped_as(self, like: &MaybeRagged) -> Result<MaybeRagged<V>> {
        let dims = like.flat_values().shape().dims();
        if self.partitions().is_empty() {
            let flat = self.flat_values();
            let shape: Vec<usize> = dims.iter().chain(&flat.dims()[1..]).copied().collect();
            return Ok(MaybeRagged::nested(like.partitions().to_vec(), flat.reshaped(&shape)?));
        }
        if dims.is_empty() {
            return self.row(0);
        }
        // Dense axes of the indices before ragged axes of the values can only be partitions.
        let (partitions, _) = like.cut(like.rank() - 1)?;
        Ok(self.under(partitions))
    }
}

/// The indices, once per row, along a new first axis that is merged with their own.
fn repeated(indices: &MaybeRagged, copies: usize) -> Result<MaybeRagged> {
    let one = indices.expand_dims(0)?;
    if one.partitions().is_empty() {
        // A partition, so that the rows of the values around stay rows.
        let flat = one.flat_values().tile(&tiles(one.rank(), copies))?;
        return match indices.rank() {
            0 => Ok(MaybeRagged::Dense(flat)),
            _ => {
                let (partitions, inner) = MaybeRagged::Dense(flat).cut(1)?;
                Ok(inner.under(partitions))
            }
        };
    }
    one.pick(0, |_| vec![0; copies])
}

fn tiles(rank: usize, copies: usize) -> Vec<usize> {
    std::iter::once(copies).chain(std::iter::repeat_n(1, rank - 1)).collect()
}

fn check(picks: &[i64], n: usize) -> Result<()> {
    match picks.iter().find(|&&p| !usize::try_from(p).is_ok_and(|p| p < n)) {
        Some(p) => Err(Error::value(format!("index {p} is not in 0..{n}"))),
        None => Ok(()),
    }
}

fn same_rows(a: &[RowPartition], b: &[RowPartition], rows_a: usize, rows_b: usize) -> Result<()> {
    if rows_a != rows_b || a != b {
        return Err(Error::shape(format!("batches differ: {rows_b} rows of values, {rows_a} of indices")));
    }
    Ok(())
}

impl<V: FlatValues> RaggedTensor<V> {
    /// As [`MaybeRagged::gather`].
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// # use gradus_tensor::Tensor;
    /// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3]])?;
    /// assert_eq!(r.gather(Tensor::new([2, 0])?, 0)?.to_string(), "<tf.RaggedTensor [[3], [1, 2]]>");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn gather(&self, indices: impl Into<MaybeRagged>, axis: isize) -> Result<MaybeRagged<V>> {
        MaybeRagged::from(self).gather(indices, axis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ragged(rows: Vec<Vec<i32>>) -> RaggedTensor {
        RaggedTensor::from_rows(rows).unwrap()
    }

    #[test]
    fn indices_of_any_kind() {
        let r = ragged(vec![vec![1, 2], vec![], vec![3, 4, 5]]);
        let dense = MaybeRagged::from(Tensor::new([10, 20, 30]).unwrap());
        let t = |v: &[i32], shape: &[usize]| MaybeRagged::from(Tensor::from_slice(v, shape).unwrap());
        let table = [
            ("vector", r.gather(t(&[2, 0, 2], &[3]), 0), "<tf.RaggedTensor [[3, 4, 5], [1, 2], [3, 4, 5]]>"),
            ("scalar", r.gather(t(&[2], &[]), 0), "tf.Tensor([3 4 5], shape=(3,), dtype=int32)"),
            ("matrix", r.gather(t(&[2, 0], &[1, 2]), 0), "<tf.RaggedTensor [[[3, 4, 5], [1, 2]]]>"),
            (
                "ragged",
                dense.gather(ragged(vec![vec![2], vec![], vec![0, 1]]), 0),
                "<tf.RaggedTensor [[30], [], [10, 20]]>",
            ),
            (
                "both",
                r.gather(ragged(vec![vec![2], vec![1, 0]]), 0),
                "<tf.RaggedTensor [[[3, 4, 5]], [[], [1, 2]]]>",
            ),
            (
                "in every row",
                ragged(vec![vec![1, 2], vec![3, 4, 5]]).gather(t(&[1, 0], &[2]), 1),
                "tf.Tensor(\n[[2 1]\n [4 3]], shape=(2, 2), dtype=int32)",
            ),
            (
                "batched",
                MaybeRagged::from(&r).gather_batch(ragged(vec![vec![1], vec![], vec![2, 2]]), 1, 1),
                "<tf.RaggedTensor [[2], [], [5, 5]]>",
            ),
        ];
        for (name, found, want) in table {
            assert_eq!(found.unwrap().to_string(), want, "{name}");
        }
        let refused = [
            r.gather(t(&[3], &[1]), 0),
            r.gather(t(&[-1], &[1]), 0),
            r.gather(t(&[0], &[1]), 1),
            r.gather(t(&[0], &[1]), 2),
            r.gather(Tensor::scalar(0.5f32), 0),
        ];
        assert!(refused.iter().all(Result::is_err));
    }
}
