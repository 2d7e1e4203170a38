//! The input gradient of images with few channels, such as those of a first layer.
//!
//! A sweep fills vectors with the channels of one pixel; with one channel of sixteen lanes it works for one. Here all taps
//! and channels of a pixel of dy are the columns of one product, `dy [pixels, O] x filter' [O, KH KW C]`, and every row of
//! the result is added to the pixels that it belongs to.
//!
//! A task owns a band of image rows, and adds in order what every row of dy that reaches it gives. Rows that reach two
//! bands are computed twice, so no sum depends on where bands end.

use super::shape::Conv2dShape;
use crate::buffer::Buffer;
use crate::gemm::Real;
use crate::gemm::blocked::{Factor, Product, Task};
use crate::simd::{Kernel, Simd};
use crate::threads::parallel_for_cost;
use std::ops::Range;

/// Values of the product at a time: they stay in the second-level cache until they are added.
const SCRATCH: usize = 16 << 10;

/// True when the product has at most half the vectors of a sweep, at this number of lanes.
pub(crate) fn applies(shape: &Conv2dShape, lanes: usize) -> bool {
    let [kh, kw, c, o] = shape.filter;
    let joined = (kh * kw * c).next_multiple_of(lanes);
    shape.options.groups == 1
        && !shape.is_product()
        && c > 0
        && o > 0
        && 2 * joined <= kh * kw * c.next_multiple_of(lanes)
}

/// The input gradient of a batch.
pub(crate) struct Pass<'a, T> {
    pub shape: &'a Conv2dShape,
    pub batch: usize,
    /// The filter as [O, KH KW C], in panels.
    pub panels: *const T,
    pub dy: *const T,
    pub dx: *mut T,
}

// SAFETY: tasks write disjoint rows of dx and only read the rest.
unsafe impl<T: Sync> Send for Pass<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Pass<'_, T> {}

impl<T: Real> Pass<'_, T> {
    /// Computes dx of all images.
    #[inline(always)]
    pub fn run<S: Simd>(&self, s: S) {
        let ([_, height, ..], [kh, ..]) = (self.shape.input, self.shape.filter);
        let reach = (kh - 1) * self.shape.options.dilations[0] + 1;
        // Few images are cut into bands, which are much higher than what two of them share.
        let bands = 16usize.div_ceil(self.batch.max(1)).min(height.div_ceil(4 * reach));
        let band = height.div_ceil(bands.max(1)).max(1);
        let bands = height.div_ceil(band);
        let ns = self.shape.work() / self.shape.input[0].max(1) * self.batch / 20;
        parallel_for_cost(self.batch * bands, ns, |task| {
            let first = task % bands * band;
            s.outline(Band { pass: self, image: task / bands, rows: first..height.min(first + band) });
        });
    }
}

struct Band<'a, T> {
    pass: &'a Pass<'a, T>,
    image: usize,
    rows: Range<usize>,
}

impl<T: Real> Kernel for Band<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Band { pass, image, rows } = self;
        let ([_, h, w, c], [_, oh, ow, o]) = (pass.shape.input, pass.shape.output);
        let (taps, options) = (pass.shape.filter[0] * pass.shape.filter[1] * c, pass.shape.options);
        // SAFETY: the image exists, and its rows belong to this task.
        let dx = unsafe {
            let start = pass.dx.add((image * h + rows.start) * w * c);
            std::slice::from_raw_parts_mut(start, rows.len() * w * c)
        };
        dx.fill(T::ZERO);
        // The rows of dy with a tap in the band.
        let (stride, pad) = (options.strides[0], options.pads[0][0]);
        let reach = (pass.shape.filter[0] - 1) * options.dilations[0];
        let first = (rows.start + pad).saturating_sub(reach).div_ceil(stride);
        let last = (rows.end + pad).div_ceil(stride).min(oh);
        if first >= last || ow == 0 {
            return;
        }
        let together = (SCRATCH / (ow * taps)).clamp(1, last - first);
        let mut scratch = Buffer::new(T::DTYPE, together * ow * taps);
        let sums = scratch.as_mut_slice::<T>();
        let mut i = first;
        while i < last {
            let count = together.min(last - i);
            let product = Product {
                m: count * ow,
                n: taps,
                k: o,
                // SAFETY: rows i.. of this image's dy exist.
                a: unsafe { pass.dy.add((image * oh + i) * ow * o) },
                lda: o,
                trans_a: false,
                b: Factor::Panels { b: pass.panels, depth: o, from: 0 },
                c: sums.as_mut_ptr(),
                ldc: taps,
                add: false,
                block: 0,
                finish: None,
            };
            s.outline(Task { product, rows: 0..count * ow, columns: 0..taps });
            for (r, sums) in sums.chunks_exact(ow * taps).take(count).enumerate() {
                add_row(pass.shape, i + r, sums, rows.clone(), dx);
            }
            i += count;
        }
    }
}

/// Adds the products of row `i` of dy to the rows of dx that they belong to, as far as these lie in the band.
///
/// Tap by tap: neighbouring pixels then go to different places, and no addition waits for the one before it.
#[inline(always)]
fn add_row<T: Real>(shape: &Conv2dShape, i: usize, sums: &[T], band: Range<usize>, dx: &mut [T]) {
    let ([_, _, w, c], [kh, kw, ..], options) = (shape.input, shape.filter, &shape.options);
    let (taps, stride, pad) = (kh * kw * c, options.strides[1], options.pads[1][0]);
    for ky in 0..kh {
        let y = (i * options.strides[0] + ky * options.dilations[0]).wrapping_sub(options.pads[0][0]);
        if !band.contains(&y) {
            continue;
        }
        let row = &mut dx[(y - band.start) * w * c..][..w * c];
        for kx in 0..kw {
            // Pixels j of dy whose tap, at column j stride + at - pad, lies inside.
            let at = kx * options.dilations[1];
            let first = pad.saturating_sub(at).div_ceil(stride);
            let last = (w + pad).saturating_sub(at).div_ceil(stride).min(shape.output[2]);
            if first >= last {
                continue;
            }
            let row = row[(first * stride + at - pad) * c..].chunks_mut(stride * c);
            let sums = sums[first * taps..last * taps].chunks_exact(taps);
            let from = (ky * kw + kx) * c;
            for (row, sums) in row.zip(sums) {
                row[..c].iter_mut().zip(&sums[from..from + c]).for_each(|(d, &v)| *d = *d + v);
            }
        }
    }
}
