//! Ragged tensors as elements (feature `ragged`).

use std::sync::Arc;

use gradus_ragged::{MaybeRagged, RaggedTensor, stack};
use gradus_tensor::Tensor;
use gradus_tensor::ops::Index;

use crate::dataset::Dataset;
use crate::element::{Element, Unbatch};
use crate::error::Result;
use crate::sources::Slices;
use crate::spec::ElementSpec;
use crate::stages::Batch;
use crate::tensor::rows::dtype_name;

/// The spec of nested rows: sizes that differ from row to row are left open.
fn spec(x: &MaybeRagged) -> ElementSpec {
    let dims = match x {
        MaybeRagged::Ragged(r) => r.shape(),
        MaybeRagged::Dense(t) => t.shape().iter().copied().map(Some).collect(),
    };
    ElementSpec::Array { dtype: dtype_name(x.dtype()), dims }
}

impl Element for MaybeRagged {
    type Batch = MaybeRagged;

    fn spec(&self) -> ElementSpec {
        spec(self)
    }

    /// One more axis in front; vectors of different lengths become ragged rows.
    fn batch(items: Vec<Self>) -> Result<MaybeRagged> {
        Ok(stack(&items, 0)?)
    }
}

impl Element for RaggedTensor {
    type Batch = RaggedTensor;

    fn spec(&self) -> ElementSpec {
        spec(&self.into())
    }

    fn batch(items: Vec<Self>) -> Result<RaggedTensor> {
        Ok(RaggedTensor::stack(&items.iter().collect::<Vec<_>>(), 0)?)
    }
}

impl Unbatch for RaggedTensor {
    type Item = MaybeRagged;

    fn unbatch(self) -> Result<Vec<MaybeRagged>> {
        (0..self.nrows()).map(|row| self.get(row)).collect()
    }
}

impl Slices for RaggedTensor {
    type Item = MaybeRagged;

    fn len(&self) -> Result<usize> {
        Ok(self.nrows())
    }

    fn get(&self, index: usize) -> Result<MaybeRagged> {
        Ok(self.slice([Index::At(index as isize)])?)
    }
}

impl Dataset<Tensor> {
    /// Puts consecutive tensors, whose sizes may differ, together as one ragged tensor with one more axis
    /// (TensorFlow's `ragged_batch`).
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// use gradus_tensor::Tensor;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rows = vec![Tensor::new([1, 2])?, Tensor::new([3])?, Tensor::new([4, 5, 6])?];
    /// let batches = Dataset::from_vec(rows).ragged_tensors(2).collect()?;
    /// assert_eq!(batches[0].to_string(), "<tf.RaggedTensor [[1, 2], [3]]>");
    /// # Ok(()) }
    /// ```
    /// Scalars, and tensors of different rank, make the batch an error.
    pub fn ragged_tensors(self, batch: impl Into<Batch>) -> Dataset<RaggedTensor> {
        let spec = Arc::new(|input: &Dataset<Tensor>, b: Batch| {
            Some(input.element_spec().ok()?.any_size().batched(b.spec_size()))
        });
        let collate = |rows: Vec<Tensor>| {
            let rows: Vec<MaybeRagged> = rows.into_iter().map(MaybeRagged::from).collect();
            Ok(stack(&rows, 0)?.ragged()?)
        };
        self.batch_stage("ragged_batch", batch.into(), false, spec, Arc::new(collate))
    }
}
