//! Depthwise convolution, channels last: every channel has filters of its own.
//!
//! x is (batch, h, w, c), the filter (kh, kw, c, m), y (batch, oh, ow, c m):
//!
//! `y[b, i, j, c m + q] = sum over (ki, kj) of x[b, i s + ki d - pad, j s + kj d - pad, c] f[ki, kj, c, q]`
//!
//! f32 with m = 1 keeps four outputs of a vector of channels in registers, so a filter element is loaded
//! once for four products. Everything else takes the plain loops, which are also what the tests compare with.

mod fast;
mod plain;

pub use plain::depthwise_plain;

use crate::cast::{same, same_mut};
use crate::dtype::DType;
use crate::elementwise::{Unary, unary_tile};
use crate::error::{Error, Result};
use crate::math::Float;
use crate::pool::Window;
use crate::stream;
use crate::threads::{self, SharedMut};

/// Sizes of a depthwise convolution.
#[derive(Clone, Debug)]
pub struct Depthwise {
    /// The sliding window, over two axes.
    pub window: Window,
    /// Input channels.
    pub channels: usize,
    /// Filters per channel.
    pub multiplier: usize,
}

impl Depthwise {
    fn check(&self, x: usize, filter: usize, y: usize) -> Result<usize> {
        let (c, m) = (self.channels, self.multiplier);
        let image = self.window.inputs() * c;
        let batch = x.checked_div(image).unwrap_or(0);
        let fits = self.window.output().len() == 2
            && x == batch * image
            && filter == self.taps() * c * m
            && y == batch * self.window.outputs() * c * m;
        if !fits {
            return Err(Error::Shape(format!(
                "depthwise convolution: {x} elements in, {filter} in the filter, {y} out, for {self:?}"
            )));
        }
        Ok(batch)
    }

    fn taps(&self) -> usize {
        self.window.kernel.iter().product()
    }
}

/// y = activation(convolution of x + bias). `bias` has an element per output channel, or none.
///
/// An error when lengths do not fit.
pub fn depthwise<T: Float>(
    d: &Depthwise,
    x: &[T],
    filter: &[T],
    bias: &[T],
    activation: Option<Unary>,
    y: &mut [T],
) -> Result {
    T::depthwise(d, x, filter, bias, activation, y)
}

pub(crate) fn depthwise_of<T: Float>(
    d: &Depthwise,
    x: &[T],
    filter: &[T],
    bias: &[T],
    activation: Option<Unary>,
    y: &mut [T],
) -> Result {
    d.check(x.len(), filter.len(), y.len())?;
    let channels = d.channels * d.multiplier;
    if !bias.is_empty() && bias.len() != channels {
        return Err(Error::Shape(format!(
            "depthwise convolution: {} biases for {channels} channels",
            bias.len()
        )));
    }
    if y.is_empty() {
        return Ok(());
    }
    let [_, oh, ow] = d.window.output;
    let (row, image) = (ow * channels, d.window.inputs() * d.channels);
    let rows = (32_768 / (row * d.taps())).clamp(1, oh);
    let per = oh.div_ceil(rows);
    let batch = y.len() / (oh * row);
    // What an activation would read again is not streamed.
    let streamed =
        T::DTYPE == DType::F32 && d.multiplier == 1 && activation.is_none() && stream::pays::<T>(y.len());
    let shared = SharedMut::new(y);
    threads::parallel_for_cost(batch * per, batch * oh * row * d.taps() / 8, |k| {
        let (n, first) = (k / per, k % per * rows);
        let x = &x[n * image..(n + 1) * image];
        for i in first..(first + rows).min(oh) {
            // SAFETY: every (n, i) is a row of its own.
            let y = unsafe { shared.slice((n * oh + i) * row..(n * oh + i + 1) * row) };
            if T::DTYPE == DType::F32 && d.multiplier == 1 {
                fast::row(d, same::<T, f32>(x), same(filter), same(bias), same_mut(y), i, streamed);
            } else {
                plain::row(d, x, filter, bias, y, i);
            }
            unary_tile(activation, y);
        }
        if streamed {
            stream::fence();
        }
    });
    Ok(())
}

/// Gradient with respect to the input. An error when lengths do not fit.
pub fn depthwise_input_gradient<T: Float>(d: &Depthwise, dy: &[T], filter: &[T], dx: &mut [T]) -> Result {
    T::depthwise_input_gradient(d, dy, filter, dx)
}

pub(crate) fn depthwise_input_gradient_of<T: Float>(
    d: &Depthwise,
    dy: &[T],
    filter: &[T],
    dx: &mut [T],
) -> Result {
    let batch = d.check(dx.len(), filter.len(), dy.len())?;
    let w = &d.window;
    if T::DTYPE == DType::F32 && d.multiplier == 1 && w.stride == [1; 3] && w.dilation == [1; 3] {
        // With unit steps the gradient is a convolution too: the filter turned around, the padding complemented.
        if let Some(turned) = turned(w) {
            let (kernel, c) = (d.taps(), d.channels);
            let flipped: Vec<T> =
                (0..kernel).rev().flat_map(|k| filter[k * c..(k + 1) * c].iter().copied()).collect();
            let d = Depthwise { window: turned, channels: c, multiplier: 1 };
            return depthwise(&d, dy, &flipped, &[], None, dx);
        }
    }
    let (image, out) = (w.inputs() * d.channels, w.outputs() * d.channels * d.multiplier);
    let shared = SharedMut::new(dx);
    threads::parallel_for_cost(batch, batch * out * d.taps() / 4, |n| {
        // SAFETY: every image has a part of its own.
        let dx = unsafe { shared.slice(n * image..(n + 1) * image) };
        plain::input_gradient(d, &dy[n * out..(n + 1) * out], filter, dx);
    });
    Ok(())
}

/// The window that slides over dy to give dx; none when padding exceeds the kernel.
fn turned(w: &Window) -> Option<Window> {
    let mut t = w.clone();
    for i in 0..3 {
        t.before[i] = (w.kernel[i] - 1).checked_sub(w.before[i])?;
    }
    (t.input, t.output) = (w.output, w.input);
    Some(t)
}

/// Gradient with respect to the filter. An error when lengths do not fit.
///
/// Images are summed in up to 16 groups, which are then joined as a tree: the bits do not depend on threads.
pub fn depthwise_filter_gradient<T: Float>(d: &Depthwise, x: &[T], dy: &[T], df: &mut [T]) -> Result {
    T::depthwise_filter_gradient(d, x, dy, df)
}

pub(crate) fn depthwise_filter_gradient_of<T: Float>(
    d: &Depthwise,
    x: &[T],
    dy: &[T],
    df: &mut [T],
) -> Result {
    let batch = d.check(x.len(), df.len(), dy.len())?;
    let (image, out, len) =
        (d.window.inputs() * d.channels, d.window.outputs() * d.channels * d.multiplier, df.len());
    if batch == 0 || len == 0 {
        df.fill(T::ZERO);
        return Ok(());
    }
    let groups = batch.min(16);
    let mut parts = vec![T::ZERO; groups * len];
    let shared = SharedMut::new(&mut parts);
    threads::parallel_for_cost(groups, batch * out * d.taps() / 4, |g| {
        // SAFETY: every group has a part of its own.
        let part = unsafe { shared.slice(g * len..(g + 1) * len) };
        for n in batch * g / groups..batch * (g + 1) / groups {
            let (x, dy) = (&x[n * image..(n + 1) * image], &dy[n * out..(n + 1) * out]);
            if T::DTYPE == DType::F32 && d.multiplier == 1 {
                fast::filter_gradient(d, same::<T, f32>(x), same(dy), same_mut(part));
            } else {
                plain::filter_gradient(d, x, dy, part);
            }
        }
    });
    let mut width = groups;
    while width > 1 {
        let half = width.div_ceil(2);
        for g in half..width {
            let (a, b) = parts.split_at_mut(g * len);
            a[(g - half) * len..][..len].iter_mut().zip(&b[..len]).for_each(|(a, &b)| *a = *a + b);
        }
        width = half;
    }
    df.copy_from_slice(&parts[..len]);
    Ok(())
}

#[cfg(test)]
mod tests;
