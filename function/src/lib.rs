//! Traced functions: a Rust closure over tensors is recorded once per list of dtypes and shapes, simplified,
//! its memory planned, and replayed from then on.
//!
//! ```
//! use gradus_function::Function;
//! use gradus_tensor::Tensor;
//! let cube = Function::new(|x| x[0].mul(&x[0])?.mul(&x[0]));
//! let y = cube.call(&Tensor::new([1.0f32, 2.0])?)?;
//! assert_eq!(y.to_vec::<f32>()?, [1.0, 8.0]);
//! cube.call(&Tensor::new([3.0f32, 4.0])?)?; // the same graph
//! cube.call(2)?; // a number is a constant: another one
//! assert_eq!(cube.trace_count(), 2);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! # What a recording sees
//! The body runs once, for real, while every tensor operation is written down. What the body does in Rust (printing,
//! pushing to a `Vec`, reading a clock) happens then and not again. Rust numbers that it computes with are constants of
//! the graph. Reading a traced value back into Rust (`item`, `to_vec`) is an error, since the number would be baked in.
//!
//! Variables work as everywhere: the first read of each becomes an input of the graph, the last assignment an output,
//! stored when the call has succeeded. An error half-way changes nothing. Random operations take their state from
//! variables, so they draw anew at every call.
//!
//! Functions may call functions. A tape around a call differentiates it by a second graph, derived once; a tape inside a
//! body is recorded with the rest.
#![forbid(unsafe_code)]

mod arguments;
mod call;
mod control;
mod control_ops;
mod export;
mod family;
mod family_data;
mod form;
mod function;
mod fused;
mod fused_attrs;
mod gradient;
mod graph;
mod kept;
mod key;
mod layers;
mod layout;
mod passes;
mod plan;
mod profile;
mod program;
mod recording;
mod restored;
mod rows;
mod signature;
mod svg;
mod text;
mod trace;

pub use arguments::{Argument, Arguments, Returned};
pub use control::{cond, while_loop};
pub use export::Exported;
pub use function::Function;
pub use graph::{Graph, Node, Value};
pub use key::{Difference, Retrace};
pub use passes::PassReport;
pub use profile::{Profile, Spent};
pub use program::{Memory, Program};
pub use restored::Restored;
pub use signature::InputSpec;
pub use trace::{Outcome, Trace, Traces};
