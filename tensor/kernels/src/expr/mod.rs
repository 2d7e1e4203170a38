//! Chains of elementwise operations, evaluated tile by tile.
//!
//! A [`Program`] is a list of operations over virtual registers: inputs (stretched as their `Layout` says),
//! constants, the functions of [`elementwise`](crate::elementwise), outputs, and optionally a closing reduction. A tile of some
//! hundred elements goes through the whole list before the next one starts, so intermediate values never leave
//! the innermost cache: a chain reads its inputs and writes its outputs once, however long it is.
//!
//! Truth values are 1 and 0 in the type of the program; bool arrays can be inputs and outputs.
//! Large results are written past the caches.

mod build;
mod pairs;
mod run;

pub use build::{Builder, Closing, Program, Reg};
pub use run::{Input, Output};

#[cfg(test)]
mod tests;
