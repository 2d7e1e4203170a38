//! Mean and variance of columns.

use super::column_loops::MomentSums;
use super::columns::{WIDE, fold, piece_rows, together};
use crate::cast::{same, same_mut};
use crate::dtype::DType;
use crate::math::{Float, select};
use crate::reduce::Number;
use crate::simd;
use crate::threads::{self, SharedMut};
use crate::vector::Body;

/// Mean and biased variance of every column.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T> {
    /// Mean per column.
    pub mean: Vec<T>,
    /// Mean squared distance from the mean per column.
    pub variance: Vec<T>,
}

/// Sums of distances from `origin`, and of their squares.
struct Piece<'a, T> {
    x: &'a [T],
    origin: &'a [T],
    sum: &'a mut [T],
    square: &'a mut [T],
}

impl<T: Float> Body for Piece<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Piece { x, origin, sum, square } = self;
        for x in x.chunks_exact(origin.len()) {
            for (((s, q), &x), &o) in sum.iter_mut().zip(square.iter_mut()).zip(x).zip(origin) {
                let d = x - o;
                *s = *s + d;
                *q = d.fma(d, *q);
            }
        }
    }
}

fn add_up<T: Float>(x: &[T], origin: &[T], sum: &mut [T], square: &mut [T]) {
    if T::DTYPE == DType::F32 {
        simd::dispatch(MomentSums::new(same(x), same(origin), same_mut(sum), same_mut(square)));
    } else {
        T::run(Piece { x, origin, sum, square });
    }
}

/// Mean, and sum of squared distances from it, in place of the sums of distances from `origin` and their squares.
struct About<'a, T> {
    origin: &'a [T],
    count: T,
    sum: &'a mut [T],
    square: &'a mut [T],
}

impl<T: Float> Body for About<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let About { origin, count, sum, square } = self;
        for ((s, q), &o) in sum.iter_mut().zip(square).zip(origin) {
            let mean = *s / count;
            // Sum of (d - mean)^2; rounding may leave it just below zero.
            let m2 = (-mean).fma(*s, *q);
            *q = select(m2 < T::ZERO, T::ZERO, m2);
            *s = o + mean;
        }
    }
}

/// Mean of a piece of rows, and sum of squared distances from it.
fn moments_of_piece<T: Float>(x: &[T], sum: &mut [T], square: &mut [T]) {
    let n = sum.len();
    // The first row as origin: distances from it are small when the spread is.
    let first = &x[..n];
    let times = together(n, x.len() / n);
    if times == 1 {
        add_up(x, first, sum, square);
    } else {
        let (mut sums, mut squares, origins) = ([T::ZERO; WIDE], [T::ZERO; WIDE], first.repeat(times));
        let wide = n * times;
        let (head, tail) = x.split_at(x.len() / wide * wide);
        for (x, n) in [(head, wide), (tail, n)] {
            add_up(x, &origins[..n], &mut sums[..n], &mut squares[..n]);
        }
        fold(&sums[..wide], sum);
        fold(&squares[..wide], square);
    }
    T::run(About { origin: first, count: T::lit((x.len() / n) as f64), sum, square });
}

/// Mean and variance of the columns of x, n elements per row, in one pass over memory.
///
/// Pieces are joined by Chan's formula, which does not cancel. Zero rows give NaN.
pub fn column_moments<T: Float + Number>(x: &[T], n: usize) -> Moments<T> {
    T::column_moments(x, n)
}

pub(crate) fn column_moments_of<T: Float + Number>(x: &[T], n: usize) -> Moments<T> {
    if x.is_empty() || n == 0 {
        return join_moments(&[0], &mut vec![T::ZERO; n], &mut vec![T::ZERO; n], n);
    }
    assert!(x.len().is_multiple_of(n), "column_moments: {} elements in rows of {n}", x.len());
    let rows = x.len() / n;
    let piece = piece_rows(rows, n);
    let pieces = rows.div_ceil(piece);
    let (mut means, mut squares) = (vec![T::ZERO; pieces * n], vec![T::ZERO; pieces * n]);
    {
        let (means, squares) = (SharedMut::new(&mut means), SharedMut::new(&mut squares));
        threads::parallel_for_cost(pieces, x.len() / 4, |k| {
            let r = k * piece..((k + 1) * piece).min(rows);
            // SAFETY: every piece has a part of its own.
            let (sum, square) =
                unsafe { (means.slice(k * n..(k + 1) * n), squares.slice(k * n..(k + 1) * n)) };
            moments_of_piece(&x[r.start * n..r.end * n], sum, square);
        });
    }
    let counts: Vec<usize> = (0..pieces).map(|k| piece.min(rows - k * piece)).collect();
    join_moments(&counts, &mut means, &mut squares, n)
}

/// The moments of all rows from the number of rows, the means and the sums of squared distances from them of parts, one
/// after the other, which are used up.
///
/// Panics when lengths do not fit. No rows give NaN.
pub fn join_moments<T: Float>(counts: &[usize], means: &mut [T], squares: &mut [T], n: usize) -> Moments<T> {
    assert!([means.len(), squares.len()] == [counts.len() * n; 2], "join_moments: lengths");
    if counts.iter().all(|&c| c == 0) {
        return Moments { mean: vec![T::lit(f64::NAN); n], variance: vec![T::lit(f64::NAN); n] };
    }
    let count = T::lit(join(counts, means, squares, n) as f64);
    Moments { mean: means[..n].to_vec(), variance: squares[..n].iter().map(|s| *s / count).collect() }
}

/// Joins the moments of the pieces into the first, as a tree; gives the number of rows.
fn join<T: Float>(counts: &[usize], means: &mut [T], squares: &mut [T], n: usize) -> usize {
    if let [c] = counts {
        return *c;
    }
    let half = counts.len().next_power_of_two() / 2;
    let (m1, m2) = means.split_at_mut(half * n);
    let (s1, s2) = squares.split_at_mut(half * n);
    let (a, b) = (join(&counts[..half], m1, s1, n), join(&counts[half..], m2, s2, n));
    if b == 0 {
        return a;
    }
    let total = (a + b) as f64;
    T::run(Both {
        part: T::lit(b as f64 / total),
        weight: T::lit(a as f64 * b as f64 / total),
        first: (&mut m1[..n], &mut s1[..n]),
        second: (&m2[..n], &s2[..n]),
    });
    a + b
}

/// Means and sums of squared distances of two sets of rows, joined into the first.
struct Both<'a, T> {
    /// The second set's share of the rows.
    part: T,
    weight: T,
    first: (&'a mut [T], &'a mut [T]),
    second: (&'a [T], &'a [T]),
}

impl<T: Float> Body for Both<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Both { part, weight, first: (m1, s1), second: (m2, s2) } = self;
        for (((m1, s1), &m2), &s2) in m1.iter_mut().zip(s1).zip(m2).zip(s2) {
            let d = m2 - *m1;
            *m1 = d.fma(part, *m1);
            *s1 = *s1 + (d * d).fma(weight, s2);
        }
    }
}
