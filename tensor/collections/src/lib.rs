//! Tensor arrays, sets and blocking queues.
#![forbid(unsafe_code)]
