//! Moving elements: transposes, slices, gathers, scatters, padding, joins.
//!
//! Shapes are row-major. Functions that copy are generic over the element; [`scatter`] computes.

pub(crate) mod along;
pub(crate) mod gather;
pub(crate) mod join;
mod one_hot;
pub(crate) mod pad;
pub(crate) mod scatter;
pub(crate) mod strided;
pub(crate) mod transpose;

pub use along::{gather_along, scatter_add_along};
pub use gather::gather;
pub use join::{concat, split};
pub use one_hot::one_hot;
pub use pad::{Pad, pad};
pub use scatter::{Scatter, scatter};
pub use strided::{Strided, reverse, tile};
pub use transpose::transpose;

use crate::error::{Error, Result};

/// An index that may be negative, as a position below n.
fn position(index: i64, n: usize, op: &str, place: usize) -> Result<usize> {
    usize::try_from(index)
        .ok()
        .filter(|&i| i < n)
        .ok_or_else(|| Error::Shape(format!("{op}: index {index} at position {place} is not in 0..{n}")))
}

#[cfg(test)]
mod tests;
