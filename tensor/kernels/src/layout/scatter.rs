//! Updating rows by index; rows that are named more than once are updated in order.

use super::position;
use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::elementwise::{Binary, binary_tile};
use crate::error::{Error, Result};
use crate::threads::{self, SharedMut};

/// What an update does to the row that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scatter {
    /// Takes its place.
    Update,
    /// Is added.
    Add,
    /// Is subtracted.
    Sub,
    /// Is multiplied.
    Mul,
    /// The larger stays.
    Max,
    /// The smaller stays.
    Min,
}

impl Scatter {
    fn binary(self) -> Option<Binary> {
        Some(match self {
            Scatter::Update => return None,
            Scatter::Add => Binary::Add,
            Scatter::Sub => Binary::Sub,
            Scatter::Mul => Binary::Mul,
            Scatter::Max => Binary::Maximum,
            Scatter::Min => Binary::Minimum,
        })
    }
}

/// y += x for one element of a type that has addition.
pub(super) fn add<T: Element>(y: &mut T, x: T) {
    if T::DTYPE == DType::F32 {
        same_mut::<T, f32>(std::slice::from_mut(y))[0] += same::<T, f32>(&[x])[0];
        return;
    }
    let mut sum = [*y];
    binary_tile(Binary::Add, &[*y], &[x], &mut sum);
    *y = sum[0];
}

/// Updates row `indices[k]` of y (n, inner) with row k of x (k, inner), in the order of k.
///
/// The result does not depend on threads: each owns a range of rows. An error for an index outside 0..n, with y
/// unchanged, and for types without the operation.
pub fn scatter<T: Element>(
    op: Scatter,
    indices: &[i64],
    x: &[T],
    y: &mut [T],
    n: usize,
    inner: usize,
) -> Result {
    T::scatter(op, indices, x, y, n, inner)
}

pub(crate) fn scatter_of<T: Element>(
    op: Scatter,
    indices: &[i64],
    x: &[T],
    y: &mut [T],
    n: usize,
    inner: usize,
) -> Result {
    assert!(
        x.len() == indices.len() * inner && y.len() == n * inner,
        "scatter: lengths for {n} rows of {inner}"
    );
    if let Some(b) = op.binary().filter(|b| !b.supports(T::DTYPE)) {
        return Err(Error::Unsupported { op: b.name(), dtype: T::DTYPE });
    }
    for (place, &i) in indices.iter().enumerate() {
        position(i, n, "scatter", place)?;
    }
    if inner == 0 {
        return Ok(());
    }
    let tasks = if x.len() < 1 << 15 || inner < 8 { 1 } else { 8.min(n) };
    let shared = SharedMut::new(y);
    threads::parallel_for(tasks, |t| {
        let own = n * t / tasks..n * (t + 1) / tasks;
        // SAFETY: the ranges of rows do not overlap.
        let y = unsafe { shared.slice(own.start * inner..own.end * inner) };
        let mut old = vec![T::ZERO; inner];
        for (&i, x) in indices.iter().zip(x.chunks_exact(inner)) {
            let i = i as usize;
            if !own.contains(&i) {
                continue;
            }
            let y = &mut y[(i - own.start) * inner..][..inner];
            match op.binary() {
                None => y.copy_from_slice(x),
                Some(_) if op == Scatter::Add && T::DTYPE == DType::F32 => {
                    same_mut::<T, f32>(y).iter_mut().zip(same::<T, f32>(x)).for_each(|(y, x)| *y += x);
                }
                Some(b) => {
                    old.copy_from_slice(y);
                    binary_tile(b, &old, x, y);
                }
            }
        }
    });
    Ok(())
}
