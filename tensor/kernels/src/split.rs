//! Where work over slices is divided among threads.
//!
//! The pieces depend on lengths and costs alone, never on the number of threads.

use crate::threads;
use std::ops::Range;

/// Nanoseconds of work that one piece should hold: far above the cost of handing it to a thread.
const PIECE_NS: f64 = 15_000.0;

/// Elements per piece for work that takes `ns` nanoseconds per element: a power of two.
pub fn piece(ns: f64) -> usize {
    let n = PIECE_NS / ns.max(0.01);
    (n as usize).max(64).next_power_of_two()
}

/// Calls `f` for consecutive pieces of `0..len`, in parallel when there are several.
#[inline]
pub fn ranges(len: usize, piece: usize, f: impl Fn(Range<usize>) + Sync) {
    if len <= piece {
        if len > 0 {
            f(0..len);
        }
        return;
    }
    threads::parallel_for(len.div_ceil(piece), |i| f(i * piece..((i + 1) * piece).min(len)));
}

/// Calls `f(start, part)` for consecutive pieces of a slice, in parallel when there are several.
#[inline]
pub fn chunks<T: Send>(y: &mut [T], piece: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    if y.len() <= piece {
        if !y.is_empty() {
            f(0, y);
        }
        return;
    }
    threads::par_chunks_mut(y, piece, |i, part| f(i * piece, part));
}
