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
use std::sync::atomic::{AtomicBool, Ordering};

/// An error when an index is not in 0..n.
fn positions(indices: &[i64], n: usize, op: &str) -> Result {
    let wrong = AtomicBool::new(false);
    crate::split::ranges(indices.len(), 1 << 15, |range| {
        // A negative index is a large number without its sign.
        if indices[range].iter().fold(false, |wrong, &i| wrong | (i as u64 >= n as u64)) {
            wrong.store(true, Ordering::Relaxed);
        }
    });
    if wrong.into_inner() {
        for (place, &i) in indices.iter().enumerate() {
            position(i, n, op, place)?;
        }
    }
    Ok(())
}

/// An index that may be negative, as a position below n.
fn position(index: i64, n: usize, op: &str, place: usize) -> Result<usize> {
    usize::try_from(index)
        .ok()
        .filter(|&i| i < n)
        .ok_or_else(|| Error::Shape(format!("{op}: index {index} at position {place} is not in 0..{n}")))
}

#[cfg(test)]
mod tests;
