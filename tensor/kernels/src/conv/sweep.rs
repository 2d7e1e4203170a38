//! The engine of the forward pass and the input gradient: a set of taps, swept over a grid of pixels.
//!
//! Every output pixel is a sum of runs: contiguous stretches of source values (a row of taps times all
//! channels), each multiplied with as many rows of the packed filter. The source runs of the next output pixel lie a
//! constant distance further, so a row of output pixels is a matrix product whose A is the image itself: no
//! im2col, no packing of A. The tile kernel of the matrix product does the rest, with K cut into runs.
//!
//! A task is a band of output rows of one image: few enough that its source rows stay in the second-level cache.

use super::window::{Images, Window};
use crate::gemm::micro::{Segment, Tile, max_rows};
use crate::gemm::pack::{Source, panel_width, width_at};
use crate::gemm::{Finish, Real};
use crate::simd::{Kernel, Simd};
use crate::threads::parallel_for_cost;

/// One contiguous stretch of source values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Run {
    /// Source row and column, counted from the first ones that any tap of the pixel uses.
    pub row: usize,
    pub column: usize,
    /// Values.
    pub len: usize,
}

/// What to sweep over which grid.
pub(crate) struct Sweep<'a, T> {
    pub images: usize,
    pub source: Images<T>,
    /// First channel used (groups).
    pub channel: usize,
    /// Source row and column of the first tap of grid pixel (0, 0).
    pub origin: [isize; 2],
    /// Source pixels from one grid pixel to the next.
    pub step: [usize; 2],
    /// Source rows and columns that one pixel's taps span.
    pub reach: [usize; 2],
    pub runs: &'a [Run],
    /// Panels of the filter, with as many rows as the runs have values.
    pub panels: *const T,
    pub grid: [usize; 2],
    /// The first output value, for grid pixel (0, 0) and the first column.
    pub out: *mut T,
    pub out_image: usize,
    pub out_row: usize,
    pub out_pixel: usize,
    /// Output channels computed.
    pub n: usize,
    pub finish: Option<Finish<T>>,
}

// SAFETY: tasks write disjoint output pixels and only read the rest.
unsafe impl<T: Sync> Send for Sweep<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Sweep<'_, T> {}

/// Bytes of source rows that a band may use.
const BAND_BYTES: usize = 192 << 10;
/// Multiply-adds that are worth a task of their own.
const TASK: usize = 1 << 20;

impl<T: Real> Sweep<'_, T> {
    /// Rows of K.
    #[inline(always)]
    fn depth(&self) -> usize {
        self.runs.iter().map(|r| r.len).sum()
    }

    /// Grid rows of a task, from the shape alone.
    #[inline(always)]
    fn band(&self) -> usize {
        let row_bytes =
            ((self.grid[1] - 1) * self.step[1] + self.reach[1]) * self.source.channels * size_of::<T>();
        let fit = (BAND_BYTES / row_bytes.max(1)).saturating_sub(self.reach[0]) / self.step[0] + 1;
        let work = (self.grid[1] * self.n * self.depth()).max(1);
        // Enough tasks for some threads, but none smaller than they are worth.
        let spread = (self.grid[0] * self.images).div_ceil(16).max(TASK.div_ceil(work));
        let band = fit.min(spread).clamp(1, self.grid[0]);
        self.grid[0].div_ceil(self.grid[0].div_ceil(band))
    }

    /// Computes all pixels of the grid.
    #[inline(always)]
    pub fn run<S: Simd>(&self, s: S) {
        if self.images == 0 || self.grid.contains(&0) || self.n == 0 {
            return;
        }
        let band = self.band();
        let bands = self.grid[0].div_ceil(band);
        let ns = self.images * self.grid[0] * self.grid[1] * self.n * self.depth() / 50;
        parallel_for_cost(self.images * bands, ns, |task| {
            let (image, first) = (task / bands, task % bands * band);
            s.outline(Band { sweep: self, image, first, last: self.grid[0].min(first + band) });
        });
    }
}

struct Band<'a, T> {
    sweep: &'a Sweep<'a, T>,
    image: usize,
    first: usize,
    last: usize,
}

impl<T: Real> Kernel for Band<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Band { sweep: w, image, first, last } = self;
        let c = w.source.channels;
        let window = Window {
            image,
            top: w.origin[0] + (first * w.step[0]) as isize,
            left: w.origin[1],
            rows: (last - 1 - first) * w.step[0] + w.reach[0],
            columns: (w.grid[1] - 1) * w.step[1] + w.reach[1],
        };
        let mut scratch = None;
        // SAFETY: `image` is below the number of images; the scratch lives as long as the view.
        let view = unsafe { w.source.window(window, &mut scratch) };
        let depth = w.depth();
        let runs = w.runs.iter().filter(|r| r.len > 0);
        let segments: Vec<Segment> =
            runs.map(|r| Segment { a: r.row * view.stride + r.column * c + w.channel, len: r.len }).collect();
        let tiles = w.grid[1].div_ceil(max_rows::<T, S>());
        let (height, taller) = (w.grid[1] / tiles, w.grid[1] % tiles);
        let (lda, width) = (w.step[1] * c, panel_width::<T, S>());
        let panels = Source(w.panels);
        let mut j = 0;
        while j < w.n {
            let ldb = width_at::<T, S>(w.n, j);
            let cols = width.min(w.n - j);
            for y in first..last {
                let mut x = 0;
                for tile in 0..tiles {
                    let h = height + usize::from(tile < taller);
                    // SAFETY: the window holds the taps of every pixel of the band; panels start at
                    // depth * column; the output pixels exist and belong to this task.
                    unsafe {
                        let tile = Tile {
                            segments: &segments,
                            a: view.data.add((y - first) * w.step[0] * view.stride + x * lda),
                            lda,
                            b: panels.get().add(depth * j),
                            ldb,
                            c: w.out.add(image * w.out_image + y * w.out_row + x * w.out_pixel + j),
                            ldc: w.out_pixel,
                            cols,
                            add: false,
                            finish: w.finish.map(|f| f.at(j)),
                        };
                        tile.run::<S, false>(s, h);
                    }
                    x += h;
                }
            }
            j += width;
        }
    }
}
