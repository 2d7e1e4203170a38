//! Batch normalisation in parts: statistics, a scale and offset per column, and the gradients.
//!
//! x is (rows, n) with n the channels. Sums over rows are cut into pieces by shape and joined as a tree.

use crate::elementwise::Unary;
use crate::math::{Float, select};
use crate::reduce::Number;
use crate::split;
use crate::threads::{self, SharedMut};
use crate::vector::Body;

/// Elements of one piece of rows: it is read twice, so it stays in the second cache.
const PIECE: usize = 32_768;

fn piece_rows(n: usize) -> usize {
    (PIECE / n.max(1)).clamp(8, 1 << 14)
}

/// Columns up to which several short rows are taken as a wide one, so that vectors fill.
const SHORT: usize = 64;
/// Columns of a wide row at most.
const WIDE: usize = 256;

/// How many of `rows` rows of n elements are taken as one.
fn together(n: usize, rows: usize) -> usize {
    if n < SHORT { (WIDE / n).min(rows).max(1) } else { 1 }
}

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

/// Mean of a piece of rows, and sum of squared distances from it.
fn moments_of_piece<T: Float>(x: &[T], sum: &mut [T], square: &mut [T]) {
    let n = sum.len();
    // The first row as origin: distances from it are small when the spread is.
    let first = &x[..n];
    let times = together(n, x.len() / n);
    if times == 1 {
        T::run(Piece { x, origin: first, sum, square });
    } else {
        let (mut sums, mut squares, origins) = ([T::ZERO; WIDE], [T::ZERO; WIDE], first.repeat(times));
        let wide = n * times;
        let (head, tail) = x.split_at(x.len() / wide * wide);
        for (x, n) in [(head, wide), (tail, n)] {
            let (sum, square) = (&mut sums[..n], &mut squares[..n]);
            T::run(Piece { x, origin: &origins[..n], sum, square });
        }
        fold(&sums[..wide], sum);
        fold(&squares[..wide], square);
    }
    let count = T::lit((x.len() / n) as f64);
    for ((s, q), &o) in sum.iter_mut().zip(square).zip(first) {
        let mean = *s / count;
        // Sum of (d - mean)^2; rounding may leave it just below zero.
        let m2 = (-mean).fma(*s, *q);
        *q = select(m2 < T::ZERO, T::ZERO, m2);
        *s = o + mean;
    }
}

/// Adds the sums over wide rows up to those over columns.
fn fold<T: Float>(wide: &[T], sums: &mut [T]) {
    for part in wide.chunks_exact(sums.len()) {
        sums.iter_mut().zip(part).for_each(|(s, &p)| *s = *s + p);
    }
}

/// Mean and variance of the columns of x, n elements per row, in one pass over memory.
///
/// Pieces are joined by Chan's formula, which does not cancel. Zero rows give NaN.
pub fn column_moments<T: Float + Number>(x: &[T], n: usize) -> Moments<T> {
    T::column_moments(x, n)
}

pub(crate) fn column_moments_of<T: Float + Number>(x: &[T], n: usize) -> Moments<T> {
    let nan = T::lit(f64::NAN);
    let mut moments = Moments { mean: vec![nan; n], variance: vec![nan; n] };
    if x.is_empty() || n == 0 {
        return moments;
    }
    assert!(x.len().is_multiple_of(n), "column_moments: {} elements in rows of {n}", x.len());
    let rows = x.len() / n;
    let piece = piece_rows(n);
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
    join(&counts, &mut means, &mut squares, n);
    let count = T::lit(rows as f64);
    moments.mean.copy_from_slice(&means[..n]);
    moments.variance.iter_mut().zip(&squares).for_each(|(v, s)| *v = *s / count);
    moments
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
    let total = (a + b) as f64;
    let (part, weight) = (T::lit(b as f64 / total), T::lit(a as f64 * b as f64 / total));
    for i in 0..n {
        let d = m2[i] - m1[i];
        m1[i] = d.fma(part, m1[i]);
        s1[i] = s1[i] + (d * d).fma(weight, s2[i]);
    }
    a + b
}

/// What batch normalisation multiplies by and adds, per column: scale = gamma / sqrt(variance + epsilon), shift =
/// beta - mean scale.
pub fn column_scales<T: Float>(
    epsilon: T,
    gamma: &[T],
    beta: &[T],
    mean: &[T],
    variance: &[T],
) -> [Vec<T>; 2] {
    let scale: Vec<T> = variance.iter().zip(gamma).map(|(v, g)| *g / (*v + epsilon).sqrt()).collect();
    let shift = beta.iter().zip(mean).zip(&scale).map(|((b, m), s)| *b - *m * *s).collect();
    [scale, shift]
}

struct Affine<'a, T> {
    x: &'a [T],
    scale: &'a [T],
    shift: &'a [T],
    /// Upper bound after relu; infinite for relu, none for no activation.
    relu: Option<T>,
    y: &'a mut [T],
}

impl<T: Float> Body for Affine<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Affine { x, scale, shift, relu, y } = self;
        let n = scale.len();
        for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
            match relu {
                None => {
                    for (((y, &x), &a), &b) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                        *y = x.fma(a, b);
                    }
                }
                Some(top) => {
                    for (((y, &x), &a), &b) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                        let v = x.fma(a, b);
                        let v = select(v < T::ZERO, T::ZERO, v);
                        *y = select(v > top, top, v);
                    }
                }
            }
        }
    }
}

/// y = x scale + shift per column, then `activation`, which may be relu or relu6.
///
/// [`column_scales`] are those of batch normalisation. Panics when lengths do not fit or for another activation.
pub fn column_affine<T: Float>(x: &[T], scale: &[T], shift: &[T], activation: Option<Unary>, y: &mut [T]) {
    T::column_affine(x, scale, shift, activation, y)
}

pub(crate) fn column_affine_of<T: Float>(
    x: &[T],
    scale: &[T],
    shift: &[T],
    activation: Option<Unary>,
    y: &mut [T],
) {
    let n = scale.len();
    assert!(
        x.len() == y.len() && shift.len() == n && (n == 0 || x.len().is_multiple_of(n)),
        "column_affine: lengths"
    );
    let relu = match activation {
        None => None,
        Some(Unary::Relu) => Some(T::INFINITY),
        Some(Unary::Relu6) => Some(T::lit(6.0)),
        Some(other) => panic!("column_affine: {} is not fused", other.name()),
    };
    if n == 0 {
        return;
    }
    let repeat = together(n, x.len() / n);
    let (scale, shift) = (scale.repeat(repeat), shift.repeat(repeat));
    let wide = n * repeat;
    split::chunks(y, piece_rows(wide) * wide, |start, y| {
        let whole = y.len() / wide * wide;
        let x = &x[start..start + y.len()];
        let (y, tail) = y.split_at_mut(whole);
        T::run(Affine { x: &x[..whole], scale: &scale, shift: &shift, relu, y });
        if !tail.is_empty() {
            let (scale, shift) = (&scale[..n], &shift[..n]);
            T::run(Affine { x: &x[whole..], scale, shift, relu, y: tail });
        }
    });
}

/// The slope of relu or relu6 at y = x scale + shift: 1 where 0 < y and not y >= top, else 0.
#[derive(Clone, Copy, Debug)]
pub struct Slope<'a, T> {
    /// One factor per column.
    pub scale: &'a [T],
    /// One summand per column.
    pub shift: &'a [T],
    /// 6 for relu6; NaN for relu, which has no upper end.
    pub top: T,
}

impl<T: Float> Slope<'_, T> {
    fn times(&self, times: usize) -> [Vec<T>; 2] {
        [self.scale.repeat(times), self.shift.repeat(times)]
    }
}

/// What the gradients of a column normalisation are computed from.
#[derive(Clone, Copy, Debug)]
pub struct Above<'a, T> {
    /// The gradient above the normalisation, or above the activation behind it.
    pub dy: &'a [T],
    /// The input of the normalisation.
    pub x: &'a [T],
    /// Mean per column.
    pub mean: &'a [T],
    /// The slope of the activation behind it, if `dy` is the gradient above that.
    pub slope: Option<Slope<'a, T>>,
}

impl<T> Above<'_, T> {
    fn check(&self, name: &str) {
        let n = self.mean.len();
        let fits = self.x.len() == self.dy.len() && (n == 0 || self.x.len().is_multiple_of(n));
        let columns = self.slope.as_ref().is_none_or(|s| s.scale.len() == n && s.shift.len() == n);
        assert!(fits && columns, "{name}: lengths");
    }
}

/// The gradient below the activation at one place.
#[inline(always)]
fn below<T: Float>(dy: T, x: T, scale: T, shift: T, top: T) -> T {
    let y = x.fma(scale, shift);
    select((y > T::ZERO) & !(y >= top), dy, T::ZERO)
}

struct Sums<'a, T> {
    above: Above<'a, T>,
    plain: &'a mut [T],
    dot: &'a mut [T],
}

impl<T: Float> Body for Sums<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Sums { above: Above { dy, x, mean, slope }, plain, dot } = self;
        let n = mean.len();
        for (dy, x) in dy.chunks_exact(n).zip(x.chunks_exact(n)) {
            match slope {
                None => {
                    for ((((p, d), &dy), &x), &m) in
                        plain.iter_mut().zip(dot.iter_mut()).zip(dy).zip(x).zip(mean)
                    {
                        *p = *p + dy;
                        *d = dy.fma(x - m, *d);
                    }
                }
                Some(Slope { scale, shift, top }) => {
                    let columns = plain.iter_mut().zip(dot.iter_mut()).zip(scale.iter().zip(shift));
                    for ((((p, d), (&a, &b)), (&dy, &x)), &m) in columns.zip(dy.iter().zip(x)).zip(mean) {
                        let dy = below(dy, x, a, b, top);
                        *p = *p + dy;
                        *d = dy.fma(x - m, *d);
                    }
                }
            }
        }
    }
}

/// Per column: the sum of dy, and the sum of dy (x - mean), dy taken below the activation if there is one.
///
/// They are dbeta, and dgamma when multiplied with 1 / sqrt(variance + epsilon).
pub fn column_sums<T: Float + Number>(above: Above<'_, T>) -> [Vec<T>; 2] {
    T::column_sums(above)
}

pub(crate) fn column_sums_of<T: Float + Number>(above: Above<'_, T>) -> [Vec<T>; 2] {
    above.check("column_sums");
    let Above { dy, x, mean, slope } = above;
    let n = mean.len();
    if n == 0 || x.is_empty() {
        return [vec![T::ZERO; n], vec![T::ZERO; n]];
    }
    let rows = x.len() / n;
    let piece = piece_rows(n).min(512);
    let pieces = rows.div_ceil(piece);
    let times = together(n, piece.min(rows));
    let (means, wide) = (mean.repeat(times), n * times);
    let slopes = slope.map(|s| (s.times(times), s.top));
    let (mut plain, mut dot) = (vec![T::ZERO; pieces * n], vec![T::ZERO; pieces * n]);
    {
        let (plain, dot) = (SharedMut::new(&mut plain), SharedMut::new(&mut dot));
        threads::parallel_for_cost(pieces, x.len() / 2, |k| {
            let e = k * piece * n..((k + 1) * piece).min(rows) * n;
            // SAFETY: every piece has a part of its own.
            let (plain, dot) = unsafe { (plain.slice(k * n..(k + 1) * n), dot.slice(k * n..(k + 1) * n)) };
            let whole = e.start + e.len() / wide * wide;
            let (mut plains, mut dots) = ([T::ZERO; WIDE], [T::ZERO; WIDE]);
            for (part, n) in [(e.start..whole, wide), (whole..e.end, n)] {
                let slope = slopes.as_ref().map(|([scale, shift], top)| Slope {
                    scale: &scale[..n],
                    shift: &shift[..n],
                    top: *top,
                });
                let above = Above { dy: &dy[part.clone()], x: &x[part], mean: &means[..n], slope };
                let (plain, dot) = match times {
                    1 => (&mut *plain, &mut *dot),
                    _ => (&mut plains[..n], &mut dots[..n]),
                };
                T::run(Sums { above, plain, dot });
            }
            if times > 1 {
                fold(&plains[..wide], plain);
                fold(&dots[..wide], dot);
            }
        });
    }
    [plain, dot].map(|parts| {
        let mut out = vec![T::ZERO; n];
        crate::reduce::pass(crate::reduce::Plus, &parts, &mut out, [1, pieces, n]);
        out
    })
}

struct Backward<'a, T> {
    above: Above<'a, T>,
    a: &'a [T],
    b: &'a [T],
    c: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Body for Backward<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Backward { above: Above { dy, x, mean, slope }, a, b, c, dx } = self;
        let n = a.len();
        // Equal lengths in sight let the compiler drop the bound checks.
        let (mean, b, c) = (&mean[..n], &b[..n], &c[..n]);
        for ((dy, x), dx) in dy.chunks_exact(n).zip(x.chunks_exact(n)).zip(dx.chunks_exact_mut(n)) {
            match slope {
                None => {
                    for i in 0..n {
                        dx[i] = dy[i].fma(a[i], (x[i] - mean[i]).fma(b[i], c[i]));
                    }
                }
                Some(Slope { scale, shift, top }) => {
                    let (scale, shift) = (&scale[..n], &shift[..n]);
                    for i in 0..n {
                        let dy = below(dy[i], x[i], scale[i], shift[i], top);
                        dx[i] = dy.fma(a[i], (x[i] - mean[i]).fma(b[i], c[i]));
                    }
                }
            }
        }
    }
}

/// dx of batch normalisation in training, from the sums of [`column_sums`] over `count` rows.
///
/// dx = scale (dy - sum(dy) / count - (x - mean) rstd^2 sum(dy (x - mean)) / count), scale = gamma rstd.
pub fn column_backward<T: Float>(
    above: Above<'_, T>,
    rstd: &[T],
    scale: &[T],
    sums: &[Vec<T>; 2],
    dx: &mut [T],
) {
    T::column_backward(above, rstd, scale, sums, dx)
}

pub(crate) fn column_backward_of<T: Float>(
    above: Above<'_, T>,
    rstd: &[T],
    scale: &[T],
    sums: &[Vec<T>; 2],
    dx: &mut [T],
) {
    above.check("column_backward");
    let Above { dy, x, mean, slope } = above;
    let n = mean.len();
    assert!(x.len() == dx.len(), "column_backward: lengths");
    assert!(
        rstd.len() == n && scale.len() == n && sums.iter().all(|s| s.len() == n),
        "column_backward: columns"
    );
    if n == 0 || x.is_empty() {
        return;
    }
    let count = T::lit((x.len() / n) as f64);
    let times = together(n, x.len() / n);
    let slopes = slope.map(|s| (s.times(times), s.top));
    let b: Vec<T> = (0..n).map(|i| -scale[i] * rstd[i] * rstd[i] * sums[1][i] / count).collect();
    let c: Vec<T> = (0..n).map(|i| -scale[i] * sums[0][i] / count).collect();
    let [mean, a, b, c] = [mean, scale, &b, &c].map(|v| v.repeat(times));
    let wide = n * times;
    split::chunks(dx, piece_rows(wide) * wide, |start, dx| {
        let whole = dx.len() / wide * wide;
        for (part, n) in [(0..whole, wide), (whole..dx.len(), n)] {
            let at = start + part.start..start + part.end;
            let slope = slopes.as_ref().map(|([scale, shift], top)| Slope {
                scale: &scale[..n],
                shift: &shift[..n],
                top: *top,
            });
            let above = Above { dy: &dy[at.clone()], x: &x[at], mean: &mean[..n], slope };
            T::run(Backward { above, a: &a[..n], b: &b[..n], c: &c[..n], dx: &mut dx[part] });
        }
    });
}
