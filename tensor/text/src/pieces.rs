//! Where the pieces of each string begin and end: the splits of a ragged axis on the way.

use gradus_ragged::{FlatValues, RaggedTensor, RowPartition};
use gradus_tensor::{Result, Shape, bail_shape};

/// Row splits, one row per string.
pub(crate) struct Pieces(Vec<i64>);

impl Pieces {
    pub(crate) fn new() -> Pieces {
        Pieces(vec![0])
    }

    /// The next string's pieces end before piece number `end`.
    pub(crate) fn end_at(&mut self, end: usize) {
        self.0.push(end as i64);
    }

    /// The pieces as one more axis behind those of `shape`, which must have one at least.
    pub(crate) fn ragged<V: FlatValues>(self, op: &str, shape: &Shape, flat: V) -> Result<RaggedTensor<V>> {
        if shape.rank() == 0 {
            bail_shape!("{op}: a scalar has no rows; expected at least a vector");
        }
        let mut partitions = Vec::with_capacity(shape.rank());
        for axis in 1..shape.rank() {
            partitions.push(RowPartition::uniform(shape[..axis].iter().product(), shape[axis])?);
        }
        partitions.push(RowPartition::from_row_splits(self.0)?);
        RaggedTensor::from_partitions(flat, partitions)
    }

    /// The pieces in place of the innermost rows of `rows`.
    pub(crate) fn in_rows_of<V: FlatValues, W: FlatValues>(
        self,
        rows: &RaggedTensor<V>,
        flat: W,
    ) -> Result<RaggedTensor<W>> {
        let mut partitions = rows.partitions().to_vec();
        partitions.pop();
        partitions.push(RowPartition::from_row_splits(self.0)?);
        RaggedTensor::from_partitions(flat, partitions)
    }

    /// The pieces as rows within the innermost rows of `rows`.
    pub(crate) fn below<V: FlatValues, W: FlatValues>(
        self,
        rows: &RaggedTensor<V>,
        flat: W,
    ) -> Result<RaggedTensor<W>> {
        let mut partitions = rows.partitions().to_vec();
        partitions.push(RowPartition::from_row_splits(self.0)?);
        RaggedTensor::from_partitions(flat, partitions)
    }

    /// The splits of the innermost rows.
    pub(crate) fn innermost<V: FlatValues>(rows: &RaggedTensor<V>) -> &[i64] {
        rows.partitions().last().map_or(&[0], RowPartition::row_splits)
    }
}
