//! SIMD kernels over slices: GEMM, convolution, reductions, elementwise maths, threads, buffers.
//!
//! Slices in, slices out: nothing here knows a tensor, a shape type or a tape. Every kernel has a plain
//! twin that the tests compare it with. All `unsafe` code of the workspace lives in this crate.

pub mod buffer;
pub mod dtype;
pub mod gemm;
pub mod simd;
pub mod threads;

pub use buffer::Buffer;
pub use dtype::{DType, Element};
pub use half::{bf16, f16};
pub use num_complex::Complex;
