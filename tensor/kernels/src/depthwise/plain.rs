//! The plain loops, for any type, multiplier, stride and dilation.

use super::Depthwise;
use crate::error::Result;
use crate::math::Float;
use crate::vector::Body;

struct Row<'a, T> {
    d: &'a Depthwise,
    x: &'a [T],
    filter: &'a [T],
    bias: &'a [T],
    y: &'a mut [T],
    i: usize,
}

impl<T: Float> Body for Row<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Row { d, x, filter, bias, y, i } = self;
        let (c, m) = (d.channels, d.multiplier);
        for (j, y) in y.chunks_exact_mut(c * m).enumerate() {
            match bias {
                [] => y.fill(T::ZERO),
                _ => y.copy_from_slice(bias),
            }
            d.window.places([0, i, j], |k, p| {
                let (x, f) = (&x[p * c..][..c], &filter[k * c * m..][..c * m]);
                if m == 1 {
                    for ((y, &x), &f) in y.iter_mut().zip(x).zip(f) {
                        *y = x.fma(f, *y);
                    }
                } else {
                    for ((y, &x), f) in y.chunks_exact_mut(m).zip(x).zip(f.chunks_exact(m)) {
                        for (y, &f) in y.iter_mut().zip(f) {
                            *y = x.fma(f, *y);
                        }
                    }
                }
            });
        }
    }
}

/// Row i of one image.
pub(super) fn row<T: Float>(d: &Depthwise, x: &[T], filter: &[T], bias: &[T], y: &mut [T], i: usize) {
    T::run(Row { d, x, filter, bias, y, i });
}

/// [`depthwise`](super::depthwise) by the plain loops on this thread, without an activation.
pub fn depthwise_plain<T: Float>(d: &Depthwise, x: &[T], filter: &[T], bias: &[T], y: &mut [T]) -> Result {
    d.check(x.len(), filter.len(), y.len())?;
    let [_, oh, ow] = d.window.output;
    let (line, image) = (ow * d.channels * d.multiplier, d.window.inputs() * d.channels);
    if line == 0 {
        return Ok(());
    }
    for (k, y) in y.chunks_exact_mut(line).enumerate() {
        let (n, i) = (k / oh, k % oh);
        row(d, &x[n * image..(n + 1) * image], filter, bias, y, i);
    }
    Ok(())
}

struct InputGradient<'a, T> {
    d: &'a Depthwise,
    dy: &'a [T],
    filter: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Body for InputGradient<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let InputGradient { d, dy, filter, dx } = self;
        let (c, m) = (d.channels, d.multiplier);
        let ow = d.window.output[2];
        dx.fill(T::ZERO);
        for (o, dy) in dy.chunks_exact(c * m).enumerate() {
            d.window.places([0, o / ow, o % ow], |k, p| {
                let (dx, f) = (&mut dx[p * c..][..c], &filter[k * c * m..][..c * m]);
                if m == 1 {
                    for ((dx, &dy), &f) in dx.iter_mut().zip(dy).zip(f) {
                        *dx = dy.fma(f, *dx);
                    }
                } else {
                    for ((dx, dy), f) in dx.iter_mut().zip(dy.chunks_exact(m)).zip(f.chunks_exact(m)) {
                        for (&dy, &f) in dy.iter().zip(f) {
                            *dx = dy.fma(f, *dx);
                        }
                    }
                }
            });
        }
    }
}

/// dx of one image.
pub(super) fn input_gradient<T: Float>(d: &Depthwise, dy: &[T], filter: &[T], dx: &mut [T]) {
    T::run(InputGradient { d, dy, filter, dx });
}

struct FilterGradient<'a, T> {
    d: &'a Depthwise,
    x: &'a [T],
    dy: &'a [T],
    df: &'a mut [T],
}

impl<T: Float> Body for FilterGradient<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let FilterGradient { d, x, dy, df } = self;
        let (c, m) = (d.channels, d.multiplier);
        let ow = d.window.output[2];
        for (o, dy) in dy.chunks_exact(c * m).enumerate() {
            d.window.places([0, o / ow, o % ow], |k, p| {
                let (x, df) = (&x[p * c..][..c], &mut df[k * c * m..][..c * m]);
                if m == 1 {
                    for ((df, &dy), &x) in df.iter_mut().zip(dy).zip(x) {
                        *df = dy.fma(x, *df);
                    }
                } else {
                    for ((df, dy), &x) in df.chunks_exact_mut(m).zip(dy.chunks_exact(m)).zip(x) {
                        for (df, &dy) in df.iter_mut().zip(dy) {
                            *df = dy.fma(x, *df);
                        }
                    }
                }
            });
        }
    }
}

/// Adds the filter gradient of one image to df.
pub(super) fn filter_gradient<T: Float>(d: &Depthwise, x: &[T], dy: &[T], df: &mut [T]) {
    T::run(FilterGradient { d, x, dy, df });
}
