//! Joining arrays along an axis, and cutting them apart.

use crate::dtype::Element;
use crate::split;

/// Elements that one thread copies at a time.
const PIECE: usize = 1 << 15;

/// Elements of a row of joined parts that is written part by part, over all the rows of a piece.
const SHORT: usize = 64;

/// y = the first elements of x.
fn copy<T: Element>(x: &[T], y: &mut [T]) {
    let x = &x[..y.len()];
    if x.len() > 16 {
        return y.copy_from_slice(x);
    }
    // A call of memcpy would cost more than the copy.
    for (y, x) in y.iter_mut().zip(x) {
        *y = *x;
    }
}

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
    if (1..=SHORT).contains(&row) {
        return split::chunks(y, PIECE / row * row, |start, y| {
            let mut at = 0;
            for (x, n) in parts {
                let run = n * inner;
                let x = &x[start / row * run..];
                if run == 1 {
                    y[at..].iter_mut().step_by(row).zip(x).for_each(|(y, x)| *y = *x);
                } else if run > 0 {
                    y.chunks_exact_mut(row)
                        .zip(x.chunks_exact(run))
                        .for_each(|(y, x)| copy(x, &mut y[at..at + run]));
                }
                at += run;
            }
        });
    }
    split::chunks(y, PIECE, |start, mut y| {
        let (mut o, mut skip) = (start / row, start % row);
        while !y.is_empty() {
            for (x, n) in parts {
                let run = n * inner;
                if skip >= run {
                    skip -= run;
                    continue;
                }
                let (now, later) = y.split_at_mut((run - skip).min(y.len()));
                copy(&x[o * run + skip..], now);
                (y, skip) = (later, 0);
            }
            o += 1;
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
        if run == 1 {
            split::chunks(y, PIECE, |start, y| {
                y.iter_mut()
                    .zip(x[start * total * inner + from..].iter().step_by(total * inner))
                    .for_each(|(y, x)| *y = *x);
            });
            continue;
        }
        split::chunks(y, PIECE, |start, mut y| {
            let (mut o, mut skip) = (start / run, start % run);
            while !y.is_empty() {
                let (now, later) = y.split_at_mut((run - skip).min(y.len()));
                copy(&x[o * total * inner + from + skip..], now);
                (y, skip) = (later, 0);
                o += 1;
            }
        });
    }
}
