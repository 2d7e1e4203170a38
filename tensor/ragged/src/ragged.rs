//! The ragged tensor: partitions over flat values.

use gradus_tensor::{DType, Error, Result, Tensor};

use crate::{FlatValues, MaybeRagged, RowPartition};

/// Nested rows of different lengths over one flat array. See the [crate](crate) for how it is laid out.
///
/// Immutable, as tensors are; clones share partitions and values.
#[derive(Clone)]
pub struct RaggedTensor<V = Tensor> {
    /// Outermost first; at least one.
    partitions: Vec<RowPartition>,
    /// As many rows as the last partition has values.
    flat: V,
}

impl<V: FlatValues> RaggedTensor<V> {
    /// Partitions, outermost first, over flat values.
    ///
    /// Errors when there is no partition, when one has not as many rows as the one before has values, or the last one
    /// not as many values as there are flat values along their first axis.
    pub fn from_partitions(flat: V, partitions: impl Into<Vec<RowPartition>>) -> Result<RaggedTensor<V>> {
        let partitions: Vec<RowPartition> = partitions.into();
        let Some(last) = partitions.last() else {
            return Err(Error::value("ragged: there must be at least one partition"));
        };
        for (i, w) in partitions.windows(2).enumerate() {
            if w[0].nvals() != w[1].nrows() {
                return Err(Error::value(format!(
                    "ragged: partition {} has {} rows, the {} values of partition {i} ask for as many",
                    i + 1,
                    w[1].nrows(),
                    w[0].nvals()
                )));
            }
        }
        match flat.dims().first() {
            Some(&rows) if rows == last.nvals() => Ok(RaggedTensor { partitions, flat }),
            Some(rows) => Err(Error::value(format!(
                "ragged: the rows ask for {} values, found {rows} in values of shape {:?}",
                last.nvals(),
                flat.dims()
            ))),
            None => Err(Error::shape("ragged: the values must have at least one axis, found a scalar")),
        }
    }

    /// As [`RaggedTensor::from_partitions`], where the caller made them fit.
    pub(crate) fn unchecked(partitions: Vec<RowPartition>, flat: V) -> RaggedTensor<V> {
        debug_assert!(!partitions.is_empty());
        debug_assert!(partitions.windows(2).all(|w| w[0].nvals() == w[1].nrows()), "{partitions:?}");
        debug_assert_eq!(partitions.last().map(RowPartition::nvals), flat.dims().first().copied());
        RaggedTensor { partitions, flat }
    }

    /// The partitions, outermost first; at least one.
    pub fn partitions(&self) -> &[RowPartition] {
        &self.partitions
    }

    /// The innermost values, side by side.
    pub fn flat_values(&self) -> &V {
        &self.flat
    }

    /// What the outermost rows consist of: a ragged tensor with one partition less, or the flat values.
    pub fn values(&self) -> MaybeRagged<V> {
        MaybeRagged::nested(self.partitions[1..].to_vec(), self.flat.clone())
    }

    /// The same rows over other values, which must be as many; they may be ragged.
    pub fn with_values(&self, values: impl Into<MaybeRagged<V>>) -> Result<RaggedTensor<V>> {
        let values = values.into();
        let partitions = [&self.partitions[..1], values.partitions()].concat();
        RaggedTensor::from_partitions(values.flat_values().clone(), partitions)
    }

    /// The same nested rows over other flat values, which must be as many and may be of another kind.
    pub fn with_flat_values<W: FlatValues>(&self, flat: W) -> Result<RaggedTensor<W>> {
        RaggedTensor::from_partitions(flat, self.partitions.clone())
    }

    /// Number of outermost rows.
    pub fn nrows(&self) -> usize {
        self.partitions[0].nrows()
    }

    /// Number of ragged axes, counted from the first that is; uniform axes between them count too.
    pub fn ragged_rank(&self) -> usize {
        self.partitions.len()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.partitions.len() + self.flat.dims().len()
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.flat.dims().iter().product()
    }

    /// The axis sizes, `None` for ragged ones.
    pub fn shape(&self) -> Vec<Option<usize>> {
        let rows = self.partitions.iter().map(RowPartition::uniform_row_length);
        let inner = self.flat.dims()[1..].iter().copied().map(Some);
        std::iter::once(Some(self.nrows())).chain(rows).chain(inner).collect()
    }

    /// The shape as Python writes it: `(3, None, 2)`.
    pub fn shape_text(&self) -> String {
        let dim = |d: Option<usize>| d.map_or("None".to_string(), |d| d.to_string());
        format!("({})", self.shape().into_iter().map(dim).collect::<Vec<_>>().join(", "))
    }

    /// The splits of the outermost rows.
    pub fn row_splits(&self) -> &[i64] {
        self.partitions[0].row_splits()
    }

    /// The splits of every partition, outermost first.
    pub fn nested_row_splits(&self) -> Vec<&[i64]> {
        self.partitions.iter().map(RowPartition::row_splits).collect()
    }

    /// The lengths of the outermost rows.
    pub fn row_lengths(&self) -> Vec<i64> {
        self.partitions[0].row_lengths()
    }

    /// The lengths of the rows of every partition, outermost first.
    pub fn nested_row_lengths(&self) -> Vec<Vec<i64>> {
        self.partitions.iter().map(RowPartition::row_lengths).collect()
    }

    /// Where each outermost row begins among the [`values`](RaggedTensor::values).
    pub fn row_starts(&self) -> &[i64] {
        self.partitions[0].row_starts()
    }

    /// Where each outermost row ends among the [`values`](RaggedTensor::values).
    pub fn row_limits(&self) -> &[i64] {
        self.partitions[0].row_limits()
    }

    /// The outermost row of each of the [`values`](RaggedTensor::values).
    pub fn value_rowids(&self) -> Vec<i64> {
        self.partitions[0].value_rowids()
    }

    /// Applies a dense function to the flat values; it must keep their number along the first axis.
    pub fn map_flat_values<W: FlatValues>(&self, f: impl FnOnce(&V) -> Result<W>) -> Result<RaggedTensor<W>> {
        let flat = f(&self.flat)?;
        if flat.dims().first() != self.flat.dims().first() {
            return Err(Error::shape(format!(
                "map_flat_values: the function made values of shape {:?} from {:?}; the first axis must stay",
                flat.dims(),
                self.flat.dims()
            )));
        }
        self.with_flat_values(flat)
    }

    /// Applies a dense function to the flat values of several ragged tensors, whose rows must be the same.
    ///
    /// Nothing is broadcast; see [`elementwise`](crate::elementwise) for that.
    pub fn map_flat_values_of<W: FlatValues>(
        list: &[&RaggedTensor<V>],
        f: impl FnOnce(&[&V]) -> Result<W>,
    ) -> Result<RaggedTensor<W>> {
        let Some((first, others)) = list.split_first() else {
            return Err(Error::value("map_flat_values: no ragged tensors"));
        };
        if let Some(other) = others.iter().find(|o| o.partitions != first.partitions) {
            return Err(Error::value(format!(
                "map_flat_values: row splits differ: {:?} and {:?}",
                first.nested_row_splits(),
                other.nested_row_splits()
            )));
        }
        let flats: Vec<&V> = list.iter().map(|r| r.flat_values()).collect();
        first.map_flat_values(|_| f(&flats))
    }
}

impl RaggedTensor {
    /// Element type.
    pub fn dtype(&self) -> DType {
        self.flat.dtype()
    }
}
