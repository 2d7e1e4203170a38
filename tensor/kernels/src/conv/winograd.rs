//! Winograd's F(4x4, 3x3): 36 products where direct convolution needs 144.
//!
//! The image falls into windows of 6 x 6 pixels that overlap by 2 and give 4 x 4 outputs each. With the matrices B, G, A of
//! Lavin and Gray (2016), `Y = A' [(G g G') * (B' d B)] A`, where `*` is elementwise: for each of the 36
//! positions, the sum over channels is a matrix product of tiles by channels with channels by filters.
//!
//! A task takes a block of tiles so small that its transformed inputs and outputs stay in the second-level cache, and does
//! all three steps. Transforms run along channels, which are contiguous, with one vector per pixel. Pixels outside
//! the image are read from a row of zeros.
//!
//! # When, and how exact
//! 2.25 to 2.5 times fewer operations pay where products dominate: 3 x 3 taps, stride 1, at least 32 channels and
//! filters, at least 12 x 12 pixels, f32. The transforms multiply by up to 8 and subtract, which costs about four bits:
//! the largest error is about 1e-5 of the largest output (direct sums: 1e-6). [`Conv2dShape::direct`] turns it off.

use super::shape::Conv2dShape;
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::gemm::Finish;
use crate::gemm::blocked::{Factor, Product, Task};
use crate::gemm::micro::max_rows;
use crate::gemm::pack::{packed_len, panel_width, width_at};
use crate::simd::{Kernel, Simd};
use crate::threads::{SharedMut, parallel_for_cost};

/// Positions of a transformed tile.
const POINTS: usize = 36;
/// Bytes of transformed inputs and outputs of one block of tiles.
const BLOCK_BYTES: usize = 640 << 10;

/// True when this convolution and its input gradient are worth the transforms.
pub(crate) fn applies(shape: &Conv2dShape, dtype: DType) -> bool {
    let o = &shape.options;
    shape.winograd
        && dtype == DType::F32
        && shape.filter[..2] == [3, 3]
        && o.strides == [1, 1]
        && o.dilations == [1, 1]
        && o.groups == 1
        && shape.input[3].min(shape.filter[3]) >= 32
        && shape.output[1].min(shape.output[2]) >= 12
}

/// `B' d` for one column of six.
#[inline(always)]
fn input_points<S: Simd>(s: S, d: [S::F; 6]) -> [S::F; 6] {
    let (two, four, five) = (s.splat(2.0), s.splat(4.0), s.splat(5.0));
    let even = s.fnma(four, d[2], d[4]);
    let odd = s.fnma(four, d[1], d[3]);
    let near = s.sub(d[4], d[2]);
    let twice = s.mul(two, s.sub(d[3], d[1]));
    [
        s.fma(four, d[0], s.fnma(five, d[2], d[4])),
        s.add(even, odd),
        s.sub(even, odd),
        s.add(near, twice),
        s.sub(near, twice),
        s.fma(four, d[1], s.fnma(five, d[3], d[5])),
    ]
}

/// `A' m` for one column of six.
#[inline(always)]
fn output_points<S: Simd>(s: S, m: [S::F; 6]) -> [S::F; 4] {
    let (p, q) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
    let (r, u) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
    [
        s.add(m[0], s.add(p, r)),
        s.fma(s.splat(2.0), u, q),
        s.fma(s.splat(4.0), r, p),
        s.add(s.fma(s.splat(8.0), u, q), m[5]),
    ]
}

/// `G g` for one column of three.
#[inline(always)]
fn filter_points<S: Simd>(s: S, g: [S::F; 3]) -> [S::F; 6] {
    let sum = s.mul(s.splat(-1.0 / 6.0), s.add(g[0], g[2]));
    let wide = s.fma(s.splat(1.0 / 24.0), g[0], s.mul(s.splat(1.0 / 6.0), g[2]));
    [
        s.mul(s.splat(0.25), g[0]),
        s.fnma(s.splat(1.0 / 6.0), g[1], sum),
        s.fma(s.splat(1.0 / 6.0), g[1], sum),
        s.fma(s.splat(1.0 / 12.0), g[1], wide),
        s.fnma(s.splat(1.0 / 12.0), g[1], wide),
        g[2],
    ]
}

/// Transforms a filter [3, 3, k, n] into panels, one matrix [k, n] per position; with `turned` a filter [3, 3, n, k] whose
/// taps are taken from the last to the first.
#[inline(always)]
pub(crate) fn pack<S: Simd>(s: S, k: usize, n: usize, filter: &[f32], turned: bool) -> Buffer {
    assert!(filter.len() == 9 * k * n);
    let each = packed_len::<f32, S>(k, n);
    let mut out = Buffer::new(DType::F32, POINTS * each);
    let shared = SharedMut::new(out.as_mut_slice::<f32>());
    let width = panel_width::<f32, S>();
    parallel_for_cost(n.div_ceil(width), 9 * k * n, |panel| {
        s.outline(PackPanel { k, n, filter, turned, each, out: shared.as_ptr(), column: panel * width });
    });
    out
}

struct PackPanel<'a> {
    k: usize,
    n: usize,
    filter: &'a [f32],
    turned: bool,
    each: usize,
    out: *mut f32,
    column: usize,
}

impl Kernel for PackPanel<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let PackPanel { k, n, filter, turned, each, out, column } = self;
        let width = width_at::<f32, S>(n, column);
        let mut lanes_of_tap = [0.0f32; 16];
        for c in 0..k {
            for j in (0..width).step_by(S::LANES) {
                let first = column + j;
                let count = n.saturating_sub(first).min(S::LANES);
                let mut tap = |y: usize, x: usize| {
                    if turned {
                        let tap = &filter[(8 - (y * 3 + x)) * k * n..];
                        for (l, v) in lanes_of_tap.iter_mut().enumerate().take(count) {
                            *v = tap[(first + l) * k + c];
                        }
                        s.load_tail(&lanes_of_tap[..count])
                    } else if count == 0 {
                        s.zero()
                    } else {
                        s.load_tail(&filter[(y * 3 + x) * k * n + c * n + first..][..count])
                    }
                };
                let mut half = [[s.zero(); 3]; 6];
                for x in 0..3 {
                    let points = filter_points(s, [tap(0, x), tap(1, x), tap(2, x)]);
                    for (row, v) in half.iter_mut().zip(points) {
                        row[x] = v;
                    }
                }
                for (y, row) in half.into_iter().enumerate() {
                    for (x, v) in filter_points(s, row).into_iter().enumerate() {
                        // SAFETY: position y * 6 + x, panel at k * column, row c: inside the packed matrices.
                        unsafe { s.store_ptr(out.add((y * 6 + x) * each + k * column + c * width + j), v) };
                    }
                }
            }
        }
    }
}

/// A whole pass: NHWC images in, NHWC images out.
pub(crate) struct Pass {
    pub batch: usize,
    pub source: *const f32,
    /// Height, width, channels.
    pub from: [usize; 3],
    pub out: *mut f32,
    /// Height, width, filters.
    pub to: [usize; 3],
    /// Source row and column of the first tap of output pixel (0, 0).
    pub origin: [isize; 2],
    /// From [`pack`].
    pub panels: *const f32,
    pub finish: Option<Finish<f32>>,
}

// SAFETY: tasks write disjoint output tiles and only read the rest.
unsafe impl Send for Pass {}
// SAFETY: as above.
unsafe impl Sync for Pass {}

impl Pass {
    #[inline(always)]
    pub fn run<S: Simd>(&self, s: S) {
        let (down, across) = (self.to[0].div_ceil(4), self.to[1].div_ceil(4));
        let tiles = self.batch * down * across;
        if tiles == 0 {
            return;
        }
        let (k, n) = (self.from[2], self.to[2]);
        let mr = max_rows::<f32, S>();
        let fit = BLOCK_BYTES / (POINTS * 4 * (k + n)) / mr * mr;
        // Small batches: enough blocks for some threads.
        let block = fit.clamp(2 * mr, 4 * mr).min(tiles.div_ceil(8).next_multiple_of(mr));
        let ns = tiles * POINTS * k * n / 40;
        parallel_for_cost(tiles.div_ceil(block), ns, |task| {
            s.outline(Block {
                pass: self,
                first: task * block,
                last: tiles.min((task + 1) * block),
                down,
                across,
            });
        });
    }
}

struct Block<'a> {
    pass: &'a Pass,
    first: usize,
    last: usize,
    down: usize,
    across: usize,
}

impl Block<'_> {
    /// Image, row and column of the first output pixel of a tile.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (image, at) = (tile / (self.down * self.across), tile % (self.down * self.across));
        (image, at / self.across * 4, at % self.across * 4)
    }
}

impl Kernel for Block<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (k, n) = (self.pass.from[2], self.pass.to[2]);
        let tiles = self.last - self.first;
        // One line more between positions, so that the 36 streams do not meet in the same cache sets.
        let (v_step, m_step) = (tiles * k + 16, tiles * n + 16);
        let mut v = Buffer::new(DType::F32, POINTS * v_step);
        let mut m = Buffer::new(DType::F32, POINTS * m_step);
        let zeros = Buffer::zeroed(DType::F32, k);
        let (v, m) = (v.as_mut_slice::<f32>(), m.as_mut_slice::<f32>());
        for tile in 0..tiles {
            s.outline(Inputs {
                block: &self,
                tile,
                zeros: zeros.as_slice(),
                v: &mut v[tile * k..],
                step: v_step,
            });
        }
        let each = packed_len::<f32, S>(k, n);
        for point in 0..POINTS {
            let product = Product {
                m: tiles,
                n,
                k,
                a: v[point * v_step..].as_ptr(),
                lda: k,
                trans_a: false,
                b: Factor::Panels { b: self.pass.panels.wrapping_add(point * each), depth: k, from: 0 },
                c: m[point * m_step..].as_mut_ptr(),
                ldc: n,
                add: false,
                block: 0,
                finish: None,
            };
            s.outline(Task { product, rows: 0..tiles, columns: 0..n });
        }
        for tile in 0..tiles {
            s.outline(Outputs { block: &self, tile, m: &m[tile * n..], step: m_step });
        }
    }
}

/// Transforms the window of one tile.
struct Inputs<'a> {
    block: &'a Block<'a>,
    tile: usize,
    zeros: &'a [f32],
    v: &'a mut [f32],
    step: usize,
}

impl Kernel for Inputs<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let pass = self.block.pass;
        let [height, width, k] = pass.from;
        let (image, y, x) = self.block.place(self.block.first + self.tile);
        let (top, left) = (y as isize + pass.origin[0], x as isize + pass.origin[1]);
        let mut pixels = [self.zeros.as_ptr(); POINTS];
        for (i, p) in pixels.iter_mut().enumerate() {
            let (y, x) = (top + (i / 6) as isize, left + (i % 6) as isize);
            if (0..height as isize).contains(&y) && (0..width as isize).contains(&x) {
                // SAFETY: the pixel lies inside the image.
                *p = unsafe { pass.source.add(((image * height + y as usize) * width + x as usize) * k) };
            }
        }
        assert!(self.v.len() >= (POINTS - 1) * self.step + k);
        let out = self.v.as_mut_ptr();
        let mut c = 0;
        while c < k {
            let count = S::LANES.min(k - c);
            let mut half = [[s.zero(); 6]; 6];
            for x in 0..6 {
                let mut column = [s.zero(); 6];
                for y in 0..6 {
                    // SAFETY: every pixel, or the zeros, has k values.
                    column[y] = unsafe {
                        let p = pixels[y * 6 + x].add(c);
                        if count == S::LANES { s.load_ptr(p) } else { s.load_ptr_n(p, count) }
                    };
                }
                let points = input_points(s, column);
                for y in 0..6 {
                    half[y][x] = points[y];
                }
            }
            for (y, row) in half.into_iter().enumerate() {
                for (x, v) in input_points(s, row).into_iter().enumerate() {
                    // SAFETY: k values per tile and position, checked above for the last position.
                    unsafe {
                        let p = out.add((y * 6 + x) * self.step + c);
                        if count == S::LANES { s.store_ptr(p, v) } else { s.store_ptr_n(p, count, v) }
                    }
                }
            }
            c += S::LANES;
        }
    }
}

/// Transforms one tile back and writes its pixels.
struct Outputs<'a> {
    block: &'a Block<'a>,
    tile: usize,
    m: &'a [f32],
    step: usize,
}

impl Kernel for Outputs<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let pass = self.block.pass;
        let [height, width, n] = pass.to;
        let (image, y, x) = self.block.place(self.block.first + self.tile);
        let (rows, columns) = (4.min(height - y), 4.min(width - x));
        // SAFETY: the pixel exists.
        let out = unsafe { pass.out.add(((image * height + y) * width + x) * n) };
        assert!(self.m.len() >= (POINTS - 1) * self.step + n);
        let m = self.m.as_ptr();
        let mut o = 0;
        while o < n {
            let count = S::LANES.min(n - o);
            let mut half = [[s.zero(); 6]; 4];
            for x in 0..6 {
                let mut column = [s.zero(); 6];
                for y in 0..6 {
                    // SAFETY: n values per tile and position, checked above for the last position.
                    column[y] = unsafe {
                        let p = m.add((y * 6 + x) * self.step + o);
                        if count == S::LANES { s.load_ptr(p) } else { s.load_ptr_n(p, count) }
                    };
                }
                let points = output_points(s, column);
                for y in 0..4 {
                    half[y][x] = points[y];
                }
            }
            for (y, row) in half.into_iter().enumerate().take(rows) {
                for (x, v) in output_points(s, row).into_iter().enumerate().take(columns) {
                    // SAFETY: the pixel lies inside the image; this task alone writes it.
                    unsafe {
                        let p = out.add((y * width + x) * n + o);
                        if count == S::LANES { s.store_ptr(p, v) } else { s.store_ptr_n(p, count, v) }
                    }
                }
            }
            o += S::LANES;
        }
        if let Some(f) = pass.finish {
            for y in 0..rows {
                // SAFETY: `columns` pixels of n values, and a bias of n values.
                unsafe { f.apply(out.add(y * width * n), n, columns, n) };
            }
        }
    }
}
