//! Pooling over windows, channels last: maximum and average in one, two or three dimensions.
//!
//! Every loop runs over the channels, which lie together. Global pooling is a reduction, see
//! [`reduce`](crate::reduce).

mod fast;
mod window;

pub use window::{Window, WindowOptions};

use crate::cast::{same, same_mut};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::math::{Float, select};
use crate::split;
use crate::threads::{self, SharedMut};
use crate::vector::Body;

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// Its largest element; NaN when there is one.
    Max,
    /// The mean of the elements inside the input: padding does not count.
    Average,
}

impl Pool {
    const fn name(self) -> &'static str {
        match self {
            Pool::Max => "max pooling",
            Pool::Average => "average pooling",
        }
    }
}

fn check(op: &str, w: &Window, c: usize, x: usize, y: usize) -> Result<usize> {
    let image = w.inputs() * c;
    let batch = x.checked_div(image).unwrap_or(0);
    if x != batch * image || y != batch * w.outputs() * c {
        return Err(Error::Shape(format!("{op}: {x} elements in, {y} out, for {w:?} with {c} channels")));
    }
    Ok(batch)
}

/// The output positions `first..first + rows` rows of one image.
struct Forward<'a, T> {
    op: Pool,
    w: &'a Window,
    c: usize,
    x: &'a [T],
    y: &'a mut [T],
    first: usize,
}

impl<T: Float> Body for Forward<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Forward { op, w, c, x, y, first } = self;
        let [_, oh, ow] = w.output;
        // Two by two, whole: the common case reads its four rows in one loop.
        let quad = op == Pool::Max && w.kernel == [1, 2, 2];
        for (i, y) in y.chunks_exact_mut(c).enumerate() {
            let flat = first * ow + i;
            let o = [flat / (ow * oh), flat / ow % oh, flat % ow];
            if quad {
                let (ky, y0) = w.inside(1, o[1]);
                let (kx, x0) = w.inside(2, o[2]);
                if ky.len() == 2 && kx.len() == 2 && o[0] < w.input[0] {
                    let at = |j: usize, k: usize| {
                        let p = ((o[0] * w.stride[0]) * w.input[1] + y0 + j * w.dilation[1]) * w.input[2];
                        &x[(p + x0 + k * w.dilation[2]) * c..][..c]
                    };
                    let (a, b, d, e) = (at(0, 0), at(0, 1), at(1, 0), at(1, 1));
                    for k in 0..c {
                        y[k] = a[k].max_nan(b[k]).max_nan(d[k].max_nan(e[k]));
                    }
                    continue;
                }
            }
            let mut count = 0usize;
            w.places(o, |_, p| {
                let x = &x[p * c..][..c];
                if count == 0 {
                    y.copy_from_slice(x);
                } else if op == Pool::Max {
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = y.max_nan(x);
                    }
                } else {
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y = *y + x;
                    }
                }
                count += 1;
            });
            if count == 0 {
                // A window in the padding alone.
                y.fill(if op == Pool::Max { -T::INFINITY } else { T::ZERO });
            } else if op == Pool::Average {
                let n = T::lit(count as f64);
                for y in y.iter_mut() {
                    *y = *y / n;
                }
            }
        }
    }
}

/// Pools x (batch, spatial axes, c) to y (batch, window positions, c). An error when the lengths do not fit.
pub fn pool<T: Float>(op: Pool, w: &Window, c: usize, x: &[T], y: &mut [T]) -> Result {
    T::pool(op, w, c, x, y)
}

pub(crate) fn pool_of<T: Float>(op: Pool, w: &Window, c: usize, x: &[T], y: &mut [T]) -> Result {
    check(op.name(), w, c, x.len(), y.len())?;
    let [od, oh, ow] = w.output;
    let (row, image) = (ow * c, w.inputs() * c);
    if y.is_empty() {
        return Ok(());
    }
    // Whole rows of one image per piece.
    let rows = (32_768 / (row * w.kernel.iter().product::<usize>())).clamp(1, od * oh);
    let per = (od * oh).div_ceil(rows);
    let batch = y.len() / (row * od * oh);
    let shared = SharedMut::new(y);
    split::ranges(batch * per, 1, |r| {
        for k in r {
            let (n, first) = (k / per, k % per * rows);
            let rows = rows.min(od * oh - first);
            let at = (n * od * oh + first) * row;
            // SAFETY: every (n, first) has rows of its own.
            let y = unsafe { shared.slice(at..at + rows * row) };
            let x = &x[n * image..(n + 1) * image];
            if op == Pool::Max && T::DTYPE == DType::F32 {
                fast::max(w, c, same(x), same_mut(y), first);
            } else {
                T::run(Forward { op, w, c, x, y, first });
            }
        }
    });
    Ok(())
}

struct Backward<'a, T> {
    op: Pool,
    w: &'a Window,
    c: usize,
    x: &'a [T],
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
    rest: &'a mut [T],
}

impl<T: Float> Body for Backward<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Backward { op, w, c, x, y, dy, dx, rest } = self;
        let [_, oh, ow] = w.output;
        dx.fill(T::ZERO);
        for (i, dy) in dy.chunks_exact(c).enumerate() {
            let o = [i / (ow * oh), i / ow % oh, i % ow];
            if op == Pool::Average {
                let mut count = 0usize;
                w.places(o, |_, _| count += 1);
                let n = T::lit(count as f64);
                for (r, &d) in rest.iter_mut().zip(dy) {
                    *r = d / n;
                }
                w.places(o, |_, p| {
                    for (dx, &r) in dx[p * c..][..c].iter_mut().zip(rest.iter()) {
                        *dx = *dx + r;
                    }
                });
                continue;
            }
            // Each channel gives its gradient to the first place that holds the maximum, and keeps 0.
            rest.copy_from_slice(dy);
            let y = &y[i * c..][..c];
            w.places(o, |_, p| {
                let (x, dx) = (&x[p * c..][..c], &mut dx[p * c..][..c]);
                for (((dx, &x), &y), r) in dx.iter_mut().zip(x).zip(y).zip(rest.iter_mut()) {
                    let hit = x == y;
                    *dx = *dx + select(hit, *r, T::ZERO);
                    *r = select(hit, T::ZERO, *r);
                }
            });
        }
    }
}

/// dx from dy. Max pooling also needs its input x and result y (empty slices for the average).
///
/// Ties go to the first place in row-major order. An error when the lengths do not fit.
pub fn pool_backward<T: Float>(
    op: Pool,
    w: &Window,
    c: usize,
    x: &[T],
    y: &[T],
    dy: &[T],
    dx: &mut [T],
) -> Result {
    T::pool_backward(op, w, c, x, y, dy, dx)
}

pub(crate) fn pool_backward_of<T: Float>(
    op: Pool,
    w: &Window,
    c: usize,
    x: &[T],
    y: &[T],
    dy: &[T],
    dx: &mut [T],
) -> Result {
    let batch = check(op.name(), w, c, dx.len(), dy.len())?;
    if op == Pool::Max && (x.len() != dx.len() || y.len() != dy.len()) {
        return Err(Error::Shape(format!(
            "max pooling gradient: {} and {} elements of x and y",
            x.len(),
            y.len()
        )));
    }
    let (image, out) = (w.inputs() * c, w.outputs() * c);
    let shared = SharedMut::new(dx);
    threads::parallel_for_cost(batch, batch * (image + out), |n| {
        // SAFETY: every image has a part of its own.
        let dx = unsafe { shared.slice(n * image..(n + 1) * image) };
        let (i, o) = (n * image..(n + 1) * image, n * out..(n + 1) * out);
        let (x, y) = if op == Pool::Max { (&x[i], &y[o.clone()]) } else { (&[][..], &[][..]) };
        if op == Pool::Max && T::DTYPE == DType::F32 {
            return fast::max_backward(w, c, same::<T, f32>(x), same(y), same(&dy[o]), same_mut(dx));
        }
        let mut rest = vec![T::ZERO; c];
        T::run(Backward { op, w, c, x, y, dy: &dy[o], dx, rest: &mut rest });
    });
    Ok(())
}

/// What a [`pool_pick`] reads at the places of one image's maxima.
struct Pick<'a, T> {
    w: &'a Window,
    c: usize,
    x: &'a [T],
    y: &'a [T],
    g: &'a [T],
    out: &'a mut [T],
    open: &'a mut [bool],
}

impl<T: Float> Body for Pick<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Pick { w, c, x, y, g, out, open } = self;
        let [_, oh, ow] = w.output;
        out.fill(T::ZERO);
        for (i, out) in out.chunks_exact_mut(c).enumerate() {
            let o = [i / (ow * oh), i / ow % oh, i % ow];
            let y = &y[i * c..][..c];
            open.fill(true);
            w.places(o, |_, p| {
                let (x, g) = (&x[p * c..][..c], &g[p * c..][..c]);
                for ((((out, &x), &y), &g), open) in out.iter_mut().zip(x).zip(y).zip(g).zip(open.iter_mut())
                {
                    let hit = *open && x == y;
                    *out = select(hit, g, *out);
                    *open = *open && !hit;
                }
            });
        }
    }
}

/// The values of `g` (laid out as the input) at the places of max pooling's maxima: the transpose of [`pool_backward`].
///
/// Ties take the first place in row-major order; a window without a place that equals its maximum (NaN) gives 0. An
/// error when the lengths do not fit.
pub fn pool_pick<T: Float>(w: &Window, c: usize, x: &[T], y: &[T], g: &[T], out: &mut [T]) -> Result {
    T::pool_pick(w, c, x, y, g, out)
}

pub(crate) fn pool_pick_of<T: Float>(
    w: &Window,
    c: usize,
    x: &[T],
    y: &[T],
    g: &[T],
    out: &mut [T],
) -> Result {
    let batch = check(Pool::Max.name(), w, c, x.len(), y.len())?;
    if g.len() != x.len() || out.len() != y.len() {
        return Err(Error::Shape(format!(
            "max pooling: {} and {} elements of g and out",
            g.len(),
            out.len()
        )));
    }
    let (image, size) = (w.inputs() * c, w.outputs() * c);
    let shared = SharedMut::new(out);
    threads::parallel_for_cost(batch, batch * (image + size), |n| {
        // SAFETY: every image has a part of its own.
        let out = unsafe { shared.slice(n * size..(n + 1) * size) };
        let (i, o) = (n * image..(n + 1) * image, n * size..(n + 1) * size);
        let mut open = vec![true; c];
        T::run(Pick { w, c, x: &x[i.clone()], y: &y[o], g: &g[i], out, open: &mut open });
    });
    Ok(())
}

#[cfg(test)]
mod tests;
