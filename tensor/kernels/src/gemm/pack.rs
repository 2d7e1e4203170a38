//! Panels: B (and sometimes A) rearranged so that the inner loop reads memory in order.
//!
//! A panel of B holds two vectors' worth of columns, all rows of K after each other; the last panel
//! holds one vector when that is enough, and is filled with zeros. Panels do not depend on how K is cut into blocks.

use super::Real;
use super::micro::VECTORS;
use crate::buffer::Buffer;
use crate::simd::{self, Kernel, Simd};
use crate::threads::{SharedMut, parallel_for_cost};

/// A matrix `B[k, n]` in panels, made once and used by many products: weights.
///
/// It belongs to the instruction set that packed it; products with it use the same one.
pub struct PackedB<T> {
    pub(crate) data: Buffer,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) level: simd::Level,
    element: std::marker::PhantomData<T>,
}

impl<T: Real> PackedB<T> {
    /// Packs `b`, stored as [k, n] with rows `ldb` apart, or with `trans` as [n, k].
    ///
    /// Panics when `b` is too short.
    pub fn new(k: usize, n: usize, b: &[T], ldb: usize, trans: bool) -> Self {
        T::pack(k, n, b, ldb, trans)
    }

    pub(crate) fn new_of(k: usize, n: usize, b: &[T], ldb: usize, trans: bool) -> Self {
        super::check_matrix("b", b.len(), if trans { (n, k) } else { (k, n) }, ldb);
        if n == 1 {
            // A single column stays one: its products are not made of tiles.
            let mut data = Buffer::new(T::DTYPE, k);
            for (i, v) in data.as_mut_slice::<T>().iter_mut().enumerate() {
                *v = b[if trans { i } else { i * ldb }];
            }
            return PackedB { data, k, n, level: simd::level(), element: std::marker::PhantomData };
        }
        struct Pack<'a, T>(usize, usize, &'a [T], usize, bool);
        impl<T: Real> Kernel for Pack<'_, T> {
            type Out = Buffer;
            #[inline(always)]
            fn run<S: Simd>(self, s: S) -> Buffer {
                let Pack(k, n, b, ldb, trans) = self;
                let mut data = Buffer::new(T::DTYPE, packed_len::<T, S>(k, n));
                // SAFETY: `new` checked that B is as large as it says; the buffer holds all panels.
                unsafe { pack_b(s, k, n, b.as_ptr(), ldb, trans, data.as_mut_slice()) };
                data
            }
        }
        let data = simd::dispatch(Pack(k, n, b, ldb, trans));
        PackedB { data, k, n, level: simd::level(), element: std::marker::PhantomData }
    }

    /// Rows of B.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns of B.
    pub fn n(&self) -> usize {
        self.n
    }
}

/// Columns of a full panel.
#[inline(always)]
pub(crate) fn panel_width<T: Real, S: Simd>() -> usize {
    VECTORS * T::lanes::<S>()
}

/// Width of the panel that starts at a column, of a matrix with `n` columns.
#[inline(always)]
pub(crate) fn width_at<T: Real, S: Simd>(n: usize, column: usize) -> usize {
    if n - column > T::lanes::<S>() { panel_width::<T, S>() } else { T::lanes::<S>() }
}

/// Number of values in all panels of a [k, n] matrix.
#[inline(always)]
pub(crate) fn packed_len<T: Real, S: Simd>(k: usize, n: usize) -> usize {
    let full = n / panel_width::<T, S>() * panel_width::<T, S>();
    k * (full + if n > full { width_at::<T, S>(n, full) } else { 0 })
}

/// Packs all of B, on several threads when it is large.
///
/// # Safety
/// `b` is readable as [k, n] (or [n, k] with `trans`) with rows `ldb` apart.
#[inline(always)]
pub(crate) unsafe fn pack_b<T: Real, S: Simd>(
    s: S,
    k: usize,
    n: usize,
    b: *const T,
    ldb: usize,
    trans: bool,
    out: &mut [T],
) {
    // SAFETY: the caller vouches for B.
    unsafe { pack_piece(s, k, n, b, ldb, trans, out, k, 0) }
}

/// Packs the rows `row..row + k` of a B that has `total` rows.
///
/// # Safety
/// As for [`pack_b`].
#[inline(always)]
pub(crate) unsafe fn pack_piece<T: Real, S: Simd>(
    s: S,
    k: usize,
    n: usize,
    b: *const T,
    ldb: usize,
    trans: bool,
    out: &mut [T],
    total: usize,
    row: usize,
) {
    assert!(row + k <= total && out.len() >= packed_len::<T, S>(total, n));
    let width = panel_width::<T, S>();
    let panels = n.div_ceil(width);
    // About 64 KB per task.
    let group = (16384 / (k * width).max(1)).max(1);
    let (src, out) = (Source(b), SharedMut::new(out));
    parallel_for_cost(panels.div_ceil(group), k * n / 4, |task| {
        let first = task * group * width;
        let last = n.min(first + group * width);
        let piece = PackPanels { k, n, b: src.get(), ldb, trans, out: out.as_ptr(), total, row, first, last };
        s.outline(piece);
    });
}

/// A pointer that tasks read through.
#[derive(Clone, Copy)]
pub(crate) struct Source<T>(pub *const T);
// SAFETY: it stands for a shared slice that outlives the tasks.
unsafe impl<T: Sync> Send for Source<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Source<T> {}
impl<T> Source<T> {
    /// The pointer; a method, so that closures capture the whole and not the field.
    #[inline(always)]
    pub fn get(self) -> *const T {
        self.0
    }
}

/// Packs the panels of the columns `first..last`.
struct PackPanels<T> {
    k: usize,
    n: usize,
    b: *const T,
    ldb: usize,
    trans: bool,
    out: *mut T,
    total: usize,
    row: usize,
    first: usize,
    last: usize,
}

impl<T: Real> Kernel for PackPanels<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let PackPanels { k, n, b, ldb, trans, out, total, row, first, last } = self;
        let (lanes, step) = (T::lanes::<S>(), panel_width::<T, S>());
        // Rows of K taken together, so that writes to a panel are long and reads along rows too.
        let block = lanes.max(8);
        let mut p = 0;
        while p < k {
            let depth = block.min(k - p);
            let mut column = first;
            while column < last {
                let width = width_at::<T, S>(n, column);
                let cols = width.min(n - column);
                // SAFETY: rows p.. < k and columns column.. < n of B exist; the panel has `total` rows of
                // `width` values and starts at total * column, since all panels before it are full.
                unsafe {
                    let dst = out.add(total * column + (row + p) * width);
                    if trans {
                        pack_turned(s, depth, cols, width, b.add(column * ldb + p), ldb, dst);
                    } else {
                        pack_rows(s, depth, cols, width, b.add(p * ldb + column), ldb, dst);
                    }
                }
                column += step;
            }
            p += depth;
        }
    }
}

/// Copies `depth` rows of `cols` values, `src_stride` apart, to rows of `width`, a multiple of the lanes.
///
/// # Safety
/// The rows are readable, and `depth * width` values writable at `dst`.
#[inline(always)]
pub(crate) unsafe fn pack_rows<T: Real, S: Simd>(
    s: S,
    depth: usize,
    cols: usize,
    width: usize,
    src: *const T,
    src_stride: usize,
    dst: *mut T,
) {
    let lanes = T::lanes::<S>();
    for r in 0..depth {
        let mut j = 0;
        while j < width {
            // SAFETY: j + lanes <= width, and only values below `cols` are read.
            unsafe {
                let p = src.add(r * src_stride + j);
                let v = if j + lanes <= cols { T::load(s, p) } else { T::load_n(s, p, cols - j) };
                T::store(s, dst.add(r * width + j), v);
            }
            j += lanes;
        }
    }
}

/// As [`pack_rows`] from a transposed source: `cols` rows of `depth` values.
///
/// # Safety
/// The rows are readable, and `depth * width` values writable at `dst`.
#[inline(always)]
pub(crate) unsafe fn pack_turned<T: Real, S: Simd>(
    s: S,
    depth: usize,
    cols: usize,
    width: usize,
    src: *const T,
    src_stride: usize,
    dst: *mut T,
) {
    let lanes = T::lanes::<S>();
    let mut j = 0;
    while j < width {
        let mut r = 0;
        if j + lanes <= cols {
            while r + lanes <= depth {
                // SAFETY: `lanes` source rows from j and values from r exist, and so do their places.
                unsafe {
                    <T as Real>::transpose(
                        s,
                        src.add(j * src_stride + r),
                        src_stride,
                        dst.add(r * width + j),
                        width,
                    )
                };
                r += lanes;
            }
        }
        for r in r..depth {
            for l in j..j + lanes {
                // SAFETY: only values of columns below `cols` are read; l < width.
                unsafe {
                    *dst.add(r * width + l) = if l < cols { *src.add(l * src_stride + r) } else { T::ZERO }
                }
            }
        }
        j += lanes;
    }
}

/// Copies `rows` rows of `depth` values to rows `dst_stride` apart: A, moved to a stride that the cache likes.
///
/// # Safety
/// The source is readable and the destination writable at these sizes and strides.
#[inline(always)]
pub(crate) unsafe fn copy_rows<T: Real, S: Simd>(
    s: S,
    rows: usize,
    depth: usize,
    src: *const T,
    src_stride: usize,
    dst: *mut T,
    dst_stride: usize,
) {
    let lanes = T::lanes::<S>();
    for i in 0..rows {
        // SAFETY: full vectors lie within `depth` values, and the tail is cut to the rest.
        unsafe {
            let (src, dst) = (src.add(i * src_stride), dst.add(i * dst_stride));
            let mut p = 0;
            while p + lanes <= depth {
                T::store(s, dst.add(p), T::load(s, src.add(p)));
                p += lanes;
            }
            if p < depth {
                T::store_n(s, dst.add(p), depth - p, T::load_n(s, src.add(p), depth - p));
            }
        }
    }
}

/// The row stride of a copy with rows of `depth` values: an odd number of cache lines, so that the rows of
/// a tile fall into different sets.
#[inline(always)]
pub(crate) fn friendly_stride<T>(depth: usize) -> usize {
    let line = 64 / size_of::<T>();
    (depth.div_ceil(line) | 1) * line
}
