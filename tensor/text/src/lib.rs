//! Tensors of byte strings.
#![forbid(unsafe_code)]
