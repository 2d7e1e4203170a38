//! Elementwise operations: closed sets of functions of one, two and three values over slices.
//!
//! - [`Unary`], [`unary`]: one value to one of the same type; [`Test`], [`test`]: one value to a bool.
//! - [`Binary`], [`binary`]: two values to one of the same type; [`Compare`], [`compare`]: to a bool.
//! - [`select`] and [`clip`] take three.
//! - [`Broadcast`] says how two shapes meet; it is computed from the shapes once.
//!
//! Semantics are TensorFlow's. Integers wrap around; division by zero is an error for integers and gives
//! infinity or NaN for floats; maximum, minimum, relu and clip propagate NaN. f16 and bf16 values are
//! computed in f32 and rounded once. An operation that has no meaning for a type is
//! [`Error::Unsupported`](crate::error::Error).

mod binary;
mod broadcast;
mod compare;
mod complex;
mod integer;
mod narrow;
mod operand;
mod ternary;
mod unary;

pub use binary::{Binary, binary};
pub use broadcast::{Broadcast, Kind, Layout};
pub use compare::{Compare, Test, compare, test};
pub use complex::{Part, from_parts, parts};
pub use ternary::{betainc, clip, select};
pub use unary::{Unary, unary};

#[cfg(test)]
mod tests;
