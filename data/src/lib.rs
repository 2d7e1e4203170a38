//! Input pipelines in the manner of tf.data, useful on their own.
//!
//! A [`Dataset`] describes where elements come from and what happens to them; iterating it runs that.
//! Elements may be of any `Send` type.
//!
//! ```
//! use gradus_data::{Dataset, Prefetch};
//! # fn main() -> Result<(), gradus_data::DataError> {
//! let train = Dataset::from_tensor_slices((vec![0.5f32, 1.5, 2.5, 3.5], vec![0u8, 1, 0, 1]))
//!     .shuffle(4, 42)                                   // seed 42, a new order in every epoch
//!     .parallel_map(2, |(x, label)| (x / 4.0, label))   // two threads, one order
//!     .batch(2)
//!     .prefetch(Prefetch::auto());
//! for epoch in 0..3 {
//!     for batch in &train {
//!         let (x, labels) = batch?;
//!         assert_eq!(x.len(), labels.len());
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! What it promises, and tests:
//! - **Deterministic.** The stream is the same for any number of threads. Random numbers are functions of
//!   (seed, epoch, stage, index), see [`Key`].
//! - **Resumable.** [`DataIter::state`] is the position inside an epoch, a few numbers as data;
//!   [`Dataset::resume`] continues with the very next element.
//! - **Bounded.** Memory is what the stages declare: buffers, batches, two elements per worker.
//! - **Polite.** An error, or a panic in a function of yours, comes out in the place of its element and says
//!   stage, index and file. Dropping an iterator stops and joins its threads (it waits up to 1.5 s for one
//!   that is inside a call of yours; that one then ends by itself after the call).
//!
//! What it does not do: it runs on one machine, has no graph optimizer, and never needs another crate of
//! the workspace unless the feature `tensor` (default) makes tensors elements.
#![forbid(unsafe_code)]

mod cardinality;
mod class_folder;
mod conveyor;
#[cfg(test)]
mod conveyor_schedules;
mod crc32c;
mod crew;
mod dataset;
mod element;
mod error;
mod guard;
#[cfg(feature = "image")]
pub mod image;
mod key;
mod prepare;
mod record;
mod sources;
mod spec;
mod stage;
mod stages;
mod state;
#[cfg(feature = "tensor")]
pub mod tensor;
#[cfg(feature = "text")]
mod text;

pub use cardinality::Cardinality;
pub use class_folder::{ClassFiles, ClassFolder, NumpyRandom, Subset};
pub use crc32c::{crc32c, masked_crc32c};
pub use dataset::{DataIter, Dataset};
pub use element::{Element, Pad, Unbatch};
pub use error::{DataError, ErrorKind, Place, Result, Site};
pub use key::{Key, KeyedRng};
pub use prepare::{
    MinMaxScaler, PadSequences, Side, Split, StandardScaler, normalize, pad_sequences, random_batch,
    to_categorical, train_test_split,
};
pub use record::{Encode, RecordWriter};
pub use sources::{
    Csv, Fields, Files, FixedLength, FromField, FromRow, Slices, TimeSeries, TruncatedTail,
    timeseries_dataset_from_array, timeseries_dataset_with_targets, timeseries_windows,
    timeseries_windows_with_targets,
};
pub use spec::ElementSpec;
pub use stage::{Cursor, Pass, RandomAccess, Stage};
pub use stages::{
    Batch, Buckets, IgnoreErrors, Interleave, PaddedBatch, Parallel, Prefetch, Rebatch, Resample, Sample,
    Shuffle, Window,
};
pub use state::IteratorState;
