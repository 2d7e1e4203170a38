//! Taking slices by index.

use super::positions;
use crate::dtype::Element;
use crate::error::Result;
use crate::split;

/// y[b, o, k, i] = x[b, o, indices[b, k], i].
///
/// x is (batch, outer, n, inner), indices is (batch, k), y is (batch, outer, k, inner). An error for an index
/// outside 0..n. Panics when lengths do not fit.
pub fn gather<T: Element>(x: &[T], indices: &[i64], y: &mut [T], dims: [usize; 4]) -> Result {
    T::gather(x, indices, y, dims)
}

pub(crate) fn gather_of<T: Element>(
    x: &[T],
    indices: &[i64],
    y: &mut [T],
    [batch, outer, n, inner]: [usize; 4],
) -> Result {
    assert_eq!(x.len(), batch * outer * n * inner, "gather: elements for {:?}", [batch, outer, n, inner]);
    let k = indices.len().checked_div(batch).unwrap_or(0);
    assert!(indices.len() == batch * k && y.len() == batch * outer * k * inner, "gather: indices and result");
    positions(indices, n, "gather")?;
    if y.is_empty() {
        return Ok(());
    }
    if inner == 1 {
        split::chunks(y, 16_384, |start, mut y| {
            let (mut row, mut first) = (start / k, start % k);
            while !y.is_empty() {
                let (now, later) = y.split_at_mut((k - first).min(y.len()));
                let x = &x[row * n..][..n];
                for (y, &i) in now.iter_mut().zip(&indices[row / outer * k + first..]) {
                    *y = x[i as usize];
                }
                (y, row, first) = (later, row + 1, 0);
            }
        });
        return Ok(());
    }
    let rows = (16_384 / inner).max(1);
    split::chunks(y, rows * inner, |start, y| {
        let first = start / inner;
        for (r, y) in (first..).zip(y.chunks_exact_mut(inner)) {
            let (bo, j) = (r / k, r % k);
            let from = (bo * n + indices[bo / outer * k + j] as usize) * inner;
            y.copy_from_slice(&x[from..from + inner]);
        }
    });
    Ok(())
}
