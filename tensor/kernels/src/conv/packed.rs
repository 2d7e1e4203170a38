//! A filter, arranged for the inner loops of one direction.
//!
//! Both directions reduce to sweeps of taps over grids of pixels. Forward there is one grid. The input gradient
//! has one for every remainder of the input position modulo the strides, each with the taps that hit it: at
//! stride 1 that is the filter turned around, at stride 2 there are four grids, and no product with a
//! zero is ever made. Taps are kept in the order in which they lie in the image, so that neighbours join to one run.

use super::narrow;
use super::shape::Conv2dShape;
use super::sweep::{Run, Sweep};
use super::window::Images;
use super::winograd;
use crate::buffer::Buffer;
use crate::gemm::pack::{pack_b, pack_piece, packed_len};
use crate::gemm::{Finish, Real};
use crate::simd::{self, Kernel, Simd};
use std::marker::PhantomData;

/// What a packed filter computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Forward,
    InputGradient,
}

/// How a packed filter is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    /// Sweeps over the grids.
    Sweep,
    /// Winograd's algorithm: transformed filters, no grids.
    Winograd,
    /// An input gradient of few channels: a matrix [O, KH KW C], no grids.
    Narrow,
}

/// A filter packed for [`conv2d_packed`](super::conv2d_packed) or
/// [`conv2d_input_gradient_packed`](super::conv2d_input_gradient_packed): once per version of the weights.
///
/// It fits every batch size, and belongs to the instruction set that packed it.
pub struct PackedFilter<T> {
    pub(crate) shape: Conv2dShape,
    pub(crate) direction: Direction,
    pub(crate) level: simd::Level,
    pub(crate) plan: Plan,
    /// Grids with the offset of their panels for group 0, and the length of one group's panels.
    pub(crate) grids: Vec<(Grid, usize)>,
    pub(crate) group_len: usize,
    pub(crate) data: Buffer,
    element: PhantomData<T>,
}

/// One sweep, but for the pointers.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    /// First output pixel, and the distance between output pixels.
    pub first: [usize; 2],
    pub every: [usize; 2],
    /// Number of output pixels.
    pub size: [usize; 2],
    pub origin: [isize; 2],
    pub step: [usize; 2],
    pub reach: [usize; 2],
    /// Filter taps in order, and the source row and column of each.
    taps: Vec<([usize; 2], [usize; 2])>,
}

impl Grid {
    fn forward(shape: &Conv2dShape) -> Vec<Grid> {
        let [kh, kw, ..] = shape.filter;
        let o = &shape.options;
        let taps = (0..kh)
            .flat_map(|y| (0..kw).map(move |x| ([y, x], [y * o.dilations[0], x * o.dilations[1]])))
            .collect();
        vec![Grid {
            first: [0, 0],
            every: [1, 1],
            size: [shape.output[1], shape.output[2]],
            origin: [-(o.pads[0][0] as isize), -(o.pads[1][0] as isize)],
            step: o.strides,
            reach: [(kh - 1) * o.dilations[0] + 1, (kw - 1) * o.dilations[1] + 1],
            taps,
        }]
    }

    /// One axis of the input gradient: for inputs i with (i + pad) % stride == remainder.
    fn axis(shape: &Conv2dShape, axis: usize, remainder: usize) -> Axis {
        let o = &shape.options;
        let (stride, dilation, pad) = (o.strides[axis], o.dilations[axis], o.pads[axis][0]);
        let size = shape.input[1 + axis];
        // i + pad = q * stride + remainder; tap k with k * dilation = t * stride + remainder reads output q - t.
        let q = pad.saturating_sub(remainder).div_ceil(stride);
        let first = q * stride + remainder - pad;
        let count = if first < size { (size - first).div_ceil(stride) } else { 0 };
        let mut taps: Vec<(usize, usize)> = (0..shape.filter[axis])
            .filter(|k| k * dilation % stride == remainder)
            .map(|k| (k, k * dilation / stride))
            .collect();
        taps.reverse();
        let far = taps.first().map_or(0, |&(_, t)| t);
        let near = taps.last().map_or(0, |&(_, t)| t);
        let taps = taps.into_iter().map(|(k, t)| (k, far - t)).collect();
        Axis { first, count, origin: q as isize - far as isize, reach: far - near + 1, taps }
    }

    fn input_gradient(shape: &Conv2dShape) -> Vec<Grid> {
        let strides = shape.options.strides;
        let mut grids = Vec::new();
        for ry in 0..strides[0] {
            for rx in 0..strides[1] {
                let (y, x) = (Grid::axis(shape, 0, ry), Grid::axis(shape, 1, rx));
                if y.count == 0 || x.count == 0 {
                    continue;
                }
                let taps = y
                    .taps
                    .iter()
                    .flat_map(|&(ky, row)| x.taps.iter().map(move |&(kx, column)| ([ky, kx], [row, column])))
                    .collect();
                grids.push(Grid {
                    first: [y.first, x.first],
                    every: strides,
                    size: [y.count, x.count],
                    origin: [y.origin, x.origin],
                    step: [1, 1],
                    reach: [y.reach, x.reach],
                    taps,
                });
            }
        }
        grids
    }

    /// The taps as stretches of `channels` values, joined where they touch and `join` allows.
    fn runs(&self, channels: usize, join: bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for &(_, [row, column]) in &self.taps {
            match runs.last_mut() {
                Some(last)
                    if join && last.row == row && last.column * channels + last.len == column * channels =>
                {
                    last.len += channels;
                }
                _ => runs.push(Run { row, column, len: channels }),
            }
        }
        runs
    }
}

struct Axis {
    first: usize,
    count: usize,
    origin: isize,
    reach: usize,
    taps: Vec<(usize, usize)>,
}

impl<T: Real> PackedFilter<T> {
    /// Packs a filter [KH, KW, C / groups, O] for the forward pass. Panics when its length is another.
    pub fn forward(shape: &Conv2dShape, filter: &[T]) -> Self {
        T::pack_forward(shape, filter)
    }

    pub(crate) fn forward_of(shape: &Conv2dShape, filter: &[T]) -> Self {
        Self::pack(shape, filter, Direction::Forward)
    }

    /// Packs the same filter for the input gradient.
    pub fn input_gradient(shape: &Conv2dShape, filter: &[T]) -> Self {
        T::pack_input_gradient(shape, filter)
    }

    pub(crate) fn input_gradient_of(shape: &Conv2dShape, filter: &[T]) -> Self {
        Self::pack(shape, filter, Direction::InputGradient)
    }

    fn pack(shape: &Conv2dShape, filter: &[T], direction: Direction) -> Self {
        assert!(
            filter.len() == shape.filter_len(),
            "conv2d: filter {:?} given as {} values",
            shape.filter,
            filter.len()
        );
        simd::dispatch(Pack { shape, filter, direction })
    }

    /// Runs all sweeps: `source` are the images or output gradients, `out` the results.
    #[inline(always)]
    pub(crate) fn sweep<S: Simd>(
        &self,
        s: S,
        batch: usize,
        source: *const T,
        out: *mut T,
        finish: Option<Finish<T>>,
    ) {
        let shape = &self.shape;
        let (from, to) = match self.direction {
            Direction::Forward => (shape.input, shape.output),
            Direction::InputGradient => (shape.output, shape.input),
        };
        let groups = shape.options.groups;
        let (depth, n) = (from[3] / groups, to[3] / groups);
        let panels = self.data.as_slice::<T>();
        for (grid, at) in &self.grids {
            let runs = grid.runs(depth, groups == 1);
            for g in 0..groups {
                Sweep {
                    images: batch,
                    source: Images { data: source, height: from[1], width: from[2], channels: from[3] },
                    channel: g * depth,
                    origin: grid.origin,
                    step: grid.step,
                    reach: grid.reach,
                    runs: &runs,
                    panels: panels[g * self.group_len + at..].as_ptr(),
                    grid: grid.size,
                    out: out.wrapping_add((grid.first[0] * to[2] + grid.first[1]) * to[3] + g * n),
                    out_image: to[1] * to[2] * to[3],
                    out_row: grid.every[0] * to[2] * to[3],
                    out_pixel: grid.every[1] * to[3],
                    n,
                    finish: finish.map(|f| f.at(g * n)),
                }
                .run(s);
            }
        }
    }
}

struct Pack<'a, T> {
    shape: &'a Conv2dShape,
    filter: &'a [T],
    direction: Direction,
}

impl<T: Real> Kernel for Pack<'_, T> {
    type Out = PackedFilter<T>;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> PackedFilter<T> {
        let Pack { shape, filter, direction } = self;
        let (channels, filters) = (shape.group_channels(), shape.group_filters());
        let forward = direction == Direction::Forward;
        let (depth, n) = if forward { (channels, filters) } else { (filters, channels) };
        let packed = |plan: Plan, grids: Vec<(Grid, usize)>, group_len: usize, data: Buffer| PackedFilter {
            shape: *shape,
            direction,
            level: S::LEVEL,
            plan,
            grids,
            group_len,
            data,
            element: PhantomData,
        };
        if winograd::applies(shape, T::DTYPE) {
            // SAFETY: `applies` made sure that T is f32.
            let filter = unsafe { std::slice::from_raw_parts(filter.as_ptr().cast::<f32>(), filter.len()) };
            return packed(Plan::Winograd, Vec::new(), 0, winograd::pack(s, depth, n, filter, !forward));
        }
        if !forward && narrow::applies(shape, T::lanes::<S>()) {
            let columns = filter.len() / depth;
            let mut data = Buffer::new(T::DTYPE, packed_len::<T, S>(depth, columns));
            // SAFETY: the filter is a matrix [KH KW C, O].
            unsafe { pack_b(s, depth, columns, filter.as_ptr(), depth, true, data.as_mut_slice()) };
            return packed(Plan::Narrow, Vec::new(), 0, data);
        }
        let grids = if forward { Grid::forward(shape) } else { Grid::input_gradient(shape) };
        let mut group_len = 0;
        let grids: Vec<(Grid, usize)> = grids
            .into_iter()
            .map(|g| {
                let at = group_len;
                group_len += packed_len::<T, S>(g.taps.len() * depth, n);
                (g, at)
            })
            .collect();
        let mut data = Buffer::new(T::DTYPE, group_len * shape.options.groups);
        let panels = data.as_mut_slice::<T>();
        let [_, kw, _, all] = shape.filter;
        for group in 0..shape.options.groups {
            for (grid, at) in &grids {
                let total = grid.taps.len() * depth;
                for (i, &([ky, kx], _)) in grid.taps.iter().enumerate() {
                    // SAFETY: a tap is a [channels, all filters] matrix, of which the group has some columns; it
                    // is read as [depth, n], or transposed for the gradient.
                    unsafe {
                        let tap = filter.as_ptr().add((ky * kw + kx) * channels * all + group * filters);
                        let out = &mut panels[group * group_len + at..];
                        pack_piece(s, depth, n, tap, all, !forward, out, total, i * depth);
                    }
                }
            }
        }
        packed(Plan::Sweep, grids, group_len, data)
    }
}
