//! Dense tensors with runtime shapes and dtypes, and the operations on them.
#![forbid(unsafe_code)]
