//! Sparse tensors.
#![forbid(unsafe_code)]
