//! Softmax, its logarithm, and the cross-entropy that follows it, over rows.
//!
//! Every row is shifted by its maximum first. Exponentials run over several rows at once, since rows may be
//! shorter than a vector.

use crate::cast::{same, same_mut};
use crate::dtype::{DType, Element};
use crate::elementwise::{exp_in_place, narrow_round, narrow_widen};
use crate::error::{Error, Result};
use crate::math::Float;
use crate::reduce::{Max, Number, Plus, row};
use crate::split;
use crate::threads::SharedMut;
use crate::vector::Body;

/// Elements that one piece of rows holds: a few times the innermost cache.
const PIECE: usize = 8192;

/// Softmax or its logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Softmax {
    /// e^x / sum of e^x.
    Plain,
    /// x - ln(sum of e^x).
    Log,
}

impl Softmax {
    const fn name(self) -> &'static str {
        match self {
            Softmax::Plain => "softmax",
            Softmax::Log => "log_softmax",
        }
    }
}

/// Numbers that the row kernels run on.
trait Wide: Float + Number {}
impl Wide for f32 {}
impl Wide for f64 {}

/// y = softmax of every row of n elements. Floats only.
pub fn softmax<T: Element>(kind: Softmax, x: &[T], y: &mut [T], n: usize) -> Result {
    T::softmax(kind, x, y, n)
}

pub(crate) fn softmax_of<T: Element>(kind: Softmax, x: &[T], y: &mut [T], n: usize) -> Result {
    assert!(x.len() == y.len() && x.len().is_multiple_of(n.max(1)), "{}: lengths", kind.name());
    match T::DTYPE {
        DType::F32 => forward(kind, same::<T, f32>(x), same_mut(y), n),
        DType::F64 => forward(kind, same::<T, f64>(x), same_mut(y), n),
        DType::F16 | DType::BF16 => {
            let (mut wide, mut out) = (vec![0.0f32; x.len()], vec![0.0; x.len()]);
            narrow_widen(x, &mut wide);
            forward(kind, &wide, &mut out, n);
            narrow_round(&out, y);
        }
        dtype => return Err(Error::Unsupported { op: kind.name(), dtype }),
    }
    Ok(())
}

/// dx from dy and the result y of [`softmax`]. Floats only.
///
/// Plain: y (dy - sum of dy y). Log: dy - e^y sum of dy.
pub fn softmax_backward<T: Element>(kind: Softmax, y: &[T], dy: &[T], dx: &mut [T], n: usize) -> Result {
    T::softmax_backward(kind, y, dy, dx, n)
}

pub(crate) fn softmax_backward_of<T: Element>(
    kind: Softmax,
    y: &[T],
    dy: &[T],
    dx: &mut [T],
    n: usize,
) -> Result {
    assert!(
        y.len() == dy.len() && y.len() == dx.len() && y.len().is_multiple_of(n.max(1)),
        "softmax gradient: lengths"
    );
    match T::DTYPE {
        DType::F32 => backward(kind, same::<T, f32>(y), same(dy), same_mut(dx), n),
        DType::F64 => backward(kind, same::<T, f64>(y), same(dy), same_mut(dx), n),
        DType::F16 | DType::BF16 => {
            let mut wide = [vec![0.0f32; y.len()], vec![0.0; y.len()], vec![0.0; y.len()]];
            let [a, b, c] = &mut wide;
            narrow_widen(y, a);
            narrow_widen(dy, b);
            backward(kind, a, b, c, n);
            narrow_round(c, dx);
        }
        dtype => return Err(Error::Unsupported { op: kind.name(), dtype }),
    }
    Ok(())
}

/// y = x - max of the row; NaN anywhere makes the row NaN.
struct Shift<'a, T>(&'a [T], &'a mut [T], usize);

impl<T: Wide> Body for Shift<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (x, y) in self.0.chunks_exact(self.2).zip(self.1.chunks_exact_mut(self.2)) {
            let m = row(Max, x);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = x - m;
            }
        }
    }
}

/// Divides every row by its sum.
struct Divide<'a, T>(&'a mut [T], usize);

impl<T: Wide> Body for Divide<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for y in self.0.chunks_exact_mut(self.1) {
            let scale = T::ONE / row(Plus, y);
            for y in y {
                *y = *y * scale;
            }
        }
    }
}

/// Takes the logarithm of the sum of `e` from every row of y.
struct Lower<'a, T>(&'a [T], &'a mut [T], usize);

impl<T: Wide> Body for Lower<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (e, y) in self.0.chunks_exact(self.2).zip(self.1.chunks_exact_mut(self.2)) {
            let l = row(Plus, e).ln();
            for y in y {
                *y = *y - l;
            }
        }
    }
}

fn forward<T: Wide>(kind: Softmax, x: &[T], y: &mut [T], n: usize) {
    if n == 0 {
        return;
    }
    let piece = (PIECE / n).max(1) * n;
    split::chunks(y, piece, |start, y| {
        T::run(Shift(&x[start..start + y.len()], y, n));
        match kind {
            Softmax::Plain => {
                exp_in_place(y);
                T::run(Divide(y, n));
            }
            Softmax::Log => {
                let mut e = y.to_vec();
                exp_in_place(&mut e);
                T::run(Lower(&e, y, n));
            }
        }
    });
}

struct Backward<'a, T> {
    kind: Softmax,
    /// The result, or its exponential.
    p: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
    n: usize,
}

impl<T: Wide> Body for Backward<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Backward { kind, p, dy, dx, n } = self;
        for ((p, dy), dx) in p.chunks_exact(n).zip(dy.chunks_exact(n)).zip(dx.chunks_exact_mut(n)) {
            if kind == Softmax::Log {
                let s = row(Plus, dy);
                for ((dx, &p), &dy) in dx.iter_mut().zip(p).zip(dy) {
                    *dx = (-p).fma(s, dy);
                }
                continue;
            }
            for ((dx, &p), &dy) in dx.iter_mut().zip(p).zip(dy) {
                *dx = p * dy;
            }
            let s = row(Plus, dx);
            for ((dx, &p), &dy) in dx.iter_mut().zip(p).zip(dy) {
                *dx = p * (dy - s);
            }
        }
    }
}

fn backward<T: Wide>(kind: Softmax, y: &[T], dy: &[T], dx: &mut [T], n: usize) {
    if n == 0 {
        return;
    }
    let piece = (PIECE / n).max(1) * n;
    split::chunks(dx, piece, |start, dx| {
        let (y, dy) = (&y[start..start + dx.len()], &dy[start..start + dx.len()]);
        match kind {
            Softmax::Plain => T::run(Backward { kind, p: y, dy, dx, n }),
            Softmax::Log => {
                let mut p = y.to_vec();
                exp_in_place(&mut p);
                T::run(Backward { kind, p: &p, dy, dx, n });
            }
        }
    });
}

/// What the predictions are compared with.
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a, T> {
    /// The class of every row.
    Sparse(&'a [i64]),
    /// A probability for every class of every row.
    Dense(&'a [T]),
}

/// Cross-entropy of softmax(logits) with the labels, and softmax(logits), in one pass over rows of n classes.
///
/// loss = -sum of t log_softmax(logits) per row. `probabilities` may be empty when they are not wanted.
/// Errors: a class outside 0..n, a type that is not f32 or f64 (widen narrow ones first).
pub fn cross_entropy<T: Element>(
    logits: &[T],
    labels: Labels<'_, T>,
    loss: &mut [T],
    probabilities: &mut [T],
    n: usize,
) -> Result {
    T::cross_entropy(logits, labels, loss, probabilities, n)
}

pub(crate) fn cross_entropy_of<T: Element>(
    logits: &[T],
    labels: Labels<'_, T>,
    loss: &mut [T],
    probabilities: &mut [T],
    n: usize,
) -> Result {
    let rows = loss.len();
    let given = match labels {
        Labels::Sparse(l) => l.len() * n,
        Labels::Dense(t) => t.len(),
    };
    assert!(logits.len() == rows * n && given == rows * n, "cross-entropy: lengths for {rows} rows of {n}");
    assert!(
        probabilities.is_empty() || probabilities.len() == rows * n,
        "cross-entropy: number of probabilities"
    );
    if let Labels::Sparse(l) = labels
        && let Some(i) = l.iter().position(|&c| c < 0 || c as u64 >= n as u64)
    {
        return Err(Error::Shape(format!("cross-entropy: label {} of row {i} is not in 0..{n}", l[i])));
    }
    match T::DTYPE {
        DType::F32 => {
            entropy(same::<T, f32>(logits), view(labels), same_mut(loss), same_mut(probabilities), n)
        }
        DType::F64 => {
            entropy(same::<T, f64>(logits), view(labels), same_mut(loss), same_mut(probabilities), n)
        }
        dtype => return Err(Error::Unsupported { op: "cross-entropy", dtype }),
    }
    Ok(())
}

fn view<T: Element, U: Element>(labels: Labels<'_, T>) -> Labels<'_, U> {
    match labels {
        Labels::Sparse(l) => Labels::Sparse(l),
        Labels::Dense(t) => Labels::Dense(same(t)),
    }
}

struct Entropy<'a, T> {
    /// Shifted logits, and their exponentials, which become the probabilities.
    z: &'a [T],
    e: &'a mut [T],
    labels: Labels<'a, T>,
    loss: &'a mut [T],
    n: usize,
}

impl<T: Wide> Body for Entropy<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Entropy { z, e, labels, loss, n } = self;
        for (r, loss) in loss.iter_mut().enumerate() {
            let (z, e) = (&z[r * n..(r + 1) * n], &mut e[r * n..(r + 1) * n]);
            let sum = row(Plus, e);
            let (log, scale) = (sum.ln(), T::ONE / sum);
            for e in e.iter_mut() {
                *e = *e * scale;
            }
            match labels {
                Labels::Sparse(l) => {
                    let c = l[r] as usize;
                    *loss = log - z[c];
                }
                Labels::Dense(t) => {
                    let mut total = T::ZERO;
                    for (&z, &t) in z.iter().zip(&t[r * n..(r + 1) * n]) {
                        // A label of 0 counts nothing, even at a logit of -inf.
                        let part = crate::math::select(t == T::ZERO, T::ZERO, t * (log - z));
                        total = total + part;
                    }
                    *loss = total;
                }
            }
        }
    }
}

fn entropy<T: Wide>(logits: &[T], labels: Labels<'_, T>, loss: &mut [T], probabilities: &mut [T], n: usize) {
    if n == 0 {
        return loss.fill(T::ZERO);
    }
    let piece = (PIECE / n).max(1);
    let wanted = !probabilities.is_empty();
    let probabilities = SharedMut::new(probabilities);
    split::chunks(loss, piece, |start, loss| {
        let range = start * n..(start + loss.len()) * n;
        let mut z = vec![T::ZERO; range.len()];
        T::run(Shift(&logits[range.clone()], &mut z, n));
        let labels = match labels {
            Labels::Sparse(l) => Labels::Sparse(&l[start..start + loss.len()]),
            Labels::Dense(t) => Labels::Dense(&t[range.clone()]),
        };
        let mut own = Vec::new();
        let e: &mut [T] = if wanted {
            // SAFETY: the pieces of rows do not overlap.
            unsafe { probabilities.slice(range) }
        } else {
            own.resize(range.len(), T::ZERO);
            &mut own
        };
        e.copy_from_slice(&z);
        exp_in_place(e);
        T::run(Entropy { z: &z, e, labels, loss, n });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    fn values(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 37 % 101) as f64 - 50.0) * 0.17).collect()
    }

    fn plain(x: &[f64], n: usize) -> Vec<f64> {
        let mut y = Vec::new();
        for row in x.chunks(n) {
            let m = row.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
            let s: f64 = row.iter().map(|v| (v - m).exp()).sum();
            y.extend(row.iter().map(|v| (v - m).exp() / s));
        }
        y
    }

    const CASES: [(usize, usize); 9] =
        [(0, 3), (1, 1), (3, 2), (5, 10), (32, 10), (17, 33), (2, 1000), (1, 20_000), (4000, 10)];

    #[test]
    fn rows_agree_with_a_plain_evaluation_on_any_number_of_threads() {
        for (rows, n) in CASES {
            let wide = values(rows * n);
            let expected = plain(&wide, n);
            let x: Vec<f32> = wide.iter().map(|v| *v as f32).collect();
            for kind in [Softmax::Plain, Softmax::Log] {
                let run = |t| {
                    let mut y = vec![9.0f32; x.len()];
                    threads::with_num_threads(t, || softmax(kind, &x, &mut y, n)).unwrap();
                    y
                };
                let y = run(1);
                assert_eq!(y, run(4), "{kind:?} {rows} x {n}");
                for (y, e) in y.iter().zip(&expected) {
                    let e = if kind == Softmax::Log { e.ln() } else { *e };
                    // A logarithm near 0 is that of a sum near 1, whose rounding it keeps.
                    let size = if kind == Softmax::Log { e.abs().max(0.1) } else { e.abs().max(1e-3) };
                    assert!(
                        (f64::from(*y) - e).abs() <= 3e-6 * size,
                        "{kind:?} {rows} x {n}: {e}, found {y}"
                    );
                }
            }
        }
    }

    #[test]
    fn gradients_agree_with_differences() {
        let (rows, n) = (3, 5);
        let (x, dy) = (values(rows * n), values(2 * rows * n)[rows * n..].to_vec());
        for kind in [Softmax::Plain, Softmax::Log] {
            let value = |x: &[f64]| {
                let mut y = vec![0.0; x.len()];
                softmax(kind, x, &mut y, n).unwrap();
                y.iter().zip(&dy).map(|(y, d)| y * d).sum::<f64>()
            };
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            softmax(kind, &x, &mut y, n).unwrap();
            softmax_backward(kind, &y, &dy, &mut dx, n).unwrap();
            for i in 0..x.len() {
                let mut p = x.clone();
                p[i] += 1e-5;
                let up = value(&p);
                p[i] -= 2e-5;
                let slope = (up - value(&p)) / 2e-5;
                assert!((slope - dx[i]).abs() < 1e-7, "{kind:?} at {i}: {slope}, found {}", dx[i]);
            }
        }
    }

    #[test]
    fn cross_entropy_of_both_kinds_of_labels() {
        for (rows, n) in CASES.into_iter().filter(|c| c.1 > 1) {
            let wide = values(rows * n);
            let p = plain(&wide, n);
            let x: Vec<f32> = wide.iter().map(|v| *v as f32).collect();
            let classes: Vec<i64> = (0..rows).map(|r| (r * 7 % n) as i64).collect();
            let mut dense = vec![0.0f32; rows * n];
            for (r, c) in classes.iter().enumerate() {
                dense[r * n + *c as usize] = 1.0;
            }
            let mut results = Vec::new();
            for labels in [Labels::Sparse(&classes), Labels::Dense(&dense)] {
                let (mut loss, mut found) = (vec![0.0f32; rows], vec![0.0f32; rows * n]);
                cross_entropy(&x, labels, &mut loss, &mut found, n).unwrap();
                let mut alone = vec![0.0f32; rows];
                cross_entropy(&x, labels, &mut alone, &mut [], n).unwrap();
                assert_eq!(loss, alone);
                for r in 0..rows {
                    let e = -p[r * n + classes[r] as usize].ln();
                    assert!(
                        (f64::from(loss[r]) - e).abs() <= 4e-6 * e.max(1.0),
                        "{rows} x {n}: {e}, found {}",
                        loss[r]
                    );
                }
                for i in 0..rows * n {
                    let e = p[i];
                    assert!((f64::from(found[i]) - e).abs() <= 2e-6, "{rows} x {n}: {e}, found {}", found[i]);
                }
                results.push(found);
            }
            assert_eq!(results[0], results[1]);
        }
        let error =
            cross_entropy(&[0.0f32; 4], Labels::Sparse(&[1, 2]), &mut [0.0; 2], &mut [], 2).unwrap_err();
        assert_eq!(error.to_string(), "cross-entropy: label 2 of row 1 is not in 0..2");
    }
}
