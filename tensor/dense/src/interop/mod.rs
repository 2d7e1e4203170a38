//! Conversions to and from Rust's collections, and to and from the arrays of other crates, each behind the feature of its
//! name.

#[cfg(feature = "faer")]
mod faer;
#[cfg(feature = "image")]
mod image;
#[cfg(feature = "nalgebra")]
mod nalgebra;
#[cfg(feature = "ndarray")]
mod ndarray;
mod nested;

pub use nested::FromNested;
