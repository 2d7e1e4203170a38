//! Keras-style layers, models, losses, metrics and training.
#![forbid(unsafe_code)]

pub mod activations;
pub mod constraints;
pub mod initializers;
pub mod losses;
pub mod metrics;
pub mod regularizers;
pub mod seed;

pub use seed::set_random_seed;
