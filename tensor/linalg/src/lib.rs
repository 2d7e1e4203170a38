//! Linear algebra on Gradus tensors, by faer.
#![forbid(unsafe_code)]
