//! One index per element, along one axis.

use super::positions;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::reduce::Reduce;
use crate::split;

/// Where element j of the indices (outer, k, inner) points to in (outer, n, inner).
fn target(j: usize, index: i64, k: usize, n: usize, inner: usize) -> usize {
    let (o, i) = (j / (k * inner), j % inner);
    (o * n + index as usize) * inner + i
}

fn check<T>(
    op: &str,
    full: &[T],
    indices: &[i64],
    part: &[T],
    [outer, n, inner]: [usize; 3],
) -> Result<usize> {
    let k = indices.len().checked_div(outer * inner).unwrap_or(0);
    let fits =
        full.len() == outer * n * inner && indices.len() == outer * k * inner && part.len() == indices.len();
    assert!(fits, "{op}: lengths for {:?}", [outer, n, inner]);
    positions(indices, n, op)?;
    Ok(k)
}

/// y[o, j, i] = x[o, indices[o, j, i], i]; x is (outer, n, inner). An error for an index outside 0..n.
pub fn gather_along<T: Element>(x: &[T], indices: &[i64], y: &mut [T], dims: [usize; 3]) -> Result {
    T::gather_along(x, indices, y, dims)
}

pub(crate) fn gather_along_of<T: Element>(x: &[T], indices: &[i64], y: &mut [T], dims: [usize; 3]) -> Result {
    let k = check("gather along an axis", x, indices, y, dims)?;
    split::chunks(y, 16_384, |start, y| {
        for (j, y) in (start..).zip(y) {
            *y = x[target(j, indices[j], k, dims[1], dims[2])];
        }
    });
    Ok(())
}

/// y[o, indices[o, j, i], i] += x[o, j, i], in order; y is (outer, n, inner). The gradient of [`gather_along`].
///
/// An error for an index outside 0..n, and for bools.
pub fn scatter_add_along<T: Element>(x: &[T], indices: &[i64], y: &mut [T], dims: [usize; 3]) -> Result {
    T::scatter_add_along(x, indices, y, dims)
}

pub(crate) fn scatter_add_along_of<T: Element>(
    x: &[T],
    indices: &[i64],
    y: &mut [T],
    dims: [usize; 3],
) -> Result {
    if !Reduce::Sum.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: "scatter along an axis", dtype: T::DTYPE });
    }
    let k = check("scatter along an axis", y, indices, x, dims)?;
    for (j, (&x, &i)) in x.iter().zip(indices).enumerate() {
        let y = &mut y[target(j, i, k, dims[1], dims[2])];
        super::scatter::add(y, x);
    }
    Ok(())
}
