//! One pass over an array seen as (outer, n, inner), reducing n.

use super::Fold;
use crate::dtype::Element;
use crate::split;
use crate::threads::{self, SharedMut};
use crate::vector::{Body, Lane};

/// Lanes that are summed side by side; a multiple of every vector width.
const LANES: usize = 32;
/// Elements that the lanes take in before their sums join the tree.
const BLOCK: usize = 4096;
/// Elements of a piece that goes to one thread.
const PIECE: usize = 1 << 15;
/// Rows that a column sum takes in one after the other before it joins the tree.
const ROWS: usize = 64;

/// y[o, i] = fold of x[o, .., i].
pub(crate) fn pass<T: Element + Lane, F: Fold<T>>(f: F, x: &[T], y: &mut [T], [outer, n, inner]: [usize; 3]) {
    if y.is_empty() {
        return;
    }
    if n == 0 {
        return y.fill(f.identity());
    }
    if inner == 1 {
        rows(f, x, y, n);
    } else {
        columns(f, x, y, outer, n, inner);
    }
}

/// The lanes of one block folded to one value, in a fixed order.
#[inline(always)]
fn block<T: Copy, F: Fold<T>>(f: F, x: &[T]) -> T {
    let mut lanes = [f.identity(); LANES];
    let mut chunks = x.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (a, &v) in lanes.iter_mut().zip(chunk) {
            *a = f.op(*a, f.leaf(v));
        }
    }
    for (a, &v) in lanes.iter_mut().zip(chunks.remainder()) {
        *a = f.op(*a, f.leaf(v));
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = f.op(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}

/// The fold of a row on this thread: blocks, then a balanced tree over them.
#[inline(always)]
pub(crate) fn row<T: Copy, F: Fold<T>>(f: F, x: &[T]) -> T {
    if x.len() <= LANES {
        // Too short for lanes to pay.
        return x.iter().fold(f.identity(), |a, &v| f.op(a, f.leaf(v)));
    }
    if x.len() <= BLOCK {
        return block(f, x);
    }
    // Partial results wait on a stack, like the bits of a counter: equal-sized neighbours merge.
    let mut stack = [f.identity(); 48];
    let (mut depth, mut count) = (0, 0usize);
    for b in x.chunks(BLOCK) {
        let mut v = block(f, b);
        let mut bits = count;
        while bits & 1 == 1 {
            depth -= 1;
            v = f.op(stack[depth], v);
            bits >>= 1;
        }
        stack[depth] = v;
        depth += 1;
        count += 1;
    }
    let mut v = stack[depth - 1];
    for i in (0..depth - 1).rev() {
        v = f.op(stack[i], v);
    }
    v
}

/// The fold of values as a balanced tree.
pub(crate) fn pairwise<T: Copy, F: Fold<T>>(f: F, x: &[T]) -> T {
    match x {
        [] => f.identity(),
        [a] => *a,
        _ => {
            let (a, b) = x.split_at(x.len().next_power_of_two() / 2);
            f.op(pairwise(f, a), pairwise(f, b))
        }
    }
}

struct Rows<'a, T, F> {
    f: F,
    x: &'a [T],
    y: &'a mut [T],
    n: usize,
}

impl<T: Copy, F: Fold<T>> Body for Rows<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (y, x) in self.y.iter_mut().zip(self.x.chunks_exact(self.n)) {
            *y = row(self.f, x);
        }
    }
}

fn rows<T: Element + Lane, F: Fold<T>>(f: F, x: &[T], y: &mut [T], n: usize) {
    if n >= 2 * PIECE {
        // Long rows are cut as well; the pieces of a row join as a tree.
        let per = n.div_ceil(PIECE);
        let mut parts = vec![f.identity(); per * y.len()];
        split::chunks(&mut parts, 1, |k, part| {
            let (r, p) = (k / per, k % per);
            let x = &x[r * n + p * PIECE..r * n + ((p + 1) * PIECE).min(n)];
            T::run(Rows { f, n: x.len(), x, y: part });
        });
        for (y, parts) in y.iter_mut().zip(parts.chunks(per)) {
            *y = merge(f, parts);
        }
        return;
    }
    let piece = (PIECE / n).max(1);
    split::chunks(y, piece, |start, y| {
        let x = &x[start * n..(start + y.len()) * n];
        T::run(Rows { f, x, y, n });
    });
}

/// As [`pairwise`]: `parts` are folded already, so no leaf function is applied again.
fn merge<T: Copy, F: Fold<T>>(f: F, parts: &[T]) -> T {
    pairwise(f, parts)
}

struct Columns<'a, T, F> {
    f: F,
    x: &'a [T],
    y: &'a mut [T],
    /// From one row to the next.
    stride: usize,
    rows: usize,
}

impl<T: Copy, F: Fold<T>> Body for Columns<'_, T, F> {
    type Out = ();
    /// y = fold of `rows` rows of `y.len()` elements, four at a time.
    #[inline(always)]
    fn run(self) {
        let Columns { f, x, y, stride, rows } = self;
        let n = y.len();
        y.fill(f.identity());
        let mut r = 0;
        while r + 4 <= rows {
            let at = |k: usize| &x[(r + k) * stride..][..n];
            let (a, b, c, d) = (at(0), at(1), at(2), at(3));
            for i in 0..n {
                let ab = f.op(f.leaf(a[i]), f.leaf(b[i]));
                let cd = f.op(f.leaf(c[i]), f.leaf(d[i]));
                y[i] = f.op(y[i], f.op(ab, cd));
            }
            r += 4;
        }
        while r < rows {
            let a = &x[r * stride..][..n];
            for i in 0..n {
                y[i] = f.op(y[i], f.leaf(a[i]));
            }
            r += 1;
        }
    }
}

/// y = op(y, x), element by element.
struct Join<'a, T, F>(F, &'a mut [T], &'a [T]);

impl<T: Copy, F: Fold<T>> Body for Join<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (y, &x) in self.1.iter_mut().zip(self.2) {
            *y = self.0.op(*y, x);
        }
    }
}

/// y = fold of `rows` rows at `stride`: sequential up to [`ROWS`], then a balanced tree.
fn tree<T: Lane, F: Fold<T>>(f: F, x: &[T], y: &mut [T], stride: usize, rows: usize) {
    if rows <= ROWS {
        return T::run(Columns { f, x, y, stride, rows });
    }
    let half = (rows.div_ceil(ROWS).next_power_of_two() / 2) * ROWS;
    let mut other = vec![f.identity(); y.len()];
    tree(f, x, y, stride, half);
    tree(f, &x[half * stride..], &mut other, stride, rows - half);
    T::run(Join(f, y, &other));
}

fn columns<T: Element + Lane, F: Fold<T>>(f: F, x: &[T], y: &mut [T], outer: usize, n: usize, inner: usize) {
    if inner < 16 && n >= 64 {
        return narrow_columns(f, x, y, outer, n, inner);
    }
    // Columns per piece, and rows per piece when there are many of them.
    let width = inner.min(1024);
    let tall = (PIECE / width).next_power_of_two().max(ROWS);
    let (wide, high) = (inner.div_ceil(width), n.div_ceil(tall));
    let tasks = outer * wide * high;
    if high == 1 {
        let shared = SharedMut::new(y);
        let run = |k: usize| {
            let (o, w) = (k / wide, k % wide);
            let (from, to) = (w * width, ((w + 1) * width).min(inner));
            // SAFETY: every (o, w) has columns of its own.
            let y = unsafe { shared.slice(o * inner + from..o * inner + to) };
            tree(f, &x[o * n * inner + from..], y, inner, n);
        };
        // Small tasks are taken in groups.
        let group = (PIECE / (width * n)).max(1);
        split::ranges(tasks, group, |r| r.for_each(run));
        return;
    }
    let mut parts = vec![f.identity(); outer * high * inner];
    let shared = SharedMut::new(&mut parts);
    threads::parallel_for(tasks, |k| {
        let (o, h, w) = (k / (high * wide), k / wide % high, k % wide);
        let (from, to) = (w * width, ((w + 1) * width).min(inner));
        let at = (o * high + h) * inner;
        // SAFETY: every (o, h, w) has a part of its own.
        let part = unsafe { shared.slice(at + from..at + to) };
        let rows = tall.min(n - h * tall);
        tree(f, &x[(o * n + h * tall) * inner + from..], part, inner, rows);
    });
    for (y, parts) in y.chunks_mut(inner).zip(parts.chunks(high * inner)) {
        join_rows(f, parts, y, inner);
    }
}

/// y = balanced tree over folded rows.
fn join_rows<T: Lane, F: Fold<T>>(f: F, parts: &[T], y: &mut [T], inner: usize) {
    let rows = parts.len() / inner;
    if rows == 1 {
        return y.copy_from_slice(parts);
    }
    let half = rows.next_power_of_two() / 2;
    let mut other = vec![f.identity(); inner];
    join_rows(f, &parts[..half * inner], y, inner);
    join_rows(f, &parts[half * inner..], &mut other, inner);
    T::run(Join(f, y, &other));
}

/// Few columns: several rows are taken as one wide row, whose parts are folded at the end.
fn narrow_columns<T: Element + Lane, F: Fold<T>>(
    f: F,
    x: &[T],
    y: &mut [T],
    outer: usize,
    n: usize,
    inner: usize,
) {
    let group = 64 / inner;
    let wide = group * inner;
    let whole = n / group;
    let mut acc = vec![f.identity(); outer * wide];
    // The wide rows of one outer index lie together, except for the remainder at its end.
    for o in 0..outer {
        let x = &x[o * n * inner..(o + 1) * n * inner];
        let acc = &mut acc[o * wide..(o + 1) * wide];
        columns(f, &x[..whole * wide], acc, 1, whole, wide);
        let y = &mut y[o * inner..(o + 1) * inner];
        y.copy_from_slice(&acc[..inner]);
        for part in acc[inner..].chunks(inner) {
            y.iter_mut().zip(part).for_each(|(y, &v)| *y = f.op(*y, v));
        }
        for part in x[whole * wide..].chunks(inner) {
            y.iter_mut().zip(part).for_each(|(y, &v)| *y = f.op(*y, f.leaf(v)));
        }
    }
}
