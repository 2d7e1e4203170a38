//! The bindings, one file per family of operations.
//!
//! A file binds by `pub fn register(r: &mut Registry)`; [`registry`] calls each of them.

mod bind;
pub mod dense;

mod creation;
mod elementwise;
mod matrix;
mod optimizers;
mod pipeline;
mod reduction;
mod shaping;
mod tape;
mod tape_higher_order;

use crate::registry::Registry;

/// Every binding there is.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    for register in [
        creation::register,
        elementwise::register,
        matrix::register,
        optimizers::register,
        pipeline::register,
        reduction::register,
        shaping::register,
        tape::register,
        tape_higher_order::register,
    ] {
        register(&mut registry);
    }
    registry
}
