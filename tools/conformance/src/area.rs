//! The bindings, one file per family of operations.
//!
//! A file binds by `pub fn register(r: &mut Registry)`; [`registry`] calls each of them.

mod bind;
pub mod dense;

mod activation;
mod convolution;
mod creation;
mod cross_entropy;
mod elementwise;
mod functions;
mod image;
mod indexing;
mod initializers;
mod keras_functions;
mod layers;
mod linalg;
mod losses;
mod matrix;
mod metrics;
mod numpy;
mod optimizers;
mod pipeline;
mod queue;
mod ragged;
mod reduction;
mod segment;
mod sets;
mod shaping;
mod signal;
mod sorting;
mod sparse;
mod structures;
mod tape;
mod tape_custom;
mod tape_higher_order;
mod tape_jacobian;
mod tensor_array;
mod text;
mod variable;
mod variable_steps;

use crate::registry::Registry;

/// Every binding there is.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    for register in [
        activation::register,
        convolution::register,
        creation::register,
        cross_entropy::register,
        elementwise::register,
        functions::register,
        image::register,
        indexing::register,
        initializers::register,
        keras_functions::register,
        layers::register,
        linalg::register,
        losses::register,
        matrix::register,
        metrics::register,
        numpy::register,
        optimizers::register,
        pipeline::register,
        queue::register,
        ragged::register,
        reduction::register,
        segment::register,
        sets::register,
        shaping::register,
        signal::register,
        sorting::register,
        sparse::register,
        tape::register,
        tape_custom::register,
        tape_higher_order::register,
        tape_jacobian::register,
        tensor_array::register,
        text::register,
        variable::register,
        variable_steps::register,
    ] {
        register(&mut registry);
    }
    registry
}
