//! A window that slides over one, two or three axes.

use crate::error::{Error, Result};
use std::ops::Range;

/// Sizes of a sliding window; axes that are not there have size 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub(crate) input: [usize; 3],
    pub(crate) kernel: [usize; 3],
    pub(crate) stride: [usize; 3],
    pub(crate) dilation: [usize; 3],
    pub(crate) before: [usize; 3],
    pub(crate) output: [usize; 3],
    rank: usize,
}

/// Options of a [`Window`], one entry per spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowOptions {
    /// Steps between windows.
    pub strides: Vec<usize>,
    /// Steps between the places of a window.
    pub dilations: Vec<usize>,
    /// Elements that count as padding before and after the input.
    pub pads: Vec<(usize, usize)>,
}

impl WindowOptions {
    /// Strides and dilations of 1 and no padding (`valid`).
    pub fn valid(rank: usize) -> WindowOptions {
        WindowOptions { strides: vec![1; rank], dilations: vec![1; rank], pads: vec![(0, 0); rank] }
    }

    /// TensorFlow's `same`: ceil(size / stride) outputs, the odd element of padding behind.
    pub fn same(size: &[usize], kernel: &[usize], strides: &[usize], dilations: &[usize]) -> WindowOptions {
        let pads = (0..size.len()).map(|i| {
            let span = (kernel[i].max(1) - 1) * dilations[i] + 1;
            let need = (size[i].div_ceil(strides[i].max(1)).max(1) - 1) * strides[i] + span;
            let total = need.saturating_sub(size[i]);
            (total / 2, total - total / 2)
        });
        WindowOptions { strides: strides.to_vec(), dilations: dilations.to_vec(), pads: pads.collect() }
    }
}

impl Window {
    /// A window of size `kernel` over `size`, both of 1 to 3 axes.
    ///
    /// Outputs per axis: (size + pads - span) / stride + 1 with span = (kernel - 1) dilation + 1. An error when the window is
    /// larger than the padded input, an option is zero, or the numbers of axes differ.
    pub fn new(size: &[usize], kernel: &[usize], options: &WindowOptions) -> Result<Window> {
        let rank = size.len();
        let WindowOptions { strides, dilations, pads } = options;
        let lens = [kernel.len(), strides.len(), dilations.len(), pads.len()];
        if !(1..=3).contains(&rank) || lens.iter().any(|&l| l != rank) {
            return Err(Error::Shape(format!(
                "window: {kernel:?} over {size:?} needs 1 to 3 axes, the same in all options"
            )));
        }
        let ones = [1; 3];
        let (mut input, mut k, mut stride, mut dilation, mut output) = (ones, ones, ones, ones, ones);
        let mut before = [0; 3];
        for i in 0..rank {
            let at = 3 - rank + i;
            let padded = size[i].checked_add(pads[i].0).and_then(|v| v.checked_add(pads[i].1));
            let span = kernel[i]
                .checked_sub(1)
                .and_then(|v| v.checked_mul(dilations[i]))
                .and_then(|v| v.checked_add(1));
            let (Some(padded), Some(span)) = (padded, span) else {
                return Err(Error::Shape(format!(
                    "window: kernel {kernel:?} with {options:?} over {size:?}"
                )));
            };
            if strides[i] == 0 || dilations[i] == 0 || span > padded {
                return Err(Error::Shape(format!(
                    "window: kernel {kernel:?} with strides {strides:?} and dilations {dilations:?} does not fit {size:?} padded by {pads:?}"
                )));
            }
            (input[at], k[at], stride[at], dilation[at]) = (size[i], kernel[i], strides[i], dilations[i]);
            before[at] = pads[i].0;
            output[at] = (padded - span) / strides[i] + 1;
        }
        Ok(Window { input, kernel: k, stride, dilation, before, output, rank })
    }

    /// Number of windows along every axis.
    pub fn output(&self) -> &[usize] {
        &self.output[3 - self.rank..]
    }

    /// Input positions of one image.
    pub(crate) fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// Output positions of one image.
    pub(crate) fn outputs(&self) -> usize {
        self.output.iter().product()
    }

    /// The places of window o along an axis that lie inside the input, and the position of the first of them.
    #[inline]
    pub(crate) fn inside(&self, axis: usize, o: usize) -> (Range<usize>, usize) {
        let start = (o * self.stride[axis]) as isize - self.before[axis] as isize;
        let d = self.dilation[axis] as isize;
        let first = if start < 0 { (-start + d - 1) / d } else { 0 };
        let end = (self.input[axis] as isize - start + d - 1).div_euclid(d);
        let end = end.clamp(0, self.kernel[axis] as isize);
        if first >= end {
            return (0..0, 0);
        }
        (first as usize..end as usize, (start + first * d) as usize)
    }

    /// Calls `f(place in the window, position in the image)` for the places inside the input, in row-major order.
    #[inline(always)]
    pub(crate) fn places(&self, o: [usize; 3], mut f: impl FnMut(usize, usize)) {
        let [(z, z0), (y, y0), (x, x0)] = [self.inside(0, o[0]), self.inside(1, o[1]), self.inside(2, o[2])];
        for (i, kz) in z.enumerate() {
            for (j, ky) in y.clone().enumerate() {
                let row =
                    ((z0 + i * self.dilation[0]) * self.input[1] + y0 + j * self.dilation[1]) * self.input[2];
                for (k, kx) in x.clone().enumerate() {
                    f((kz * self.kernel[1] + ky) * self.kernel[2] + kx, row + x0 + k * self.dilation[2]);
                }
            }
        }
    }
}
