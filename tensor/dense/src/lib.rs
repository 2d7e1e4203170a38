//! Dense tensors with runtime shapes and dtypes, and the operations on them.
//!
//! ```
//! use gradus_tensor::Tensor;
//! let t = Tensor::new([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
//! let u = t.matmul(&t.t()?)?;
//! assert_eq!(u.to_vec::<f32>()?, [14.0, 32.0, 32.0, 77.0]);
//! println!("{u}");
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! A [`Tensor`] is immutable and cheap to clone. Nothing converts dtypes silently: `f32 + f64` is an error
//! that names both, and [`Tensor::cast`] is explicit. Named functions return [`Result`]; operators
//! (`+ - * /` and so on) panic with the same message, as indexing a slice does.
//!
//! The crate knows no tape, no layer and no file. Whoever wants to see operations as they happen (a
//! gradient tape, a trace) registers a [`recorder::Recorder`].
#![forbid(unsafe_code)]

pub mod attr;
pub mod backward;
mod construct;
mod display;
mod error;
mod interop;
mod numpy_text;
pub mod op;
mod operators;
pub mod ops;
pub mod recorder;
mod registry;
mod rows;
mod shape;
mod tensor;
pub mod view;

pub use construct::Nested;
pub use error::{Error, ErrorKind, Result};
pub use gradus_kernels::{Complex, DType, Element, bf16, dispatch, f16};
pub use interop::FromNested;
pub use op::{Keep, Lower, Op, Outputs, PartStep, Parts};
pub use registry::Registry;
pub use rows::Rows;
pub use shape::{Axes, Shape, Spec, Specs};
pub use tensor::Tensor;
