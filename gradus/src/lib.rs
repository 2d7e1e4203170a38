//! The TensorFlow/Keras workflow in Rust: one crate that re-exports the others.
#![forbid(unsafe_code)]
