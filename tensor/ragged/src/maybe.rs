//! What an operation gives that may or may not leave a ragged axis.

use std::fmt;

use gradus_tensor::{Error, Result, Tensor};

use crate::{FlatValues, RaggedTensor, RowPartition};

/// A dense array or a ragged tensor.
///
/// Arguments convert by `From`: `r.add(&tensor)` and `r.add(&other_ragged)` both work. Clones share everything.
#[derive(Clone)]
pub enum MaybeRagged<V = Tensor> {
    /// No axis is ragged.
    Dense(V),
    /// At least one axis is.
    Ragged(RaggedTensor<V>),
}

impl<V: FlatValues> MaybeRagged<V> {
    /// The dense array; an error when there is a ragged axis.
    pub fn dense(self) -> Result<V> {
        match self {
            MaybeRagged::Dense(dense) => Ok(dense),
            MaybeRagged::Ragged(r) => {
                Err(Error::shape(format!("expected a dense array, found ragged shape {}", r.shape_text())))
            }
        }
    }

    /// The ragged tensor; an error when there is no ragged axis.
    pub fn ragged(self) -> Result<RaggedTensor<V>> {
        match self {
            MaybeRagged::Ragged(ragged) => Ok(ragged),
            MaybeRagged::Dense(d) => {
                Err(Error::shape(format!("expected a ragged tensor, found dense shape {:?}", d.dims())))
            }
        }
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.partitions().len() + self.flat_values().dims().len()
    }

    /// The partitions, outermost first; none of a dense array.
    pub fn partitions(&self) -> &[RowPartition] {
        match self {
            MaybeRagged::Dense(_) => &[],
            MaybeRagged::Ragged(r) => r.partitions(),
        }
    }

    /// The dense array, or the innermost values of the ragged tensor.
    pub fn flat_values(&self) -> &V {
        match self {
            MaybeRagged::Dense(dense) => dense,
            MaybeRagged::Ragged(r) => r.flat_values(),
        }
    }

    /// Number of rows along the first axis; an error for a scalar.
    pub fn nrows(&self) -> Result<usize> {
        match self {
            MaybeRagged::Ragged(r) => Ok(r.nrows()),
            MaybeRagged::Dense(d) => d
                .dims()
                .first()
                .copied()
                .ok_or_else(|| Error::shape("expected rows, found a scalar without axes")),
        }
    }

    /// An axis counted from the end when negative, below `rank`.
    pub(crate) fn axis(&self, axis: isize) -> Result<usize> {
        resolve(axis, self.rank(), || self.shape_text())
    }

    /// The shape as it is printed, with `None` for ragged axes.
    pub(crate) fn shape_text(&self) -> String {
        match self {
            MaybeRagged::Dense(d) => format!("{:?}", d.dims()),
            MaybeRagged::Ragged(r) => r.shape_text(),
        }
    }

    /// The rows at these positions, all of which are inside.
    pub(crate) fn take(&self, rows: &[i64]) -> Result<MaybeRagged<V>> {
        match self {
            MaybeRagged::Dense(d) => Ok(MaybeRagged::Dense(d.take(rows)?)),
            MaybeRagged::Ragged(r) => {
                let mut partitions = Vec::with_capacity(r.partitions().len());
                let mut rows = rows.to_vec();
                for partition in r.partitions() {
                    let (taken, values) = partition.take(&rows)?;
                    partitions.push(taken);
                    rows = values;
                }
                Ok(MaybeRagged::Ragged(RaggedTensor::unchecked(partitions, r.flat_values().take(&rows)?)))
            }
        }
    }

    /// One row, with the axes inside of it.
    pub(crate) fn row(&self, row: usize) -> Result<MaybeRagged<V>> {
        match self {
            MaybeRagged::Dense(d) => Ok(MaybeRagged::Dense(d.take(&[row as i64])?.reshaped(&d.dims()[1..])?)),
            MaybeRagged::Ragged(r) => {
                let range = r.partitions()[0].row(row);
                let rows: Vec<i64> = (range.start as i64..range.end as i64).collect();
                r.values().take(&rows)
            }
        }
    }

    /// Cut after axis `n`: a partition for each of the axes 1 to `n`, uniform ones where the axis is dense, and what lies
    /// inside, whose rows are the values of the last partition.
    pub(crate) fn cut(&self, n: usize) -> Result<(Vec<RowPartition>, MaybeRagged<V>)> {
        if n >= self.rank() {
            return Err(Error::shape(format!("axis {n} is out of range for shape {}", self.shape_text())));
        }
        let have = self.partitions();
        if n <= have.len() {
            let inner = MaybeRagged::nested(have[n..].to_vec(), self.flat_values().clone());
            return Ok((have[..n].to_vec(), inner));
        }
        let mut partitions = have.to_vec();
        let dims = self.flat_values().dims();
        let mut rows = dims[0];
        for &d in &dims[1..=n - have.len()] {
            let partition = RowPartition::uniform(rows, d)?;
            rows = partition.nvals();
            partitions.push(partition);
        }
        let inner: Vec<usize> =
            std::iter::once(rows).chain(dims[n - have.len() + 1..].iter().copied()).collect();
        Ok((partitions, MaybeRagged::Dense(self.flat_values().reshaped(&inner)?)))
    }

    /// The way back from [`MaybeRagged::cut`], keeping the partitions.
    pub(crate) fn under(self, mut partitions: Vec<RowPartition>) -> MaybeRagged<V> {
        let flat = match self {
            MaybeRagged::Dense(dense) => dense,
            MaybeRagged::Ragged(r) => {
                partitions.extend_from_slice(r.partitions());
                r.flat_values().clone()
            }
        };
        MaybeRagged::nested(partitions, flat)
    }

    /// Dense where there are no partitions.
    pub(crate) fn nested(partitions: Vec<RowPartition>, flat: V) -> MaybeRagged<V> {
        if partitions.is_empty() {
            MaybeRagged::Dense(flat)
        } else {
            MaybeRagged::Ragged(RaggedTensor::unchecked(partitions, flat))
        }
    }
}

/// An axis counted from the end when negative, below `rank`.
pub(crate) fn resolve(axis: isize, rank: usize, shape: impl Fn() -> String) -> Result<usize> {
    let resolved = if axis < 0 { axis + rank as isize } else { axis };
    match usize::try_from(resolved) {
        Ok(a) if a < rank => Ok(a),
        _ => Err(Error::shape(format!("axis {axis} is out of range for shape {} of rank {rank}", shape()))),
    }
}

impl<V: FlatValues> From<V> for MaybeRagged<V> {
    fn from(dense: V) -> MaybeRagged<V> {
        MaybeRagged::Dense(dense)
    }
}

impl<V: FlatValues> From<&V> for MaybeRagged<V> {
    fn from(dense: &V) -> MaybeRagged<V> {
        MaybeRagged::Dense(dense.clone())
    }
}

impl<V: FlatValues> From<RaggedTensor<V>> for MaybeRagged<V> {
    fn from(ragged: RaggedTensor<V>) -> MaybeRagged<V> {
        MaybeRagged::Ragged(ragged)
    }
}

impl<V: FlatValues> From<&RaggedTensor<V>> for MaybeRagged<V> {
    fn from(ragged: &RaggedTensor<V>) -> MaybeRagged<V> {
        MaybeRagged::Ragged(ragged.clone())
    }
}

impl<V: FlatValues> From<&MaybeRagged<V>> for MaybeRagged<V> {
    fn from(either: &MaybeRagged<V>) -> MaybeRagged<V> {
        either.clone()
    }
}

impl<V: FlatValues> fmt::Display for MaybeRagged<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaybeRagged::Dense(d) => f.write_str(&d.array_text()),
            MaybeRagged::Ragged(r) => r.fmt(f),
        }
    }
}

impl<V: FlatValues> fmt::Debug for MaybeRagged<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaybeRagged::Dense(d) => write!(f, "Dense({:?})", d.dims()),
            MaybeRagged::Ragged(r) => r.fmt(f),
        }
    }
}
