//! Ragged and dense tensors one after the other, and side by side.

use gradus_tensor::{Error, Result};

use crate::maybe::resolve;
use crate::{FlatValues, MaybeRagged, RaggedTensor, RowPartition};

/// Tensors, at least one of them ragged, one after the other along an axis.
///
/// Along axis 0 rows follow rows; along a ragged axis, row `i` of the result is row `i` of every tensor. Dense tensors
/// count as ragged ones with uniform rows.
///
/// ```
/// use gradus_ragged::{RaggedTensor, concat};
/// let a: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![]])?;
/// let b: RaggedTensor = RaggedTensor::from_rows(vec![vec![3], vec![4, 5]])?;
/// assert_eq!(concat(&[(&a).into(), (&b).into()], 0)?.to_string(), "<tf.RaggedTensor [[1, 2], [], [3], [4, 5]]>");
/// assert_eq!(concat(&[(&a).into(), (&b).into()], 1)?.to_string(), "<tf.RaggedTensor [[1, 2, 3], [4, 5]]>");
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
/// Errors when ranks differ, the axis is out of range, or axes before it differ.
pub fn concat<V: FlatValues>(tensors: &[MaybeRagged<V>], axis: isize) -> Result<MaybeRagged<V>> {
    let rank = common_rank(tensors).map_err(|e| e.within("concat"))?;
    let axis = resolve(axis, rank, || tensors[0].shape_text()).map_err(|e| e.within("concat"))?;
    if let [one] = tensors {
        return Ok(one.clone());
    }
    join(tensors, axis, false).map_err(|e| e.within("concat"))
}

/// Tensors, any of them ragged, side by side along a new axis; -1 makes it the last.
///
/// Vectors of different lengths stack to ragged rows. Errors as [`concat()`].
///
/// ```
/// use gradus_ragged::{RaggedTensor, stack};
/// use gradus_tensor::Tensor;
/// let rows = [Tensor::new([1, 2])?.into(), Tensor::new([3])?.into()];
/// assert_eq!(stack(&rows, 0)?.to_string(), "<tf.RaggedTensor [[1, 2], [3]]>");
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn stack<V: FlatValues>(tensors: &[MaybeRagged<V>], axis: isize) -> Result<MaybeRagged<V>> {
    let rank = common_rank(tensors).map_err(|e| e.within("stack"))?;
    let axis = resolve(axis, rank + 1, || tensors[0].shape_text()).map_err(|e| e.within("stack"))?;
    join(tensors, axis, true).map_err(|e| e.within("stack"))
}

fn common_rank<V: FlatValues>(tensors: &[MaybeRagged<V>]) -> Result<usize> {
    let first = tensors.first().ok_or_else(|| Error::value("no tensors"))?;
    match tensors.iter().find(|t| t.rank() != first.rank()) {
        Some(t) => Err(Error::shape(format!("ranks differ: {} and {}", first.shape_text(), t.shape_text()))),
        None => Ok(first.rank()),
    }
}

/// The tensors with as many partitions as the deepest of them has.
fn even<V: FlatValues>(tensors: &[MaybeRagged<V>], least: usize) -> Result<Vec<MaybeRagged<V>>> {
    let depth = tensors.iter().map(|t| t.partitions().len()).max().unwrap_or(0).max(least);
    let deepen = |t: &MaybeRagged<V>| {
        let (partitions, inner) = t.cut(depth)?;
        Ok(inner.under(partitions))
    };
    tensors.iter().map(deepen).collect()
}

fn join<V: FlatValues>(tensors: &[MaybeRagged<V>], axis: usize, stacked: bool) -> Result<MaybeRagged<V>> {
    let rank = tensors[0].rank();
    if rank == 0 {
        let rows = tensors.iter().map(|t| t.expand_dims(0)).collect::<Result<Vec<_>>>()?;
        return follow(&rows);
    }
    if axis == 0 && stacked {
        let lengths = tensors.iter().map(|t| Ok(t.nrows()? as i64)).collect::<Result<Vec<_>>>()?;
        let least = usize::from(rank > 1);
        return Ok(follow(&even(tensors, least)?)?.under(vec![RowPartition::from_row_lengths(&lengths)?]));
    }
    let dense = tensors.iter().all(|t| t.partitions().is_empty());
    // Dense tensors that meet along their last axis, or beside it, stay dense.
    if dense && (axis + 1 == rank || axis == rank) {
        let flats: Vec<&V> = tensors.iter().map(MaybeRagged::flat_values).collect();
        return Ok(MaybeRagged::Dense(join_dense(&flats, axis, stacked)?));
    }
    let tensors = even(tensors, usize::from(!dense || axis > 0))?;
    if axis == 0 {
        return follow(&tensors);
    }
    if axis == 1 {
        return interleave(&tensors, stacked);
    }
    let first = &tensors[0].partitions()[0];
    if let Some(other) = tensors.iter().map(|t| &t.partitions()[0]).find(|p| *p != first) {
        return Err(Error::shape(format!(
            "rows before axis {axis} have lengths {:?} and {:?}",
            first.row_lengths(),
            other.row_lengths()
        )));
    }
    let values = tensors.iter().map(|t| Ok(t.cut(1)?.1)).collect::<Result<Vec<_>>>()?;
    Ok(join(&values, axis - 1, stacked)?.under(vec![first.clone()]))
}

/// Dense arrays joined along an axis, or stacked in front of it.
fn join_dense<V: FlatValues>(flats: &[&V], axis: usize, stacked: bool) -> Result<V> {
    let first = flats[0].dims();
    let fits = |dims: &[usize]| (0..dims.len()).all(|a| dims[a] == first[a] || (a == axis && !stacked));
    if let Some(other) = flats.iter().map(|f| f.dims()).find(|dims| !fits(dims)) {
        return Err(Error::shape(format!("shapes {first:?} and {other:?} differ")));
    }
    let outer: usize = first[..axis].iter().product();
    let inner = if stacked { &first[axis..] } else { &first[axis + 1..] };
    let sizes: Vec<usize> = flats.iter().map(|f| if stacked { 1 } else { f.dims()[axis] }).collect();
    let rows = |(f, &size): (&&V, &usize)| f.reshaped(&[&[outer * size], inner].concat());
    let rows = flats.iter().zip(&sizes).map(rows).collect::<Result<Vec<_>>>()?;
    let all = V::joined(&rows.iter().collect::<Vec<_>>())?;
    let mut order = Vec::new();
    for o in 0..outer {
        let mut before = 0;
        for &size in &sizes {
            order.extend((before + o * size..before + (o + 1) * size).map(|row| row as i64));
            before += outer * size;
        }
    }
    let size: usize = sizes.iter().sum();
    all.take(&order)?.reshaped(&[&first[..axis], &[size], inner].concat())
}

/// Rows of all tensors, one tensor after the other; they have equally many partitions.
fn follow<V: FlatValues>(tensors: &[MaybeRagged<V>]) -> Result<MaybeRagged<V>> {
    let depth = tensors[0].partitions().len();
    let partitions = (0..depth).map(|level| {
        let parts: Vec<&RowPartition> = tensors.iter().map(|t| &t.partitions()[level]).collect();
        let lengths: Vec<i64> = parts.iter().flat_map(|p| p.row_lengths()).collect();
        let uniform = parts[0].uniform_row_length();
        let uniform = uniform.filter(|_| parts.iter().all(|p| p.uniform_row_length() == uniform));
        RowPartition::from_lengths_like(&lengths, uniform)
    });
    let partitions = partitions.collect::<Result<Vec<_>>>()?;
    let flats: Vec<&V> = tensors.iter().map(MaybeRagged::flat_values).collect();
    Ok(MaybeRagged::nested(partitions, V::joined(&flats)?))
}

/// Row `i` of every tensor, one after the other: as one row, or as rows of a new axis.
fn interleave<V: FlatValues>(tensors: &[MaybeRagged<V>], stacked: bool) -> Result<MaybeRagged<V>> {
    let (n, count) = (tensors[0].nrows()?, tensors.len());
    if let Some(t) = tensors.iter().find(|t| t.nrows().is_ok_and(|rows| rows != n)) {
        return Err(Error::shape(format!("{n} and {} rows", t.nrows()?)));
    }
    let all = follow(&even(tensors, 0)?)?;
    let order: Vec<i64> = (0..n).flat_map(|row| (0..count).map(move |t| (t * n + row) as i64)).collect();
    let rows = all.take(&order)?;
    if stacked {
        return Ok(rows.under(vec![RowPartition::uniform(n, count)?]));
    }
    let (outer, inner) = rows.cut(1)?;
    let splits: Vec<i64> = outer[0].row_splits().iter().copied().step_by(count).collect();
    let merged = match outer[0].uniform_row_length() {
        Some(length) => RowPartition::uniform(n, length * count)?,
        None => RowPartition::from_row_splits(splits)?,
    };
    Ok(inner.under(vec![merged]))
}

impl<V: FlatValues> RaggedTensor<V> {
    /// As [`concat()`], for ragged tensors alone.
    pub fn concat(tensors: &[&RaggedTensor<V>], axis: isize) -> Result<RaggedTensor<V>> {
        concat(&tensors.iter().map(|&t| t.into()).collect::<Vec<_>>(), axis)?.ragged()
    }

    /// As [`stack`], for ragged tensors alone.
    pub fn stack(tensors: &[&RaggedTensor<V>], axis: isize) -> Result<RaggedTensor<V>> {
        stack(&tensors.iter().map(|&t| t.into()).collect::<Vec<_>>(), axis)?.ragged()
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn along_every_axis() {
        let a: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3]]).unwrap();
        let b: RaggedTensor = RaggedTensor::from_rows(vec![vec![4], vec![5, 6], vec![]]).unwrap();
        let pair = || [MaybeRagged::from(&a), MaybeRagged::from(&b)];
        let table = [
            ("concat 0", concat(&pair(), 0), "[[1, 2], [], [3], [4], [5, 6], []]"),
            ("concat 1", concat(&pair(), -1), "[[1, 2, 4], [5, 6], [3]]"),
            ("stack 0", stack(&pair(), 0), "[[[1, 2], [], [3]], [[4], [5, 6], []]]"),
            ("stack 1", stack(&pair(), 1), "[[[1, 2], [4]], [[], [5, 6]], [[3], []]]"),
        ];
        for (name, found, want) in table {
            assert_eq!(found.unwrap().ragged().unwrap().to_text(), want, "{name}");
        }
        assert!(stack(&pair(), 2).is_err(), "row lengths differ");
        assert_eq!(RaggedTensor::stack(&[&a, &a], 2).unwrap().to_text(), "[[[1, 1], [2, 2]], [], [[3, 3]]]");
    }

    #[test]
    fn dense_ones_join_in() {
        let a: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![]]).unwrap();
        let d = Tensor::new([[7, 8, 9], [10, 11, 12]]).unwrap();
        let found = concat(&[(&a).into(), (&d).into()], 1).unwrap();
        assert_eq!(found.to_string(), "<tf.RaggedTensor [[1, 2, 7, 8, 9], [10, 11, 12]]>");
        let found = concat(&[(&d).into(), (&a).into()], 0).unwrap();
        assert_eq!(found.to_string(), "<tf.RaggedTensor [[7, 8, 9], [10, 11, 12], [1, 2], []]>");
        assert!(concat(&[(&a).into(), Tensor::new([1]).unwrap().into()], 0).is_err());
        assert!(concat::<Tensor>(&[], 0).is_err());
    }
}
