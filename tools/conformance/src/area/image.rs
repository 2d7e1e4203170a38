//! Images: `tf.image`, Keras's image functions and random layers, decoding.

mod augmentation;
mod boxes;
mod color;
mod decode;
mod geometry;
mod measure;

use crate::registry::Registry;

pub fn register(r: &mut Registry) {
    for register in [
        augmentation::register,
        boxes::register,
        color::register,
        decode::register,
        geometry::register,
        measure::register,
    ] {
        register(r);
    }
}
