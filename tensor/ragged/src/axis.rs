//! Picking positions along one axis of every row: the ground of slices, `reverse` and `tile`.

use gradus_tensor::{Error, Result};

use crate::maybe::resolve;
use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

/// Larger results of `tile` are refused before anything is allocated.
const MOST: usize = 1 << 32;

impl<V: FlatValues> MaybeRagged<V> {
    /// Every row along `axis` is replaced by those of its positions that `pick` names for a row of that length.
    ///
    /// A uniform axis stays uniform, a dense one dense.
    pub(crate) fn pick(&self, axis: usize, pick: impl Fn(usize) -> Vec<usize>) -> Result<MaybeRagged<V>> {
        let depth = self.partitions().len();
        if axis == 0 {
            let rows: Vec<i64> = pick(self.nrows()?).into_iter().map(|p| p as i64).collect();
            return self.take(&rows);
        }
        if axis > depth {
            let flat = pick_dense(self.flat_values(), axis - depth, &pick)?;
            return Ok(MaybeRagged::nested(self.partitions().to_vec(), flat));
        }
        let (mut outer, inner) = self.cut(axis)?;
        let last = &outer[axis - 1];
        let (mut lengths, mut rows) = (Vec::with_capacity(last.nrows()), Vec::new());
        for row in 0..last.nrows() {
            let range = last.row(row);
            let picked = pick(range.len());
            lengths.push(picked.len() as i64);
            rows.extend(picked.into_iter().map(|p| (range.start + p) as i64));
        }
        let uniform = last.uniform_row_length().map(|length| pick(length).len());
        outer[axis - 1] = RowPartition::from_lengths_like(&lengths, uniform)?;
        Ok(inner.take(&rows)?.under(outer))
    }
}

/// Positions along an inner axis of a dense array.
fn pick_dense<V: FlatValues>(flat: &V, axis: usize, pick: impl Fn(usize) -> Vec<usize>) -> Result<V> {
    let dims = flat.dims();
    let (outer, size): (usize, usize) = (dims[..axis].iter().product(), dims[axis]);
    let picked = pick(size);
    let merged: Vec<usize> = std::iter::once(outer * size).chain(dims[axis + 1..].iter().copied()).collect();
    let rows: Vec<i64> = (0..outer).flat_map(|o| picked.iter().map(move |p| (o * size + p) as i64)).collect();
    let mut shape = dims.to_vec();
    shape[axis] = picked.len();
    flat.reshaped(&merged)?.take(&rows)?.reshaped(&shape)
}

impl<V: FlatValues> RaggedTensor<V> {
    /// The elements in reverse order along these axes; along a ragged axis every row is reversed by itself.
    ///
    /// Errors when an axis is out of range or named twice.
    pub fn reverse(&self, axes: &[isize]) -> Result<RaggedTensor<V>> {
        let mut seen = Vec::new();
        let mut y = MaybeRagged::from(self);
        for &axis in axes {
            let axis = resolve(axis, self.rank(), || self.shape_text()).map_err(|e| e.within("reverse"))?;
            if seen.contains(&axis) {
                return Err(Error::value(format!("reverse: axis {axis} is named twice in {axes:?}")));
            }
            seen.push(axis);
            y = y.pick(axis, |n| (0..n).rev().collect())?;
        }
        y.ragged()
    }

    /// The tensor repeated `multiples[axis]` times along every axis; a ragged row repeats by itself.
    ///
    /// Errors unless there is a multiple for every axis, or when memory cannot hold the result.
    pub fn tile(&self, multiples: &[usize]) -> Result<RaggedTensor<V>> {
        if multiples.len() != self.rank() {
            let (found, shape) = (multiples.len(), self.shape_text());
            return Err(Error::shape(format!("tile: {found} multiples for shape {shape}")));
        }
        let items =
            self.partitions().iter().map(RowPartition::nvals).chain([self.nrows(), self.size(), 1]).max();
        let total = multiples.iter().try_fold(items.unwrap_or(1), |n, &m| n.checked_mul(m.max(1)));
        if total.is_none_or(|n| n > MOST) {
            let shape = self.shape_text();
            return Err(Error::shape(format!("tile: {multiples:?} times shape {shape} is too large")));
        }
        let mut y = MaybeRagged::from(self);
        // Inner axes first: outer ones then repeat rows that are complete.
        for (axis, &m) in multiples.iter().enumerate().rev().filter(|(_, m)| **m != 1) {
            y = y.pick(axis, |n| (0..m).flat_map(|_| 0..n).collect())?;
        }
        y.ragged()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverse_and_tile() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3, 4, 5]]).unwrap();
        let table: [(&str, Result<RaggedTensor>, &str); 5] = [
            ("reverse 1", r.reverse(&[1]), "[[2, 1], [], [5, 4, 3]]"),
            ("reverse 0", r.reverse(&[0]), "[[3, 4, 5], [], [1, 2]]"),
            ("reverse both", r.reverse(&[0, -1]), "[[5, 4, 3], [], [2, 1]]"),
            ("tile", r.tile(&[1, 2]), "[[1, 2, 1, 2], [], [3, 4, 5, 3, 4, 5]]"),
            ("tile rows", r.tile(&[2, 1]), "[[1, 2], [], [3, 4, 5], [1, 2], [], [3, 4, 5]]"),
        ];
        for (name, found, want) in table {
            assert_eq!(found.unwrap().to_text(), want, "{name}");
        }
        assert!(r.reverse(&[2]).is_err() && r.reverse(&[1, -1]).is_err() && r.tile(&[1]).is_err());
        assert!(r.tile(&[usize::MAX, 2]).is_err());
    }
}
