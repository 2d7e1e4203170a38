//! Keras-style layers, models, losses, metrics and training.
#![forbid(unsafe_code)]
