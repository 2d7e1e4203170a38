//! Windows of images, laid out as channels.

use gradus_tensor::ops::{PadMode, Padding};
use gradus_tensor::{Error, Result, Spec, Tensor, dispatch};

use crate::frames::Frames;

/// Options of [`extract_patches`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExtractPatches {
    size: [usize; 2],
    strides: [usize; 2],
    rates: [usize; 2],
    padding: Padding,
}

impl ExtractPatches {
    /// Windows of that height and width, side by side, without padding.
    pub fn new(height: usize, width: usize) -> ExtractPatches {
        let size = [height, width];
        ExtractPatches { size, strides: size, rates: [1, 1], padding: Padding::Valid }
    }

    /// Pixels between the corners of neighbouring windows. Default: the size.
    pub fn strides(mut self, height: usize, width: usize) -> ExtractPatches {
        self.strides = [height, width];
        self
    }

    /// Pixels between neighbouring samples of a window. Default 1.
    pub fn rates(mut self, height: usize, width: usize) -> ExtractPatches {
        self.rates = [height, width];
        self
    }

    /// Whether windows may reach over the border, where zeros stand. Default valid.
    pub fn padding(mut self, padding: Padding) -> ExtractPatches {
        self.padding = padding;
        self
    }
}

/// Windows of images: `[n, h, w, c]` becomes `[n, rows, columns, height * width * c]`, a window per position, its
/// pixels row by row. Any dtype; there is no gradient.
///
/// # Errors
/// When the rank is not 4, or a size, stride or rate is 0.
pub fn extract_patches(images: &Tensor, options: ExtractPatches) -> Result<Tensor> {
    let f = Frames::of("extract_patches", images)?;
    let ExtractPatches { size, strides, rates, padding } = options;
    if !f.batched || [size, strides, rates].as_flattened().contains(&0) {
        return Err(Error::value(format!(
            "extract_patches: expected images [batch, height, width, channels] and sizes, strides and rates of at least \
             1, found shape {} and {size:?}, {strides:?}, {rates:?}",
            images.shape()
        )));
    }
    let span = |axis: usize| (size[axis] - 1).checked_mul(rates[axis]).and_then(|s| s.checked_add(1));
    let [Some(high), Some(wide)] = [span(0), span(1)] else {
        return Err(Error::value(format!(
            "extract_patches: windows of {size:?} at rates {rates:?} are too large"
        )));
    };
    let (pads, rows, columns) = match padding {
        Padding::Valid => ([[0, 0]; 2], valid(f.height, high, strides[0]), valid(f.width, wide, strides[1])),
        Padding::Same => {
            let (rows, columns) = (f.height.div_ceil(strides[0]), f.width.div_ceil(strides[1]));
            (
                [same(f.height, high, strides[0], rows), same(f.width, wide, strides[1], columns)],
                rows,
                columns,
            )
        }
        Padding::Explicit(pads) => {
            let sum = |size: usize, [a, b]: [usize; 2]| size.saturating_add(a).saturating_add(b);
            (
                pads,
                valid(sum(f.height, pads[0]), high, strides[0]),
                valid(sum(f.width, pads[1]), wide, strides[1]),
            )
        }
    };
    let pad = |[a, b]: [usize; 2]| (a, b);
    let padded = images.pad(&[(0, 0), pad(pads[0]), pad(pads[1]), (0, 0)], PadMode::Constant(0.0))?;
    let p = Frames::of("extract_patches", &padded)?;
    let depth = size[0] * size[1] * f.channels;
    let spec = Spec::new(images.dtype(), [f.batch, rows, columns, depth]);
    Tensor::build(spec, |out| {
        dispatch!(images.dtype(), T: all => {
            let (x, c) = (padded.view().as_slice::<T>(), f.channels);
            let mut to = out.as_mut::<T>().chunks_exact_mut(c.max(1));
            for n in 0..f.batch {
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    for (a, b) in (0..size[0]).flat_map(|a| (0..size[1]).map(move |b| (a, b))) {
                        let (y, x_at) = (i * strides[0] + a * rates[0], j * strides[1] + b * rates[1]);
                        let from = ((n * p.height + y) * p.width + x_at) * c;
                        if let Some(to) = to.next() {
                            to.copy_from_slice(&x[from..from + c]);
                        }
                    }
                }
            }
        });
        Ok(())
    })
}

fn valid(size: usize, window: usize, stride: usize) -> usize {
    size.checked_sub(window).map_or(0, |rest| rest / stride + 1)
}

fn same(size: usize, window: usize, stride: usize, count: usize) -> [usize; 2] {
    let total = (count.saturating_sub(1) * stride + window).saturating_sub(size);
    [total / 2, total - total / 2]
}
