//! Joins what works row by row to operations that go through it with a range of rows at a time.
//!
//! A range stays in the caches of the processor that works on it. Sums over fewer rows may be rounded otherwise, and so may
//! sums over all rows that are joined from those of ranges.

mod images;
mod members;
mod recurrences;

use crate::graph::Graph;

pub(super) fn run(g: &mut Graph) {
    recurrences::run(g);
    images::run(g);
}
