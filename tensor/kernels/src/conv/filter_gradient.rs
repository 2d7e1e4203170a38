//! The gradient with respect to the filter.
//!
//! `dw[a, b, c, o] = sum over pixels of x[pixel + tap, c] dy[pixel, o]`: a product with A transposed. For one row of
//! taps, the values of all its taps and channels are contiguous at every pixel, so a tile of 14 of
//! them by 32 filters stays in registers while K runs over the pixels of a band of rows, row by row. The
//! band's output gradient is packed into panels first, which every row of taps uses again.
//!
//! With few channels (the first layer of a network) a tile would have 3 rows; the band is then laid out as
//! one row per pixel with all taps side by side, a small im2col in cache.
//!
//! Images are dealt to a fixed number of parts with sums of their own, which are added in order.

use super::shape::Conv2dShape;
use super::window::{Images, View, Window};
use crate::buffer::Buffer;
use crate::gemm::blocked::Factor;
use crate::gemm::micro::{Segment, Tile, max_rows};
use crate::gemm::pack::{copy_rows, pack_b, packed_len, panel_width, width_at};
use crate::gemm::{Gemm, Real, gemm};
use crate::simd::{self, Kernel, Simd};
use crate::threads::{SharedMut, par_chunks_mut_cost, parallel_for_cost};

/// Pixels of a band: long sums in registers, and an output gradient that stays in cache.
const BAND_PIXELS: usize = 448;
/// Values of partial sums in all parts together.
const PARTIAL: usize = 1 << 20;

/// The gradient with respect to the filter, given that with respect to y: `dw` is overwritten.
///
/// x [N, H, W, C], dy [N, OH, OW, O], dw [KH, KW, C / groups, O].
///
/// Panics when a slice has another length than the shape says.
pub fn conv2d_filter_gradient<T: Real + crate::gemm::Number>(
    shape: &Conv2dShape,
    x: &[T],
    dy: &[T],
    dw: &mut [T],
) {
    T::conv2d_filter_gradient(shape, x, dy, dw)
}

pub(crate) fn conv2d_filter_gradient_of<T: Real + crate::gemm::Number>(
    shape: &Conv2dShape,
    x: &[T],
    dy: &[T],
    dw: &mut [T],
) {
    assert!(x.len() == shape.input_len(), "conv2d: input {:?} given as {} values", shape.input, x.len());
    assert!(dy.len() == shape.output_len(), "conv2d: output {:?} given as {} values", shape.output, dy.len());
    assert!(dw.len() == shape.filter_len(), "conv2d: filter {:?} given as {} values", shape.filter, dw.len());
    if dw.is_empty() {
        return;
    }
    if dy.is_empty() {
        return dw.fill(T::ZERO);
    }
    if shape.is_product() {
        let [n, h, w, o] = shape.output;
        let g = Gemm::new(shape.input[3], o, n * h * w).trans_a();
        return gemm(&g, x, dy, dw, &crate::gemm::Epilogue::NONE);
    }
    let size = dw.len();
    let band = (BAND_PIXELS / shape.output[2]).clamp(1, shape.output[1]);
    let band = shape.output[1].div_ceil(shape.output[1].div_ceil(band));
    let bands = shape.output[0] * shape.output[1].div_ceil(band);
    let parts = (PARTIAL / size).clamp(1, 8).min(bands);
    // With few parts, the filters are dealt to tasks as well.
    let splits = (8 / parts).min(shape.group_filters().div_ceil(64)).max(1);
    let mut sums = Buffer::new(T::DTYPE, if parts > 1 { parts * size } else { 0 });
    let target = if parts > 1 { sums.as_mut_slice::<T>() } else { &mut *dw };
    let target = SharedMut::new(target);
    let images =
        Images { data: x.as_ptr(), height: shape.input[1], width: shape.input[2], channels: shape.input[3] };
    parallel_for_cost(parts * splits, shape.work() / 40, |task| {
        let (part, split) = (task / splits, task % splits);
        simd::dispatch(Part {
            shape,
            images,
            dy,
            out: target.as_ptr().wrapping_add(part * size),
            bands: part * bands / parts..(part + 1) * bands / parts,
            band,
            split,
            splits,
        });
    });
    if parts > 1 {
        let sums = sums.as_slice::<T>();
        par_chunks_mut_cost(dw, 1 << 14, size * parts / 4, |i, out| {
            let at = i << 14;
            out.copy_from_slice(&sums[at..at + out.len()]);
            for part in 1..parts {
                let add = &sums[part * size + at..][..out.len()];
                out.iter_mut().zip(add).for_each(|(o, &v)| *o = *o + v);
            }
        });
    }
}

/// The sum over some bands, for some of the filters of every group.
struct Part<'a, T> {
    shape: &'a Conv2dShape,
    images: Images<T>,
    dy: &'a [T],
    out: *mut T,
    bands: std::ops::Range<usize>,
    band: usize,
    split: usize,
    splits: usize,
}

impl<T: Real> Kernel for Part<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Part { shape, images, dy, out, bands, band, split, splits } = self;
        let [_, oh, ow, o] = shape.output;
        let [kh, kw, cg, _] = shape.filter;
        let (options, og, c) = (shape.options, shape.group_filters(), shape.input[3]);
        let width = panel_width::<T, S>();
        // Filters of this split, within a group: whole panels.
        let share = og.div_ceil(splits).next_multiple_of(width);
        let (from, to) = ((split * share).min(og), ((split + 1) * share).min(og));
        if from == to {
            return;
        }
        let n = to - from;
        let per_image = oh.div_ceil(band);
        let joined = options.groups == 1 && options.dilations[1] == 1;
        // Values that lie together at each pixel.
        let together = if joined { kw * cg } else { cg };
        let gather = together < max_rows::<T, S>() && kh * kw * cg > together;
        // Output gradients in whole vectors that one or two tiles use are read where they are.
        let in_place = gather && kh * kw * cg <= 2 * max_rows::<T, S>() && og.is_multiple_of(T::lanes::<S>());
        let packed = if in_place { 0 } else { packed_len::<T, S>(band * ow, n) };
        let mut panels = Buffer::new(T::DTYPE, packed);
        let mut gathered = Buffer::new(T::DTYPE, if gather { band * ow * kh * kw * cg } else { 0 });
        let mut scratch = None;
        let start = bands.start;
        for b in bands {
            let (image, first, add) = (b / per_image, b % per_image * band, b > start);
            let last = oh.min(first + band);
            let rows = last - first;
            let window = Window {
                image,
                top: (first * options.strides[0]) as isize - options.pads[0][0] as isize,
                left: -(options.pads[1][0] as isize),
                rows: (rows - 1) * options.strides[0] + (kh - 1) * options.dilations[0] + 1,
                columns: (ow - 1) * options.strides[1] + (kw - 1) * options.dilations[1] + 1,
            };
            // SAFETY: the image exists; the scratch outlives the view.
            let view = unsafe { images.window(window, &mut scratch) };
            for group in 0..options.groups {
                let column = group * og + from;
                let pixels = rows * ow;
                let src = &dy[(image * oh + first) * ow * o + column..];
                let b = if in_place {
                    Factor::Plain { b: src.as_ptr(), ldb: o, trans: false }
                } else {
                    // SAFETY: `pixels` rows of n values, o apart, start there.
                    unsafe { pack_b(s, pixels, n, src.as_ptr(), o, false, panels.as_mut_slice()) };
                    Factor::Panels { b: panels.as_slice().as_ptr(), depth: pixels, from: 0 }
                };
                // SAFETY: `Part` owns these columns of its sums; views and panels hold what the loops read.
                unsafe {
                    let target = Target { out: out.add(column), ldc: o, n, b, add };
                    if gather {
                        let taps = gathered.as_mut_slice::<T>();
                        gather_taps(s, shape, view, group * cg, rows, taps);
                        let segments = [Segment { a: 0, len: pixels }];
                        target.rows(s, &segments, taps.as_ptr(), kh * kw * cg, 0, kh * kw * cg);
                        continue;
                    }
                    for ky in 0..kh {
                        let segments: Vec<Segment> = (0..rows)
                            .map(|y| Segment {
                                a: (y * options.strides[0] + ky * options.dilations[0]) * view.stride,
                                len: ow,
                            })
                            .collect();
                        let lda = options.strides[1] * c;
                        let a = view.data.add(group * cg);
                        if joined {
                            target.rows(s, &segments, a, lda, ky * kw * cg, together);
                        } else {
                            for kx in 0..kw {
                                let a = a.add(kx * options.dilations[1] * c);
                                target.rows(s, &segments, a, lda, (ky * kw + kx) * cg, cg);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where products of one band go.
struct Target<T> {
    /// First row of the sums, at the first filter.
    out: *mut T,
    ldc: usize,
    n: usize,
    b: Factor<T>,
    add: bool,
}

impl<T: Real> Target<T> {
    /// Rows `first..first + count` of the sums: values 0..count of every pixel of the segments.
    ///
    /// # Safety
    /// `a` holds `count` values at every step (`lda` apart) of every segment; the sums have these rows.
    #[inline(always)]
    unsafe fn rows<S: Simd>(
        &self,
        s: S,
        segments: &[Segment],
        a: *const T,
        lda: usize,
        first: usize,
        count: usize,
    ) {
        let tiles = count.div_ceil(max_rows::<T, S>());
        let (height, taller) = (count / tiles, count % tiles);
        let mut j = 0;
        while j < self.n {
            let cols = panel_width::<T, S>().min(self.n - j);
            // SAFETY: panels start at depth * column; rows in place have all columns.
            let (b, ldb) = unsafe {
                match self.b {
                    Factor::Panels { b, depth, .. } => (b.add(depth * j), width_at::<T, S>(self.n, j)),
                    Factor::Plain { b, ldb, .. } => (b.add(j), ldb),
                }
            };
            let mut i = 0;
            for tile in 0..tiles {
                let h = height + usize::from(tile < taller);
                // SAFETY: the caller vouches for A and the sums; rows of B are whole vectors.
                unsafe {
                    let tile = Tile {
                        segments,
                        a: a.add(i),
                        lda,
                        b,
                        ldb,
                        c: self.out.add((first + i) * self.ldc + j),
                        ldc: self.ldc,
                        cols,
                        add: self.add,
                        finish: None,
                    };
                    tile.run::<S, true>(s, h);
                }
                i += h;
            }
            j += panel_width::<T, S>();
        }
    }
}

/// Lays out a band as one row per pixel with the values of all taps.
///
/// # Safety
/// The view holds the window of the band.
#[inline(always)]
unsafe fn gather_taps<T: Real, S: Simd>(
    s: S,
    shape: &Conv2dShape,
    view: View<T>,
    channel: usize,
    rows: usize,
    out: &mut [T],
) {
    let [kh, kw, cg, _] = shape.filter;
    let (options, c, ow) = (shape.options, shape.input[3], shape.output[2]);
    // Taps of a row that lie together are copied together.
    let joined = options.groups == 1 && options.dilations[1] == 1;
    let (stretches, len, step) = if joined { (1, kw * cg, 0) } else { (kw, cg, options.dilations[1] * c) };
    assert!(out.len() >= rows * ow * kh * kw * cg);
    let mut to = out.as_mut_ptr();
    for (y, x) in (0..rows).flat_map(|y| (0..ow).map(move |x| (y, x))) {
        for ky in 0..kh {
            let row = (y * options.strides[0] + ky * options.dilations[0]) * view.stride;
            let column = x * options.strides[1] * c + channel;
            for k in 0..stretches {
                // SAFETY: the caller vouches for the window, which holds every tap; all of them together fill `out`.
                unsafe {
                    copy_rows(s, 1, len, view.data.add(row + column + k * step), 0, to, 0);
                    to = to.add(len);
                }
            }
        }
    }
}
