//! Broadcasting of ragged and dense operands against each other.
//!
//! Axes are matched from the last one, as for dense tensors. Along an axis every operand has, for every row, a length:
//! the row's own where the axis is ragged, the axis size where it is uniform, 1 where the operand has no such axis.
//! Uniform axes of size 1 stretch; everything else must agree row by row. A ragged axis never stretches, even when all
//! its rows happen to have length 1, since then the shape of the result would depend on values.
//!
//! The result is found axis by axis from the outermost: for every item so far we know the item of each operand that it
//! comes from. Behind the last axis that is ragged in any operand, the dense operations broadcast by themselves.

use gradus_tensor::{Error, Result, Tensor};

use crate::{FlatValues, MaybeRagged, RowPartition};

/// Operands brought under the same partitions.
pub(crate) struct Aligned<V> {
    /// The partitions of the result; none when all operands are dense.
    pub partitions: Vec<RowPartition>,
    /// The operands' flat values, which broadcast against each other as dense arrays.
    pub flats: Vec<V>,
    /// Number of flat values of the result.
    pub nvals: usize,
}

/// Applies a dense function to ragged and dense operands, broadcast against each other.
///
/// `f` gets arrays that broadcast as dense ones do, and must return such an array.
///
/// ```
/// use gradus_ragged::{RaggedTensor, elementwise};
/// use gradus_tensor::Tensor;
/// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3]])?;
/// let ten = Tensor::scalar(10);
/// let found = elementwise(&[(&ten).into(), (&r).into()], |x| x[0].sub(&x[1]))?;
/// assert_eq!(found.to_string(), "<tf.RaggedTensor [[9, 8], [], [7]]>");
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
/// Errors when shapes do not broadcast; ragged axes never stretch.
pub fn elementwise(
    operands: &[MaybeRagged],
    f: impl FnOnce(&[Tensor]) -> Result<Tensor>,
) -> Result<MaybeRagged> {
    let aligned = align(operands)?;
    let flat = f(&aligned.flats)?;
    if aligned.partitions.is_empty() {
        return Ok(MaybeRagged::Dense(flat));
    }
    if flat.shape().dims().first() != Some(&aligned.nvals) {
        let (found, wanted) = (flat.shape(), aligned.nvals);
        return Err(Error::shape(format!("elementwise: expected {wanted} values, found shape {found}")));
    }
    Ok(MaybeRagged::nested(aligned.partitions, flat))
}

/// Where an operand is while the axes are walked.
struct Walk<'a, V> {
    operand: &'a MaybeRagged<V>,
    /// The axis of the result that is the operand's first.
    offset: usize,
    /// For every item of the result, the operand's item.
    items: Vec<i64>,
}

/// The length of one axis in every row of an operand.
enum Lengths<'a> {
    Uniform(usize),
    Rows(&'a RowPartition),
}

impl<V: FlatValues> Walk<'_, V> {
    fn lengths(&self, axis: usize) -> Result<Lengths<'_>> {
        let Some(axis) = axis.checked_sub(self.offset) else {
            return Ok(Lengths::Uniform(1));
        };
        let partitions = self.operand.partitions();
        Ok(match axis {
            0 => Lengths::Uniform(self.operand.nrows()?),
            a if a <= partitions.len() => match partitions[a - 1].uniform_row_length() {
                Some(length) => Lengths::Uniform(length),
                None => Lengths::Rows(&partitions[a - 1]),
            },
            a => Lengths::Uniform(self.operand.flat_values().dims()[a - partitions.len()]),
        })
    }

    /// The item that is number `j` of an item's row along `axis`.
    fn child(&self, axis: usize, item: i64, j: usize, length: usize) -> i64 {
        let j = if length == 1 { 0 } else { j as i64 };
        match axis.checked_sub(self.offset) {
            None => 0,
            Some(0) => j,
            Some(a) => match self.operand.partitions().get(a - 1) {
                Some(p) => p.row_splits()[item as usize] + j,
                None => item * length as i64 + j,
            },
        }
    }
}

/// Brings operands under the same partitions.
pub(crate) fn align<V: FlatValues>(operands: &[MaybeRagged<V>]) -> Result<Aligned<V>> {
    let rank = operands.iter().map(MaybeRagged::rank).max().unwrap_or(0);
    // The innermost axis of the result that has a partition in some operand.
    let deepest = operands
        .iter()
        .filter(|o| !o.partitions().is_empty())
        .map(|o| rank - o.rank() + o.partitions().len())
        .max();
    let Some(deepest) = deepest else {
        let flats = operands.iter().map(|o| o.flat_values().clone()).collect();
        return Ok(Aligned { partitions: Vec::new(), flats, nvals: 0 });
    };
    if let Some(aligned) = already(operands, rank, deepest) {
        return Ok(aligned);
    }
    let mut walks: Vec<Walk<'_, V>> = operands
        .iter()
        .map(|operand| Walk { operand, offset: rank - operand.rank(), items: vec![0] })
        .collect();
    let mut partitions = Vec::with_capacity(deepest);
    let mut count = 1;
    for axis in 0..=deepest {
        let (lengths, uniform) = common_lengths(&walks, axis, count)?;
        count = lengths.iter().try_fold(0usize, |n, &l| n.checked_add(l as usize)).unwrap_or(usize::MAX);
        for w in &mut walks {
            let own = w.lengths(axis)?;
            let mut items = Vec::new();
            items
                .try_reserve_exact(count)
                .map_err(|_| Error::shape(format!("broadcast: {count} items are too many for memory")))?;
            for (&item, &length) in w.items.iter().zip(&lengths) {
                let stretched = match own {
                    Lengths::Uniform(n) => n,
                    Lengths::Rows(_) => length as usize,
                };
                items.extend((0..length as usize).map(|j| w.child(axis, item, j, stretched)));
            }
            w.items = items;
        }
        if axis > 0 {
            partitions.push(RowPartition::from_lengths_like(&lengths, uniform)?);
        }
    }
    let flats = walks.iter().map(|w| flat_at(w, deepest)).collect::<Result<Vec<_>>>()?;
    Ok(Aligned { partitions, flats, nvals: count })
}

/// Ragged operands of the same rows and rank beside dense ones that broadcast inside of every value.
fn already<V: FlatValues>(operands: &[MaybeRagged<V>], rank: usize, deepest: usize) -> Option<Aligned<V>> {
    let mut found: Option<&MaybeRagged<V>> = None;
    for o in operands {
        if o.partitions().is_empty() {
            if o.rank() + deepest >= rank {
                return None;
            }
        } else if o.rank() != rank || found.is_some_and(|f| f.partitions() != o.partitions()) {
            return None;
        } else {
            found = Some(o);
        }
    }
    let partitions = found?.partitions().to_vec();
    let nvals = partitions.last()?.nvals();
    Some(Aligned { partitions, flats: operands.iter().map(|o| o.flat_values().clone()).collect(), nvals })
}

/// The lengths of the result's rows along an axis, and their one length when all operands are uniform.
fn common_lengths<V: FlatValues>(
    walks: &[Walk<'_, V>],
    axis: usize,
    count: usize,
) -> Result<(Vec<i64>, Option<usize>)> {
    let mut lengths: Option<Vec<i64>> = None;
    let mut uniform = Some(1usize);
    for w in walks {
        let own: Vec<i64> = match w.lengths(axis)? {
            Lengths::Uniform(1) => continue,
            Lengths::Uniform(n) => {
                uniform = uniform.map(|_| n);
                vec![n as i64; count]
            }
            Lengths::Rows(rows) => {
                uniform = None;
                w.items.iter().map(|&item| rows.row(item as usize).len() as i64).collect()
            }
        };
        match &lengths {
            None => lengths = Some(own),
            Some(have) => {
                if let Some(i) = (0..count).find(|&i| have[i] != own[i]) {
                    return Err(Error::shape(format!(
                        "broadcast: row {i} of axis {axis} has {} values in one operand and {} in another",
                        have[i], own[i]
                    )));
                }
            }
        }
    }
    Ok((lengths.unwrap_or_else(|| vec![1; count]), uniform))
}

/// The operand's values for the items of the result along axis `deepest`.
fn flat_at<V: FlatValues>(w: &Walk<'_, V>, deepest: usize) -> Result<V> {
    let flat = w.operand.flat_values();
    let Some(axis) = deepest.checked_sub(w.offset) else {
        return Ok(flat.clone());
    };
    let merge = axis - w.operand.partitions().len();
    let dims = flat.dims();
    let rows: usize = dims[..=merge].iter().product();
    let shape: Vec<usize> = std::iter::once(rows).chain(dims[merge + 1..].iter().copied()).collect();
    flat.reshaped(&shape)?.take(&w.items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RaggedTensor;

    fn rows(list: Vec<Vec<i32>>) -> RaggedTensor {
        RaggedTensor::from_rows(list).unwrap()
    }

    fn dense(values: &[i32], shape: &[usize]) -> MaybeRagged {
        Tensor::from_slice(values, shape).unwrap().into()
    }

    #[test]
    fn broadcasting_as_tensorflow() {
        let a = || MaybeRagged::from(rows(vec![vec![1, 2], vec![], vec![4]]));
        let b = || MaybeRagged::from(rows(vec![vec![1, 2], vec![3, 4], vec![5, 6]]));
        let deep: RaggedTensor =
            RaggedTensor::from_rows(vec![vec![vec![1, 2], vec![]], vec![vec![3, 4, 5]]]).unwrap();
        let deep = || MaybeRagged::from(&deep);
        let pairs =
            RaggedTensor::from_row_lengths(Tensor::range(10).unwrap().reshape([5, 2]).unwrap(), [2, 0, 3]);
        let pairs = pairs.unwrap();
        let pairs = || MaybeRagged::from(&pairs);
        let column =
            RaggedTensor::from_uniform_row_length(Tensor::new([10, 20, 30]).unwrap(), 1, None).unwrap();
        let column = || MaybeRagged::from(&column);
        let table: Vec<(&str, MaybeRagged, MaybeRagged, &str)> = vec![
            ("scalar", a(), dense(&[5], &[]), "[[6, 7], [], [9]]"),
            ("[1]", a(), dense(&[5], &[1]), "[[6, 7], [], [9]]"),
            ("column", a(), dense(&[10, 20, 30], &[3, 1]), "[[11, 12], [], [34]]"),
            ("uniform column", a(), column(), "[[11, 12], [], [34]]"),
            ("full dense", b(), dense(&[5, 6, 5, 6, 5, 6], &[3, 2]), "[[6, 8], [8, 10], [10, 12]]"),
            (
                "more axes",
                a(),
                dense(&[1, 2, 3, 4, 5, 6], &[2, 3, 1]),
                "[[[2, 3], [], [7]], [[5, 6], [], [10]]]",
            ),
            ("[2, 1, 1]", deep(), dense(&[10, 20], &[2, 1, 1]), "[[[11, 12], []], [[23, 24, 25]]]"),
            (
                "inner",
                pairs(),
                dense(&[100, 200], &[2]),
                "[[[100, 201], [102, 203]], [], [[104, 205], [106, 207], [108, 209]]]",
            ),
            (
                "per row",
                pairs(),
                dense(&[100, 200, 300], &[3, 1, 1]),
                "[[[100, 101], [102, 103]], [], [[304, 305], [306, 307], [308, 309]]]",
            ),
        ];
        for (name, x, y, want) in table {
            for pair in [[x.clone(), y.clone()], [y, x]] {
                let found = elementwise(&pair, |v| v[0].add(&v[1])).unwrap().ragged().unwrap();
                assert_eq!(found.to_text(), want, "{name}");
            }
        }
        let refused: Vec<(&str, MaybeRagged, MaybeRagged)> = vec![
            ("other lengths", a(), rows(vec![vec![1, 2], vec![3], vec![4]]).into()),
            ("ragged ones do not stretch", a(), rows(vec![vec![1], vec![2], vec![3]]).into()),
            ("one row", a(), rows(vec![vec![1, 2]]).into()),
            ("dense row", a(), dense(&[5, 6], &[2])),
            ("aligned from the right", deep(), rows(vec![vec![1, 2], vec![]]).into()),
        ];
        for (name, x, y) in refused {
            assert!(elementwise(&[x, y], |v| v[0].add(&v[1])).is_err(), "{name}");
        }
    }
}
