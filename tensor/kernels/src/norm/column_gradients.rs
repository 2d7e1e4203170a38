//! The gradients of batch normalisation: sums over rows, and from them the gradient of the input.

use super::column_loops::GradientSums;
use super::columns::{WIDE, column_scales, fold, piece_rows, together};
use crate::cast::{same, same_mut};
use crate::dtype::DType;
use crate::math::{Float, select};
use crate::reduce::Number;
use crate::simd;
use crate::split;
use crate::threads::{self, SharedMut};
use crate::vector::Body;

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

/// What the gradients of a column normalisation need per column.
#[derive(Clone, Debug)]
pub struct GradientColumns<T> {
    /// 1 / sqrt(variance + epsilon).
    pub rstd: Vec<T>,
    /// gamma rstd.
    pub scale: Vec<T>,
    /// Scale, shift and upper end of what goes into the activation behind it.
    slope: Option<([Vec<T>; 2], T)>,
}

impl<T: Float> GradientColumns<T> {
    /// `activation` is beta and the upper end of relu6 (6) or relu (NaN), if one of them lies behind the normalisation.
    pub fn new(
        epsilon: T,
        gamma: &[T],
        mean: &[T],
        variance: &[T],
        activation: Option<(&[T], T)>,
    ) -> GradientColumns<T> {
        let rstd: Vec<T> = variance.iter().map(|v| T::lit(1.0) / (*v + epsilon).sqrt()).collect();
        let scale = gamma.iter().zip(&rstd).map(|(g, r)| *g * *r).collect();
        let slope = activation.map(|(beta, top)| (column_scales(epsilon, gamma, beta, mean, variance), top));
        GradientColumns { rstd, scale, slope }
    }

    /// With what lies above the normalisation, and its input.
    pub fn above<'a>(&'a self, dy: &'a [T], x: &'a [T], mean: &'a [T]) -> Above<'a, T> {
        let slope = self.slope.as_ref().map(|([scale, shift], top)| Slope { scale, shift, top: *top });
        Above { dy, x, mean, slope }
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
    pub(super) fn check(&self, name: &str) {
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
            for i in 0..n {
                let dy = match slope {
                    None => dy[i],
                    Some(Slope { scale, shift, top }) => below(dy[i], x[i], scale[i], shift[i], top),
                };
                plain[i] = plain[i] + dy;
                dot[i] = dy.fma(x[i] - mean[i], dot[i]);
            }
        }
    }
}

fn add_up<T: Float>(sums: Sums<'_, T>) {
    if T::DTYPE != DType::F32 {
        return T::run(sums);
    }
    let Sums { above: Above { dy, x, mean, slope }, plain, dot } = sums;
    let slope = slope.map(|s| Slope {
        scale: same(s.scale),
        shift: same(s.shift),
        top: same(std::slice::from_ref(&s.top))[0],
    });
    let above = Above { dy: same(dy), x: same(x), mean: same(mean), slope };
    simd::dispatch(GradientSums::new(above, same_mut(plain), same_mut(dot)));
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
    let piece = piece_rows(rows, n).min(512);
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
                add_up(Sums { above, plain, dot });
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

/// dx of batch normalisation in training, from the sums of [`column_sums`] over `count` rows, of which these may be a part.
///
/// dx = scale (dy - sum(dy) / count - (x - mean) rstd^2 sum(dy (x - mean)) / count), scale = gamma rstd.
pub fn column_backward<T: Float>(
    above: Above<'_, T>,
    count: usize,
    rstd: &[T],
    scale: &[T],
    sums: &[Vec<T>; 2],
    dx: &mut [T],
) {
    T::column_backward(above, count, rstd, scale, sums, dx)
}

pub(crate) fn column_backward_of<T: Float>(
    above: Above<'_, T>,
    count: usize,
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
    let count = T::lit(count as f64);
    let times = together(n, x.len() / n);
    let slopes = slope.map(|s| (s.times(times), s.top));
    let b: Vec<T> = (0..n).map(|i| -scale[i] * rstd[i] * rstd[i] * sums[1][i] / count).collect();
    let c: Vec<T> = (0..n).map(|i| -scale[i] * sums[0][i] / count).collect();
    let [mean, a, b, c] = [mean, scale, &b, &c].map(|v| v.repeat(times));
    let wide = n * times;
    split::chunks(dx, piece_rows(x.len().div_ceil(wide), wide) * wide, |start, dx| {
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
