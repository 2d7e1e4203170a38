//! Reading a golden directory: arrays, value descriptions, cases and their attributes, and the comparison.

mod array;
mod attrs;
mod case;
mod compare;
mod safetensors;
mod set;
mod value;

pub use array::Array;
pub use attrs::Attrs;
pub use case::Case;
pub use compare::{Tolerance, compare_json, compare_values};
pub use safetensors::read_safetensors;
pub use set::{Arrays, GoldenSet};
pub use value::{Kind, Value};
