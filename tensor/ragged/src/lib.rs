//! Ragged tensors: nested rows of different lengths over one flat array of values.
//!
//! ```
//! use gradus_ragged::RaggedTensor;
//! use gradus_tensor::{Tensor, s};
//! let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3, 4, 5]])?;
//! assert_eq!(r.to_string(), "<tf.RaggedTensor [[1, 2], [], [3, 4, 5]]>");
//! assert_eq!(r.reduce_sum(1, false)?.to_string(), "tf.Tensor([ 3  0 12], shape=(3,), dtype=int32)");
//! assert_eq!(r.slice(s![.., ..2])?.to_string(), "<tf.RaggedTensor [[1, 2], [], [3, 4]]>");
//! let column = Tensor::new([[10], [20], [30]])?;
//! assert_eq!(r.add(&column)?.to_string(), "<tf.RaggedTensor [[11, 12], [], [33, 34, 35]]>");
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! # How one is laid out
//! A [`RaggedTensor`] holds its innermost values side by side in one array, the *flat values*, and for every ragged axis
//! a [`RowPartition`]: `row_splits` of `[0, 2, 2, 5]` say that row 0 is `0..2`, row 1 is empty and row 2 is `2..5`.
//! Several partitions nest, the outermost first; the rows of one are the values of the one before it. The flat values
//! may have more axes, which are uniform: the shape of 3 ragged rows of pairs is `[3, None, 2]`.
//!
//! Partitions are plain integers, and what an operation does to the values is a dense operation on the flat values, so
//! gradient tapes see everything and nothing here has a gradient rule of its own.
//!
//! Reductions, slices and the like give a dense tensor where the result has no ragged axis: [`MaybeRagged`].
//!
//! # Other values
//! Flat values are a [`Tensor`](gradus_tensor::Tensor) unless said otherwise. Whatever implements [`FlatValues`] fits
//! too; everything that only moves rows about (constructors, `gather`, `concat`, slices, `to_tensor`, printing) works
//! with it.
//!
//! # What it does not do
//! Matrix products and sorting of ragged rows; row splits are i64 always.
#![forbid(unsafe_code)]

mod axis;
mod boolean_mask;
mod broadcast;
mod concat;
mod construct;
mod display;
mod elementwise;
mod expand_dims;
mod flat;
mod gather;
mod gather_nd;
mod maybe;
mod merge_dims;
mod nested;
mod padded;
mod partition;
mod ragged;
mod range;
mod reduce;
mod slice;
#[cfg(feature = "sparse")]
mod sparse;
mod stack_dynamic_partitions;
mod unary;
mod where_;

pub use broadcast::elementwise;
pub use concat::{concat, stack};
pub use flat::{FlatValues, FromItems};
pub use maybe::MaybeRagged;
pub use nested::{List, NestedRows};
pub use partition::RowPartition;
pub use ragged::RaggedTensor;
pub use where_::select;
