//! `padded_batch`: elements of different lengths, padded to one and put together.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::element::Pad;
use crate::stages::batch::Batch;

/// Size, shape and filling of padded batches.
#[derive(Debug, Clone)]
pub struct PaddedBatch<T: Pad> {
    batch: Batch,
    shape: T::Shape,
    value: T::Value,
}

impl<T: Pad> PaddedBatch<T> {
    /// Batches of so many elements, each padded to the longest of its batch with zeros.
    pub fn new(size: usize) -> Self {
        PaddedBatch { batch: Batch::new(size), shape: T::Shape::default(), value: T::Value::default() }
    }

    /// The shape to pad to; a size of `None` is the longest of the batch.
    pub fn padded_shapes(mut self, shape: T::Shape) -> Self {
        self.shape = shape;
        self
    }

    /// What to fill with. Default: zero, false, the empty string.
    pub fn padding_values(mut self, value: T::Value) -> Self {
        self.value = value;
        self
    }

    /// Whether an incomplete last batch is dropped. Default false.
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.batch = self.batch.drop_remainder(drop);
        self
    }
}

impl<T: Pad> From<usize> for PaddedBatch<T> {
    fn from(size: usize) -> Self {
        PaddedBatch::new(size)
    }
}

impl<T: Pad> Dataset<T> {
    /// Pads elements at their ends to one shape and puts them together.
    ///
    /// ```
    /// use gradus_data::{Dataset, PaddedBatch};
    /// let ds = Dataset::from_vec(vec![vec![1], vec![2, 2], vec![3, 3, 3]]);
    /// let batches = ds.padded_batch(PaddedBatch::new(2).padding_values(Some(-1)));
    /// assert_eq!(batches.collect().unwrap(), [vec![vec![1, -1], vec![2, 2]], vec![vec![3, 3, 3]]]);
    /// ```
    ///
    /// An element longer than `padded_shapes` is an error of its batch.
    pub fn padded_batch(self, options: impl Into<PaddedBatch<T>>) -> Dataset<T::Batch> {
        let PaddedBatch { batch, shape, value } = options.into();
        let padded = shape.clone();
        let collate = Arc::new(move |items| T::pad_batch(items, &shape, &value));
        let spec = Arc::new(move |input: &Dataset<T>, b: Batch| {
            Some(T::padded_spec(input.element_spec().ok()?, &padded).batched(b.spec_size()))
        });
        self.batch_stage("padded_batch", batch, false, spec, collate)
    }
}
