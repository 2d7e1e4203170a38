//! Columns of (rows, n) with n the channels, as batch normalisation takes them: a scale and an offset for each, and how
//! rows are cut. Statistics ([`column_moments`](super::column_moments)) and gradients ([`column_sums`](super::column_sums),
//! [`column_backward`](super::column_backward)) are cut in the same way.

use crate::elementwise::Unary;
use crate::math::{Float, select};
use crate::split;
use crate::vector::Body;

/// Elements of a piece at most, but for rows that are longer than an eighth of it.
const PIECE: usize = 32_768;
/// Rows of a piece at least.
const LEAST: usize = 8;

/// Rows of a piece, by shape alone. Several pieces are a multiple of four of nearly the same size, so that no thread
/// waits for another's last one.
pub(super) fn piece_rows(rows: usize, n: usize) -> usize {
    let pieces = (rows * n).div_ceil(PIECE);
    if pieces <= 1 { rows.max(1) } else { rows.div_ceil(pieces.next_multiple_of(4)).max(LEAST) }
}

/// Columns up to which several short rows are taken as a wide one, so that vectors fill.
const SHORT: usize = 64;
/// Columns of a wide row at most.
pub(super) const WIDE: usize = 256;

/// How many of `rows` rows of n elements are taken as one.
pub(super) fn together(n: usize, rows: usize) -> usize {
    if n < SHORT { (WIDE / n).min(rows).max(1) } else { 1 }
}

/// Adds the sums over wide rows up to those over columns.
pub(super) fn fold<T: Float>(wide: &[T], sums: &mut [T]) {
    for part in wide.chunks_exact(sums.len()) {
        sums.iter_mut().zip(part).for_each(|(s, &p)| *s = *s + p);
    }
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
    split::chunks(y, piece_rows(x.len().div_ceil(wide), wide) * wide, |start, y| {
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
