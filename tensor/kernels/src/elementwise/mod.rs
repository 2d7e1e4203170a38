//! Elementwise operations: closed sets of functions of one, two and three values over slices.
//!
//! - [`Unary`], [`unary`]: one value to one of the same type; [`Test`], [`test()`]: one value to a bool.
//! - [`Binary`], [`binary`]: two values to one of the same type; [`Compare`], [`compare`]: to a bool.
//! - [`select`] and [`clip`] take three.
//! - [`Broadcast`] says how two shapes meet; it is computed from the shapes once.
//!
//! Semantics are TensorFlow's. Integers wrap around; division by zero is an error for integers and gives
//! infinity or NaN for floats; maximum, minimum, relu and clip propagate NaN. f16 and bf16 values are
//! computed in f32 and rounded once. An operation that has no meaning for a type is
//! [`Error::Unsupported`](crate::error::Error).

pub(crate) mod binary;
mod broadcast;
pub(crate) mod compare;
mod complex;
pub(crate) mod flat;
mod integer;
pub(crate) mod narrow;
mod operand;
pub(crate) mod ternary;
pub(crate) mod unary;

use crate::dtype::Element;
use crate::math::Float;
use crate::vector::Body;

pub use binary::{Binary, binary};
pub(crate) use binary::{binary_float, tile as binary_tile};
pub use broadcast::{Broadcast, Kind, Layout};
pub use compare::{Compare, Test, compare, test};
pub(crate) use compare::{compare_mask, test_mask};
pub use complex::{Part, from_parts, parts};
pub use flat::{binary_flat, compare_flat, is_flat, select_flat};
pub(crate) use ternary::select_tile;
pub use ternary::{betainc, clip, select};
pub(crate) use unary::unary_float;
pub use unary::{Unary, unary};

/// Truth values at `start..` of a result as 1 and 0.
pub(crate) fn narrow_mask<T: Float>(layout: &Layout, x: &[bool], start: usize, y: &mut [T]) {
    let mut bits = [false; 256];
    for (k, y) in y.chunks_mut(256).enumerate() {
        let bits = &mut bits[..y.len()];
        layout.read(x, start + k * 256, bits);
        y.iter_mut().zip(bits).for_each(|(y, b)| *y = if *b { T::ONE } else { T::ZERO });
    }
}

/// y = op(y) on this thread, if there is an op.
pub(crate) fn unary_tile<T: Float>(op: Option<Unary>, y: &mut [T]) {
    let Some(op) = op else { return };
    let mut x = [T::ZERO; 512];
    for y in y.chunks_mut(512) {
        let x = &mut x[..y.len()];
        x.copy_from_slice(y);
        unary::unary_float(op, x, y);
    }
}

/// Narrow floats to f32, in parallel.
pub(crate) fn narrow_widen<T: Element>(x: &[T], y: &mut [f32]) {
    crate::split::chunks(y, 1 << 15, |start, y| narrow::widen(&x[start..start + y.len()], y));
}

/// f32 to narrow floats, in parallel.
pub(crate) fn narrow_round<T: Element>(x: &[f32], y: &mut [T]) {
    crate::split::chunks(y, 1 << 15, |start, y| narrow::round(&x[start..start + y.len()], y));
}

struct Exp<'a, T>(&'a mut [T]);

impl<T: Float> Body for Exp<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = x.exp();
        }
    }
}

/// x = e^x on this thread.
pub(crate) fn exp_in_place<T: Float>(x: &mut [T]) {
    T::run(Exp(x));
}

#[cfg(test)]
mod tests;
