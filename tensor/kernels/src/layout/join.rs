//! Joining arrays along an axis, and cutting them apart.

use crate::dtype::Element;
use crate::threads::{self, SharedMut};

/// y (outer, sum of n, inner) = the parts (outer, n_p, inner) one after the other along the middle axis.
///
/// Every part comes with its n. Panics when lengths do not fit.
pub fn concat<T: Element>(parts: &[(&[T], usize)], y: &mut [T], outer: usize, inner: usize) {
    T::concat(parts, y, outer, inner)
}

pub(crate) fn concat_of<T: Element>(parts: &[(&[T], usize)], y: &mut [T], outer: usize, inner: usize) {
    let total: usize = parts.iter().map(|p| p.1).sum();
    assert_eq!(y.len(), outer * total * inner, "concat: elements of the result");
    for (x, n) in parts {
        assert_eq!(x.len(), outer * n * inner, "concat: elements of a part");
    }
    let row = total * inner;
    let rows = ((1 << 16) / row.max(1)).max(1);
    crate::split::chunks(y, rows * row.max(1), |start, y| {
        for (o, y) in (start / row..).zip(y.chunks_exact_mut(row)) {
            let mut at = 0;
            for (x, n) in parts {
                let run = n * inner;
                y[at..at + run].copy_from_slice(&x[o * run..(o + 1) * run]);
                at += run;
            }
        }
    });
}

/// The parts (outer, n_p, inner) = x (outer, sum of n, inner) cut along the middle axis. The reverse of [`concat()`].
pub fn split<T: Element>(x: &[T], parts: &mut [(&mut [T], usize)], outer: usize, inner: usize) {
    T::split(x, parts, outer, inner)
}

pub(crate) fn split_of<T: Element>(x: &[T], parts: &mut [(&mut [T], usize)], outer: usize, inner: usize) {
    let total: usize = parts.iter().map(|p| p.1).sum();
    assert_eq!(x.len(), outer * total * inner, "split: elements of the array");
    let mut at = 0;
    for (y, n) in parts {
        let run = *n * inner;
        assert_eq!(y.len(), outer * run, "split: elements of a part");
        let from = at * inner;
        at += *n;
        if run == 0 {
            continue;
        }
        let shared = SharedMut::new(y);
        let rows = ((1 << 16) / run).max(1);
        threads::parallel_for_cost(outer.div_ceil(rows), outer * run / 4, |k| {
            for o in k * rows..((k + 1) * rows).min(outer) {
                // SAFETY: every o has a run of its own.
                let y = unsafe { shared.slice(o * run..(o + 1) * run) };
                y.copy_from_slice(&x[o * total * inner + from..][..run]);
            }
        });
    }
}
