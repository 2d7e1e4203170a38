//! Keras's optimizers and learning-rate schedules.
#![forbid(unsafe_code)]
