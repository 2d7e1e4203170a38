//! Runs cases recorded from TensorFlow and Keras against Gradus.
//!
//! A *golden directory* holds, for every area (`tensor_ops`, `gradients`, ...), a JSON list of cases and a
//! safetensors file with their arrays; `golden/FORMAT.md` describes both. A case names an operation, its
//! attributes, inputs and wanted results. This crate reads such directories ([`golden`]), looks the operation up in
//! a table ([`registry`]), runs it, and compares ([`runner`]).
//!
//! The table is filled by the files under [`area`]. A [`Run`](registry::Run) takes the whole case and gives an
//! [`Outcome`](outcome::Outcome).
//!
//! Bindings look at `op` and `attrs` only, never at a case's name, so that cases nobody has seen yet run the same way.
//! What has no binding counts as *not implemented*; an attribute that a binding did not look at fails the case.
#![forbid(unsafe_code)]

pub mod area;
pub mod golden;
pub mod outcome;
pub mod registry;
pub mod runner;

pub use golden::{Array, Attrs, Case, Value};
pub use outcome::Outcome;
pub use registry::{Area, ConformanceError, Registry};
