//! Classes as rows with one mark.

use crate::dtype::Element;
use crate::split;

/// y[o, d, i] = `on` where indices[o, i] = d, else `off`.
///
/// y is (outer, depth, inner), indices (outer, inner). An index outside 0..depth marks nothing. Panics when lengths do
/// not fit.
pub fn one_hot<T: Element>(indices: &[i64], depth: usize, inner: usize, on: T, off: T, y: &mut [T]) {
    assert_eq!(y.len(), indices.len() * depth, "one_hot: elements for a depth of {depth}");
    if y.is_empty() {
        return;
    }
    split::chunks(y, depth * inner * (16_384 / (depth * inner)).max(1), |start, y| {
        y.fill(off);
        for (o, y) in (start / (depth * inner)..).zip(y.chunks_exact_mut(depth * inner)) {
            for (i, &d) in indices[o * inner..(o + 1) * inner].iter().enumerate() {
                if let Some(y) = usize::try_from(d).ok().filter(|&d| d < depth).map(|d| &mut y[d * inner + i])
                {
                    *y = on;
                }
            }
        }
    });
}
