//! Where elements come from, one kind of source in each file.

mod iterator;
mod memory;
mod range;

pub use memory::Slices;
