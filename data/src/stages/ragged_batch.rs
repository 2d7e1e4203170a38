//! `ragged_batch`: elements of different lengths side by side, without padding.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::element::Element;
use crate::stages::batch::Batch;

impl<T: Element> Dataset<T> {
    /// Puts consecutive elements in a `Vec` and leaves their lengths as they are. With the feature
    /// `ragged`, `ragged_tensors` makes tensors of different sizes a ragged tensor.
    pub fn ragged_batch(self, batch: impl Into<Batch>) -> Dataset<Vec<T>> {
        let spec = Arc::new(|input: &Dataset<T>, b: Batch| {
            Some(input.element_spec().ok()?.any_size().batched(b.spec_size()))
        });
        self.batch_stage("ragged_batch", batch.into(), false, spec, Arc::new(Ok))
    }
}
