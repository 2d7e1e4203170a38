//! `bucket_by_sequence_length`: batches of elements of about the same length.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::element::Pad;
use crate::error::{DataError, ErrorKind};
use crate::stages::padded_batch::PaddedBatch;

/// Bounds and batch sizes of the buckets.
///
/// Bucket `i` holds the lengths from `boundaries[i - 1]` to before `boundaries[i]`; the first begins at 0,
/// the last has no end. There is one batch size more than there are boundaries.
#[derive(Debug, Clone)]
pub struct Buckets<T: Pad> {
    boundaries: Vec<usize>,
    batch_sizes: Vec<usize>,
    pad_to_boundary: Option<Arc<BoundaryShape<T>>>,
    value: T::Value,
    drop_remainder: bool,
}

/// The padded shape for a length, for elements that have one.
type BoundaryShape<T> = ShapeOf<<T as Pad>::Shape>;

/// Turns a length into a padded shape.
struct ShapeOf<S>(Box<dyn Fn(usize) -> S + Send + Sync>);

impl<S> std::fmt::Debug for ShapeOf<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("pad_to_bucket_boundary")
    }
}

impl<T: Pad> Buckets<T> {
    /// Buckets between these boundaries with these batch sizes, padded to the longest of each batch.
    pub fn new(boundaries: impl Into<Vec<usize>>, batch_sizes: impl Into<Vec<usize>>) -> Self {
        Buckets {
            boundaries: boundaries.into(),
            batch_sizes: batch_sizes.into(),
            pad_to_boundary: None,
            value: T::Value::default(),
            drop_remainder: false,
        }
    }

    /// Pads to the bucket's longest possible length, its boundary minus one, as `shape` writes it. An
    /// element of the last bucket, which has no boundary, is then an error.
    pub fn pad_to_bucket_boundary(
        mut self,
        shape: impl Fn(usize) -> T::Shape + Send + Sync + 'static,
    ) -> Self {
        self.pad_to_boundary = Some(Arc::new(ShapeOf(Box::new(shape))));
        self
    }

    /// What to fill with. Default: zero, false, the empty string.
    pub fn padding_values(mut self, value: T::Value) -> Self {
        self.value = value;
        self
    }

    /// Whether incomplete batches are dropped at the end. Default false.
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.drop_remainder = drop;
        self
    }

    fn check(&self) -> Result<(), String> {
        let Buckets { boundaries, batch_sizes, .. } = self;
        if batch_sizes.len() != boundaries.len() + 1 {
            let (b, s) = (boundaries.len(), batch_sizes.len());
            return Err(format!("{b} boundaries need {} batch sizes, found {s}", b + 1));
        }
        if !boundaries.is_sorted_by(|a, b| a < b) || batch_sizes.contains(&0) {
            return Err(format!(
                "boundaries must rise and batch sizes be positive, found {boundaries:?} and {batch_sizes:?}"
            ));
        }
        Ok(())
    }
}

impl<T: Pad + Clone + Sync> Dataset<T> {
    /// Gathers elements of about the same length and pads each batch.
    ///
    /// ```
    /// use gradus_data::{Buckets, Dataset};
    /// let words = vec![vec![1], vec![1, 2, 3, 4], vec![2, 3], vec![5, 6, 7, 8, 9]];
    /// let ds = Dataset::from_vec(words).bucket_by_sequence_length(Vec::len, Buckets::new([3], [2, 2]));
    /// let batches = ds.collect().unwrap();
    /// assert_eq!(batches[0], [[1, 0], [2, 3]]);
    /// assert_eq!(batches[1], [[1, 2, 3, 4, 0], [5, 6, 7, 8, 9]]);
    /// ```
    pub fn bucket_by_sequence_length(
        self,
        length: impl Fn(&T) -> usize + Send + Sync + 'static,
        buckets: Buckets<T>,
    ) -> Dataset<T::Batch> {
        if let Err(message) = buckets.check() {
            let message = format!("bucket_by_sequence_length: {message}");
            return Dataset::failed(
                "bucket_by_sequence_length",
                DataError::new(ErrorKind::InvalidArgument, message),
            );
        }
        let Buckets { boundaries, batch_sizes, pad_to_boundary, value, drop_remainder } = buckets;
        let bounds = boundaries.clone();
        let bucket_of = move |x: &T| bounds.partition_point(|b| *b <= length(x));
        let sizes = batch_sizes.clone();
        let reduce = move |bucket: usize, window: Dataset<T>| {
            let size = batch_sizes[bucket];
            let options = PaddedBatch::new(size).padding_values(value.clone()).drop_remainder(drop_remainder);
            match (&pad_to_boundary, boundaries.get(bucket)) {
                (None, _) => window.padded_batch(options),
                (Some(shape), Some(bound)) => {
                    window.padded_batch(options.padded_shapes((shape.0)(bound - 1)))
                }
                (Some(_), None) => Dataset::failed(
                    "bucket_by_sequence_length",
                    DataError::new(
                        ErrorKind::Shape,
                        format!(
                            "bucket_by_sequence_length: an element reaches the last boundary, {:?}, and cannot be \
                             padded to a boundary",
                            boundaries.last()
                        ),
                    ),
                ),
            }
        };
        self.group_by_window_of(bucket_of, reduce, move |bucket| sizes[*bucket])
    }
}
