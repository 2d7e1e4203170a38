//! SIMD kernels over slices: GEMM, convolution, reductions, elementwise maths, threads, buffers.
//!
//! Slices in, slices out: nothing here knows a tensor, a shape type or a tape. Every kernel has a plain
//! twin that the tests compare it with. All `unsafe` code of the workspace lives in this crate.

pub mod activation_grad;
mod any_slice;
pub mod buffer;
pub mod bytes;
mod cast;
pub mod conv;
pub mod convert;
pub mod depthwise;
pub mod dtype;
pub mod elementwise;
pub mod error;
pub mod expr;
pub mod gemm;
mod instances;
pub mod layout;
mod math;
pub mod norm;
pub mod optimizer;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod scalar;
pub mod simd;
pub mod softmax;
pub mod special;
mod split;
pub mod stream;
pub mod threads;
mod vector;

pub use any_slice::{AnySlice, AnySliceMut};
pub use buffer::Buffer;
pub use dtype::{DType, Element};
pub use error::{Error, Result};
pub use half::{bf16, f16};
pub use num_complex::Complex;
pub use scalar::Scalar;
