//! Fourier transforms, windows and frames on tensors.
#![forbid(unsafe_code)]
