//! Sparse tensors: values at coordinates, zero elsewhere.
//!
//! ```
//! use gradus_sparse::SparseTensor;
//! use gradus_tensor::Tensor;
//! let a = SparseTensor::from_entries([[0, 1], [2, 0]], vec![3.0f32, 4.0], [3, 2])?;
//! let b = Tensor::new([[1.0f32, 2.0], [10.0, 20.0]])?;
//! assert_eq!(a.matmul(&b)?.to_vec::<f32>()?, [30.0, 60.0, 0.0, 0.0, 4.0, 8.0]);
//! assert_eq!(a.add(&a)?.to_dense()?.to_vec::<f32>()?, [0.0, 6.0, 0.0, 0.0, 8.0, 0.0]);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! # How one is laid out
//! A [`SparseTensor`] is TensorFlow's: `indices` `[n, rank]`, one coordinate per entry, `values` `[n]`, and a
//! `dense_shape`. *Order* means row-major order of the coordinates. Constructors take entries in any order;
//! [`reorder`](SparseTensor::reorder) sorts them, every operation that makes new coordinates gives them sorted, and
//! [`to_dense`](SparseTensor::to_dense) wants them sorted and without repetition, as TensorFlow does.
//!
//! Products of matrices walk compressed rows, which are made on the first product and stay beside the indices, for the
//! matrix and for its transpose. They run on all threads, each row on one, so results do not depend on the number.
//!
//! What an operation does to the values is a dense operation, so gradients flow to `values` and to dense operands under a
//! tape.
//!
//! # What it does not do
//! Values are numbers or bools, not strings. Products are of matrices, without batches, in f32, f64, i32 and i64.
#![forbid(unsafe_code)]

mod arrange;
mod bincount;
mod concat;
mod convert;
mod display;
mod elementwise;
mod fill_empty_rows;
mod matmul;
mod matmul_sparse;
mod order;
mod product;
mod reduce;
mod rows;
mod segment;
mod select;
mod softmax;
mod sparse;

pub use bincount::Bincount;
pub use product::{DEFS, SampledProduct, SparseProduct};
pub use segment::{segment_mean, segment_sqrt_n, segment_sum};
pub use sparse::SparseTensor;
