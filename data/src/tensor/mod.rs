//! Tensors as elements (feature `tensor`).
//!
//! A tensor is cut along its first axis by [`from_tensor_slices`](crate::Dataset::from_tensor_slices),
//! batched to one more axis, padded, taken apart, written to caches; and the functions of
//! [this module](self) are Keras's helpers on tensors. With the features `ragged` and `sparse`, ragged and
//! sparse tensors are elements too, cut and batched along their first axis.
//!
//! ```
//! use gradus_data::Dataset;
//! use gradus_tensor::{DType, Tensor};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let images = Tensor::from_vec(vec![0u8; 6 * 28 * 28], [6, 28, 28])?;
//! let labels = Tensor::from_vec(vec![0i64, 1, 0, 1, 0, 1], [6])?;
//! let train = Dataset::from_tensor_slices((images, labels))
//!     .shuffle(6, 42)
//!     .batch(4)
//!     .try_parallel_map(2, |(x, y)| -> gradus_tensor::Result<_> {
//!         Ok((&x.cast(DType::F32)? / 255.0, y))
//!     })
//!     .prefetch(2);
//! for batch in &train {
//!     let (x, y) = batch?;
//!     assert_eq!(x.shape().dims()[1..], [28, 28]);
//!     assert_eq!(x.shape().dims()[0], y.len());
//! }
//! # Ok(()) }
//! ```

mod element;
mod prepare;
#[cfg(feature = "ragged")]
mod ragged;
mod rows;
#[cfg(feature = "sparse")]
mod sparse;

pub use prepare::{normalize, pad_sequences, to_categorical};
