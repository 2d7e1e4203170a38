//! Ragged tensors: rows of different lengths.
#![forbid(unsafe_code)]
