//! Runs cases recorded from TensorFlow and Keras against Gradus.
//!
//! A *golden directory* holds, for every area (`tensor_ops`, `gradients`, ...), a JSON list of cases and a
//! safetensors file with their arrays; `golden/FORMAT.md` describes both. A case names an operation, its
//! attributes, inputs and wanted results. This crate reads such directories ([`golden`]), looks the operation up in
//! a table ([`registry`]), runs it, and compares ([`runner`]).
//!
//! Two kinds of binding stand in the table, filled by the files under [`area`]:
//!
//! * an [`Op`](registry::Op): tensors and attributes in, tensors out. One binding serves both the values
//!   (`tensor_ops`) and the gradients (`gradients`) of an operation;
//! * a [`registry::Run`]: the whole case in, an [`outcome::Outcome`] out, for everything else. It is bound to an area and
//!   an operation, or by [`Registry::on`] to an operation on values of a kind: `tf.concat` of ragged values is another
//!   binding than `tf.concat` of strings.
//!
//! A new family is one file under `area` with `pub fn register(r: &mut Registry)`, and its line in `area.rs`.
//!
//! Bindings look at `op` and `attrs` only, never at a case's name, so that cases nobody has seen yet run the same way.
//! What has no binding counts as *not implemented*; an attribute that a binding did not look at fails the case.
#![forbid(unsafe_code)]

pub mod area;
pub mod golden;
pub mod outcome;
pub mod registry;
pub mod runner;

pub use golden::{Array, Attrs, Case, Kind, Value};
pub use outcome::Outcome;
pub use registry::{Area, ConformanceError, Registry};
