//! Layer normalisation: every row has mean 0 and variance 1 before scale and offset.

use crate::math::Float;
use crate::reduce::{Number, Plus, pairwise, row};
use crate::threads::{self, SharedMut};
use crate::vector::Body;

/// Elements that one piece of rows holds.
const PIECE: usize = 16_384;

struct Forward<'a, T> {
    x: &'a [T],
    gamma: &'a [T],
    beta: &'a [T],
    epsilon: T,
    y: &'a mut [T],
    mean: &'a mut [T],
    rstd: &'a mut [T],
    n: usize,
}

impl<T: Float + Number> Body for Forward<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Forward { x, gamma, beta, epsilon, y, mean, rstd, n } = self;
        let count = T::lit(n as f64);
        for (r, (x, y)) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)).enumerate() {
            let m = row(Plus, x) / count;
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - m) * (x - m);
            }
            let s = T::ONE / (row(Plus, y) / count + epsilon).sqrt();
            (mean[r], rstd[r]) = (m, s);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - m) * s;
            }
            if !gamma.is_empty() {
                for (y, &g) in y.iter_mut().zip(gamma) {
                    *y = *y * g;
                }
            }
            if !beta.is_empty() {
                for (y, &b) in y.iter_mut().zip(beta) {
                    *y = *y + b;
                }
            }
        }
    }
}

/// y = (x - mean) rstd gamma + beta per row of n elements, rstd = 1 / sqrt(variance + epsilon).
///
/// `gamma` and `beta` have n elements, or none for 1 and 0. `mean` and `rstd` get one element per row. The variance
/// is the biased one. Panics when lengths do not fit.
pub fn row_norm<T: Float + Number>(
    x: &[T],
    gamma: &[T],
    beta: &[T],
    epsilon: T,
    y: &mut [T],
    mean: &mut [T],
    rstd: &mut [T],
    n: usize,
) {
    T::row_norm(x, gamma, beta, epsilon, y, mean, rstd, n)
}

pub(crate) fn row_norm_of<T: Float + Number>(
    x: &[T],
    gamma: &[T],
    beta: &[T],
    epsilon: T,
    y: &mut [T],
    mean: &mut [T],
    rstd: &mut [T],
    n: usize,
) {
    let rows = mean.len();
    assert!(
        x.len() == rows * n && y.len() == rows * n && rstd.len() == rows,
        "row_norm: lengths for rows of {n}"
    );
    assert!([0, n].contains(&gamma.len()) && [0, n].contains(&beta.len()), "row_norm: gamma and beta of {n}");
    if n == 0 {
        return;
    }
    let piece = (PIECE / n).max(1);
    let (y, mean, rstd) = (SharedMut::new(y), SharedMut::new(mean), SharedMut::new(rstd));
    threads::parallel_for_cost(rows.div_ceil(piece), rows * n, |k| {
        let r = k * piece..((k + 1) * piece).min(rows);
        let e = r.start * n..r.end * n;
        // SAFETY: the pieces of rows do not overlap.
        let (y, mean, rstd) = unsafe { (y.slice(e.clone()), mean.slice(r.clone()), rstd.slice(r)) };
        T::run(Forward { x: &x[e], gamma, beta, epsilon, y, mean, rstd, n });
    });
}

/// What [`row_norm_backward`] writes.
#[derive(Debug)]
pub struct RowGradients<'a, T> {
    /// With respect to x.
    pub dx: &'a mut [T],
    /// With respect to gamma; n elements, or none when not wanted.
    pub dgamma: &'a mut [T],
    /// With respect to beta; n elements, or none when not wanted.
    pub dbeta: &'a mut [T],
}

struct Backward<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    gamma: &'a [T],
    mean: &'a [T],
    rstd: &'a [T],
    dx: &'a mut [T],
    dgamma: &'a mut [T],
    dbeta: &'a mut [T],
    /// Two rows of scratch.
    g: &'a mut [T],
    h: &'a mut [T],
    n: usize,
}

impl<T: Float + Number> Body for Backward<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Backward { dy, x, gamma, mean, rstd, dx, dgamma, dbeta, g, h, n } = self;
        let count = T::lit(n as f64);
        for (r, ((x, dy), dx)) in
            x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(dx.chunks_exact_mut(n)).enumerate()
        {
            let (m, s) = (mean[r], rstd[r]);
            for (h, &x) in h.iter_mut().zip(x) {
                *h = (x - m) * s;
            }
            for ((d, &h), &dy) in dgamma.iter_mut().zip(h.iter()).zip(dy) {
                *d = dy.fma(h, *d);
            }
            for (d, &dy) in dbeta.iter_mut().zip(dy) {
                *d = *d + dy;
            }
            match gamma {
                [] => g.copy_from_slice(dy),
                _ => g.iter_mut().zip(dy).zip(gamma).for_each(|((g, &dy), &w)| *g = dy * w),
            }
            for ((dx, &g), &h) in dx.iter_mut().zip(g.iter()).zip(h.iter()) {
                *dx = g * h;
            }
            let (a, b) = (row(Plus, g) / count, row(Plus, dx) / count);
            for ((dx, &g), &h) in dx.iter_mut().zip(g.iter()).zip(h.iter()) {
                *dx = s * (g - a - h * b);
            }
        }
    }
}

/// Gradients of [`row_norm`] from dy, x, gamma (or none) and the saved mean and rstd.
///
/// dx = rstd (g - mean(g) - xhat mean(g xhat)) with g = dy gamma and xhat = (x - mean) rstd.
pub fn row_norm_backward<T: Float + Number>(
    dy: &[T],
    x: &[T],
    gamma: &[T],
    mean: &[T],
    rstd: &[T],
    out: RowGradients<'_, T>,
    n: usize,
) {
    T::row_norm_backward(dy, x, gamma, mean, rstd, out, n)
}

pub(crate) fn row_norm_backward_of<T: Float + Number>(
    dy: &[T],
    x: &[T],
    gamma: &[T],
    mean: &[T],
    rstd: &[T],
    out: RowGradients<'_, T>,
    n: usize,
) {
    let rows = mean.len();
    let RowGradients { dx, dgamma, dbeta } = out;
    let fits = [dy.len(), x.len(), dx.len()].iter().all(|&l| l == rows * n) && rstd.len() == rows;
    assert!(fits, "row_norm gradient: lengths for {rows} rows of {n}");
    let optional = [gamma.len(), dgamma.len(), dbeta.len()].iter().all(|l| [0, n].contains(l));
    assert!(optional, "row_norm gradient: gamma, dgamma and dbeta of {n}");
    if n == 0 {
        return;
    }
    // Every piece of rows has sums of its own, which then join as a tree.
    let piece = (PIECE / n).max(1);
    let pieces = rows.div_ceil(piece);
    let (mut sg, mut sb) = (vec![T::ZERO; pieces * dgamma.len()], vec![T::ZERO; pieces * dbeta.len()]);
    {
        let (wg, wb) = (dgamma.len(), dbeta.len());
        let (dx, sg, sb) = (SharedMut::new(dx), SharedMut::new(&mut sg), SharedMut::new(&mut sb));
        threads::parallel_for_cost(pieces, rows * n, |k| {
            let r = k * piece..((k + 1) * piece).min(rows);
            let e = r.start * n..r.end * n;
            // SAFETY: the pieces of rows do not overlap, nor do their sums.
            let (dx, dgamma, dbeta) = unsafe {
                (dx.slice(e.clone()), sg.slice(k * wg..(k + 1) * wg), sb.slice(k * wb..(k + 1) * wb))
            };
            let (mut g, mut h) = (vec![T::ZERO; n], vec![T::ZERO; n]);
            let (x, dy, mean, rstd) = (&x[e.clone()], &dy[e], &mean[r.clone()], &rstd[r]);
            T::run(Backward { dy, x, gamma, mean, rstd, dx, dgamma, dbeta, g: &mut g, h: &mut h, n });
        });
    }
    for (out, sums) in [(dgamma, sg), (dbeta, sb)] {
        let mut column = vec![T::ZERO; pieces];
        for (i, o) in out.iter_mut().enumerate() {
            column.iter_mut().enumerate().for_each(|(k, c)| *c = sums[k * n + i]);
            *o = pairwise(Plus, &column);
        }
    }
}
