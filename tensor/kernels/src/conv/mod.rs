//! Two-dimensional convolution of NHWC images with HWIO filters: forward, input gradient, filter gradient.
//!
//! ```
//! use gradus_kernels::conv::{Conv2dOptions, Conv2dShape, conv2d};
//! use gradus_kernels::gemm::Epilogue;
//!
//! let shape = Conv2dShape::new([1, 3, 3, 1], [2, 2, 1, 1], Conv2dOptions::default())?;
//! let x = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
//! let mut y = [0.0; 4];
//! conv2d(&shape, &x, &[1.0, 0.0, 0.0, -1.0], &mut y, &Epilogue::NONE);
//! assert_eq!(y, [-4.0; 4]);
//! # Ok::<(), String>(())
//! ```
//!
//! # How it works
//! All three are the matrix product of this crate with the images read in place.
//!
//! - *Forward* (`sweep`): an output row times the packed filter. The values under one row of taps are
//!   contiguous in NHWC, and those of the next output pixel a constant distance on; that is all the tile kernel needs.
//! - *Input gradient* (`packed`): the same sweep over the output gradient, once per remainder modulo the strides.
//! - *Filter gradient* (`filter_gradient`): A transposed, with K running over the pixels of a band of rows.
//! - Filters of one tap that see every pixel once are plain products.
//! - The input gradient of few channels (`narrow`): a product with all taps as columns, added up pixel by pixel.
//! - Wide 3 x 3 layers go through Winograd's algorithm (`winograd`), forward and for the input gradient.
//!
//! Images with padding are copied, a band of rows at a time, between zeros in a scratch that fits the
//! second-level cache. Nothing of the size of an im2col matrix ever exists.
//!
//! Sums are cut by shapes alone, so results have the same bits for any number of threads.

pub(crate) mod filter_gradient;
mod narrow;
mod packed;
mod shape;
mod sweep;
#[cfg(test)]
mod tests;
mod window;
mod winograd;

pub use filter_gradient::conv2d_filter_gradient;
pub use packed::PackedFilter;
pub use shape::{Conv2dOptions, Conv2dShape};

use crate::gemm::blocked::{Factor, Product};
use crate::gemm::{Epilogue, Finish, Real};
use crate::simd::{self, Kernel, Simd};
use packed::{Direction, Plan};

/// `y[n, i, j, o] = activation(bias[o] + sum over a, b, c of x[n, i s + a d - p, j s + b d - p, c] filter[a, b, c, o])`.
///
/// x [N, H, W, C], filter [KH, KW, C / groups, O], y [N, OH, OW, O]; the filter is packed on every call, see
/// [`conv2d_packed`] for weights that stay. `epilogue.accumulate` is not supported.
///
/// Panics when a slice has another length than the shape says.
pub fn conv2d<T: Real>(shape: &Conv2dShape, x: &[T], filter: &[T], y: &mut [T], epilogue: &Epilogue<'_, T>) {
    T::conv2d(shape, x, filter, y, epilogue)
}

pub(crate) fn conv2d_of<T: Real>(
    shape: &Conv2dShape,
    x: &[T],
    filter: &[T],
    y: &mut [T],
    epilogue: &Epilogue<'_, T>,
) {
    conv2d_packed(shape, x, &PackedFilter::forward(shape, filter), y, epilogue);
}

/// [`conv2d`] with a filter that was packed by [`PackedFilter::forward`] for the same shape, at any batch size.
///
/// Panics when a slice has another length than the shape says, or the filter was packed for another.
pub fn conv2d_packed<T: Real>(
    shape: &Conv2dShape,
    x: &[T],
    filter: &PackedFilter<T>,
    y: &mut [T],
    epilogue: &Epilogue<'_, T>,
) {
    T::conv2d_packed(shape, x, filter, y, epilogue)
}

pub(crate) fn conv2d_packed_of<T: Real>(
    shape: &Conv2dShape,
    x: &[T],
    filter: &PackedFilter<T>,
    y: &mut [T],
    epilogue: &Epilogue<'_, T>,
) {
    assert!(!epilogue.accumulate, "conv2d: cannot accumulate");
    assert!(x.len() == shape.input_len(), "conv2d: input {:?} given as {} values", shape.input, x.len());
    assert!(y.len() == shape.output_len(), "conv2d: output {:?} given as {} values", shape.output, y.len());
    let bias = epilogue.bias.map(<[T]>::len);
    assert!(
        bias.is_none_or(|n| n == shape.filter[3]),
        "conv2d: {bias:?} biases for {} filters",
        shape.filter[3]
    );
    run(shape, filter, Direction::Forward, x, y, Finish::of(epilogue));
}

/// The gradient with respect to x, given that with respect to y: `dx` is overwritten.
///
/// Panics when a slice has another length than the shape says.
pub fn conv2d_input_gradient<T: Real>(shape: &Conv2dShape, dy: &[T], filter: &[T], dx: &mut [T]) {
    T::conv2d_input_gradient(shape, dy, filter, dx)
}

pub(crate) fn conv2d_input_gradient_of<T: Real>(shape: &Conv2dShape, dy: &[T], filter: &[T], dx: &mut [T]) {
    conv2d_input_gradient_packed(shape, dy, &PackedFilter::input_gradient(shape, filter), dx);
}

/// [`conv2d_input_gradient`] with a filter packed by [`PackedFilter::input_gradient`], at any batch size.
///
/// Panics when a slice has another length than the shape says, or the filter was packed for another.
pub fn conv2d_input_gradient_packed<T: Real>(
    shape: &Conv2dShape,
    dy: &[T],
    filter: &PackedFilter<T>,
    dx: &mut [T],
) {
    T::conv2d_input_gradient_packed(shape, dy, filter, dx)
}

pub(crate) fn conv2d_input_gradient_packed_of<T: Real>(
    shape: &Conv2dShape,
    dy: &[T],
    filter: &PackedFilter<T>,
    dx: &mut [T],
) {
    assert!(dx.len() == shape.input_len(), "conv2d: input {:?} given as {} values", shape.input, dx.len());
    assert!(dy.len() == shape.output_len(), "conv2d: output {:?} given as {} values", shape.output, dy.len());
    run(shape, filter, Direction::InputGradient, dy, dx, None);
}

fn run<T: Real>(
    shape: &Conv2dShape,
    filter: &PackedFilter<T>,
    direction: Direction,
    source: &[T],
    out: &mut [T],
    finish: Option<Finish<T>>,
) {
    let batch = shape.input[0];
    let mut packed_for = filter.shape;
    packed_for.input[0] = batch;
    packed_for.output[0] = batch;
    assert!(
        packed_for == *shape && filter.direction == direction,
        "conv2d: a filter packed for {:?} {:?} used for {direction:?} {shape:?}",
        filter.direction,
        filter.shape
    );
    if out.is_empty() {
        return;
    }
    let job = Run { batch, filter, source: source.as_ptr(), out: out.as_mut_ptr(), finish };
    if filter.level == simd::level() {
        simd::dispatch(job);
    } else {
        simd::with_level(filter.level, || simd::dispatch(job));
    }
}

struct Run<'a, T> {
    batch: usize,
    filter: &'a PackedFilter<T>,
    source: *const T,
    out: *mut T,
    finish: Option<Finish<T>>,
}

impl<T: Real> Kernel for Run<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Run { batch, filter, source, out, finish } = self;
        let shape = &filter.shape;
        let [_, _, channels, filters] = shape.filter;
        let (k, n) = match filter.direction {
            Direction::Forward => (channels, filters),
            Direction::InputGradient => (filters, channels),
        };
        if filter.plan == Plan::Winograd {
            let ([_, h, w, c], [_, oh, ow, o], pads) = (shape.input, shape.output, shape.options.pads);
            let (from, to, origin) = match filter.direction {
                Direction::Forward => {
                    ([h, w, c], [oh, ow, o], [-(pads[0][0] as isize), -(pads[1][0] as isize)])
                }
                // The filter turned around, over an image with 2 - pad zeros at its border.
                Direction::InputGradient => {
                    ([oh, ow, o], [h, w, c], [pads[0][0] as isize - 2, pads[1][0] as isize - 2])
                }
            };
            winograd::Pass {
                batch,
                // Filters are packed for Winograd's algorithm when T is f32 only.
                source: source.cast(),
                from,
                out: out.cast(),
                to,
                origin,
                panels: filter.data.as_slice::<f32>().as_ptr(),
                finish: finish.map(|f| Finish { bias: f.bias.cast(), activation: f.activation }),
            }
            .run(s);
        } else if filter.plan == Plan::Narrow {
            let panels = filter.data.as_slice::<T>().as_ptr();
            narrow::Pass { shape, batch, panels, dy: source, dx: out }.run(s);
        } else if shape.is_product() && k > 0 {
            // Panels of one tap are those of the matrix.
            Product {
                m: batch * shape.output[1] * shape.output[2],
                n,
                k,
                a: source,
                lda: k,
                trans_a: false,
                b: Factor::Panels { b: filter.data.as_slice::<T>().as_ptr(), depth: k, from: 0 },
                c: out,
                ldc: n,
                add: false,
                block: 0,
                finish,
            }
            .run(s);
        } else {
            filter.sweep(s, batch, source, out, finish);
        }
    }
}
