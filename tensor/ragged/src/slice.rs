//! Parts of ragged tensors, written as Python writes them.

use gradus_tensor::ops::Index;
use gradus_tensor::{Error, Result};

use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

impl<V: FlatValues> RaggedTensor<V> {
    /// The part that the items name, one item per axis from the first: `r.slice(s![1])` is the second row,
    /// `r.slice(s![.., ..2])` the first two values of every row.
    ///
    /// Ranges are cut off at the end of each row; negative positions count from the end of each row. A position must be
    /// inside. Errors for a position along a ragged axis (which rows have it?), for more items than axes, and for a step
    /// of 0.
    pub fn slice(&self, items: impl AsRef<[Index]>) -> Result<MaybeRagged<V>> {
        let items = items.as_ref();
        let named = items.iter().filter(|i| !matches!(i, Index::NewAxis | Index::Ellipsis)).count();
        let ellipses = items.iter().filter(|i| matches!(i, Index::Ellipsis)).count();
        if named > self.rank() || ellipses > 1 {
            let shape = self.shape_text();
            return Err(Error::shape(format!("slice: {items:?} does not fit shape {shape}")));
        }
        let all = Index::Range { begin: None, end: None, step: 1 };
        let mut spelled = Vec::with_capacity(items.len() + self.rank());
        for &item in items {
            match item {
                Index::Ellipsis => spelled.extend(std::iter::repeat_n(all, self.rank() - named)),
                item => spelled.push(item),
            }
        }
        part(&MaybeRagged::from(self), &spelled)
    }
}

/// Items from the first axis on.
fn part<V: FlatValues>(x: &MaybeRagged<V>, items: &[Index]) -> Result<MaybeRagged<V>> {
    let Some((&first, rest)) = items.split_first() else {
        return Ok(x.clone());
    };
    match first {
        Index::At(at) => part(&x.row(position(at, x.nrows()?)?)?, rest),
        Index::NewAxis => part(x, rest)?.expand_dims(0),
        Index::Range { begin, end, step } => {
            check(step)?;
            inside(&x.pick(0, |n| positions(n, begin, end, step))?, rest)
        }
        Index::Ellipsis => inside(x, rest),
    }
}

/// Items from the second axis on, in every row.
fn inside<V: FlatValues>(x: &MaybeRagged<V>, items: &[Index]) -> Result<MaybeRagged<V>> {
    let Some((&first, rest)) = items.split_first() else {
        return Ok(x.clone());
    };
    match first {
        Index::NewAxis => {
            let wide = x.expand_dims(1)?;
            deeper(&wide, rest)
        }
        Index::Range { begin, end, step } => {
            check(step)?;
            deeper(&x.pick(1, |n| positions(n, begin, end, step))?, rest)
        }
        Index::At(at) => {
            let (outer, inner) = x.cut(1)?;
            let rows = &outer[0];
            let Some(length) = rows.uniform_row_length() else {
                return Err(Error::shape(format!(
                    "slice: position {at} along a ragged axis of shape {}; not every row has one",
                    x.shape_text()
                )));
            };
            let at = position(at, length)?;
            let picked: Vec<i64> = (0..rows.nrows()).map(|row| (rows.row(row).start + at) as i64).collect();
            inside(&inner.take(&picked)?, rest)
        }
        Index::Ellipsis => deeper(x, rest),
    }
}

/// Items from the third axis on: those from the second on of what the rows consist of.
fn deeper<V: FlatValues>(x: &MaybeRagged<V>, items: &[Index]) -> Result<MaybeRagged<V>> {
    if items.is_empty() {
        return Ok(x.clone());
    }
    if let (MaybeRagged::Dense(flat), true) = (x, x.rank() >= 2) {
        let dims = flat.dims();
        let merged: Vec<usize> =
            std::iter::once(dims[0] * dims[1]).chain(dims[2..].iter().copied()).collect();
        let part = inside(&MaybeRagged::Dense(flat.reshaped(&merged)?), items)?.dense()?;
        let split: Vec<usize> =
            [dims[0], dims[1]].into_iter().chain(part.dims()[1..].iter().copied()).collect();
        return Ok(MaybeRagged::Dense(part.reshaped(&split)?));
    }
    let (outer, inner) = x.cut(1)?;
    Ok(inside(&inner, items)?.under(outer))
}

fn check(step: isize) -> Result<()> {
    if step == 0 { Err(Error::value("slice: a step of 0")) } else { Ok(()) }
}

fn position(at: isize, size: usize) -> Result<usize> {
    let resolved = if at < 0 { at.checked_add_unsigned(size) } else { Some(at) };
    match resolved.and_then(|p| usize::try_from(p).ok()) {
        Some(p) if p < size => Ok(p),
        _ => Err(Error::value(format!("slice: position {at} is not in 0..{size}"))),
    }
}

/// The positions that Python's `begin:end:step` names in a row of `n`.
fn positions(n: usize, begin: Option<isize>, end: Option<isize>, step: isize) -> Vec<usize> {
    let n = n as isize;
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let place = |p: isize| (if p < 0 { p.saturating_add(n) } else { p }).clamp(low, high);
    let begin = begin.map_or(if step > 0 { low } else { high }, place);
    let end = end.map_or(if step > 0 { high } else { low }, place);
    let mut out = Vec::new();
    let mut at = begin;
    while if step > 0 { at < end } else { at > end } {
        out.push(at as usize);
        at = at.saturating_add(step);
    }
    out
}

impl<V: FlatValues> MaybeRagged<V> {
    /// A new axis of size 1 in front of `axis`.
    pub(crate) fn expand_dims(&self, axis: usize) -> Result<MaybeRagged<V>> {
        let depth = self.partitions().len();
        if depth == 0 || axis > depth {
            let mut dims = self.flat_values().dims().to_vec();
            dims.insert(axis - depth, 1);
            return Ok(MaybeRagged::nested(self.partitions().to_vec(), self.flat_values().reshaped(&dims)?));
        }
        let mut partitions = self.partitions().to_vec();
        let around = if axis == 0 {
            RowPartition::uniform(1, self.nrows()?)?
        } else {
            RowPartition::uniform(partitions[axis - 1].nrows(), 1)?
        };
        partitions.insert(axis.saturating_sub(1), around);
        Ok(MaybeRagged::nested(partitions, self.flat_values().clone()))
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::{Tensor, s};

    use super::*;

    #[test]
    fn slices_read_like_python() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3, 4, 5]]).unwrap();
        let table: [(&str, &[Index], &str); 9] = [
            ("r[1:]", &s![1..], "<tf.RaggedTensor [[], [3, 4, 5]]>"),
            ("r[:, :2]", &s![.., ..2], "<tf.RaggedTensor [[1, 2], [], [3, 4]]>"),
            ("r[:, -1:]", &s![.., -1..], "<tf.RaggedTensor [[2], [], [5]]>"),
            ("r[::2]", &s![..;2], "<tf.RaggedTensor [[1, 2], [3, 4, 5]]>"),
            ("r[:, ::-1]", &s![.., ..;-1], "<tf.RaggedTensor [[2, 1], [], [5, 4, 3]]>"),
            ("r[-1]", &s![-1], "tf.Tensor([3 4 5], shape=(3,), dtype=int32)"),
            ("r[2, 1]", &s![2, 1], "tf.Tensor(4, shape=(), dtype=int32)"),
            ("r[..., 1:]", &s![..., 1..], "<tf.RaggedTensor [[2], [], [4, 5]]>"),
            ("r[:, newaxis]", &s![.., newaxis], "<tf.RaggedTensor [[[1, 2]], [[]], [[3, 4, 5]]]>"),
        ];
        for (name, items, want) in table {
            assert_eq!(r.slice(items).unwrap().to_string(), want, "{name}");
        }
        let refused: [&[Index]; 5] = [&s![3], &s![.., 0], &s![0, 0, 0], &s![..;0], &s![1, 0]];
        for items in refused {
            assert!(r.slice(items).is_err(), "{items:?}");
        }
    }

    #[test]
    fn inner_uniform_axes_stay_dense() {
        let flat = Tensor::range(20).unwrap().reshape([5, 2, 2]).unwrap();
        let r = RaggedTensor::from_row_lengths(flat, [2, 3]).unwrap();
        let found = r.slice(s![.., .., 1, ..;-1]).unwrap().ragged().unwrap();
        assert_eq!(found.shape(), [Some(2), None, Some(2)]);
        assert_eq!(found.to_text(), "[[[3, 2], [7, 6]], [[11, 10], [15, 14], [19, 18]]]");
        let found = r.slice(s![1, .., .., newaxis, 0]).unwrap().dense().unwrap();
        assert_eq!(found.shape().dims(), [3, 2, 1]);
    }
}
