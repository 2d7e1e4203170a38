//! The driver for everything that is not small: blocks for the caches, tiles for the registers, tasks for the threads.
//!
//! After Goto and van de Geijn (2008) and BLIS, with the roles arranged for B as the matrix of weights:
//!
//! - B is packed into panels first, all of it (or as many rows of K as fit the last cache), by all threads.
//! - C is cut into tasks of `mc` rows by `nc` columns. A task goes through K in blocks; the B panels of one
//!   block and `nc` columns stay in the second-level cache while the rows of A pass by, tile after tile.
//! - The rows of A of one tile stay in the first-level cache while all panels are multiplied with them. They are
//!   read in place when they are used only a few times and their stride suits the cache, else copied first.
//! - Tiles have equal heights (32 rows are 11 + 11 + 10, not 14 + 14 + 4).
//!
//! Departures from the classic scheme: A is not transposed while packing, since the inner loop reads it by
//! rows as well as by columns, so packing is a plain copy; few rows use B in place, unpacked; and when C
//! has few tiles and K is long (weight gradients), or few rows meet weights that the caches hold, K is cut
//! into fixed parts which are added in order.
//!
//! Where sums are rounded on their way depends on shapes alone, not on whether B was packed before.

use super::micro::{Segment, Tile, max_rows};
use super::pack::{
    copy_rows, friendly_stride, pack_b, pack_rows, pack_turned, packed_len, panel_width, width_at,
};
use super::{Finish, Real};
use crate::buffer::Buffer;
use crate::simd::{Kernel, Simd};
use crate::threads::{SharedMut, parallel_for_cost};
use std::mem::MaybeUninit;

/// One product of matrices in memory that the caller has checked.
#[derive(Clone, Copy)]
pub(crate) struct Product<T> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: *const T,
    pub lda: usize,
    /// A is stored as [k, m].
    pub trans_a: bool,
    pub b: Factor<T>,
    pub c: *mut T,
    pub ldc: usize,
    /// Adds to C.
    pub add: bool,
    /// Steps of K of a block; 0 lets K be cut into even ones. Where blocks end sums are rounded, so a product that is
    /// cut into slices keeps to those of the whole.
    pub block: usize,
    pub finish: Option<Finish<T>>,
}

// SAFETY: tasks write disjoint tiles of C and only read the rest.
unsafe impl<T: Sync> Send for Product<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Product<T> {}

/// Where B lies.
#[derive(Clone, Copy)]
pub(crate) enum Factor<T> {
    /// As the caller has it: [k, n] with rows `ldb` apart, or [n, k] with `trans`.
    Plain { b: *const T, ldb: usize, trans: bool },
    /// In panels of `depth` rows, of which the product uses those from `from` on.
    Panels { b: *const T, depth: usize, from: usize },
}

/// Steps of K between two visits of a tile of C: the rows of A (14 x 256 x 4 bytes) take half of a
/// 32 KB first-level cache.
const KC: usize = 256;
/// Columns of a task at most: its block of B is half of a 1 MB second-level cache.
const NC: usize = 512;
/// Rows of a task at most, in tiles; a transposed A is read by long rows, across as many tiles as fit.
const MC_TILES: usize = 12;
const MC_TILES_TURNED: usize = 24;
/// Multiply-adds that are worth a task: 5 to 10 microseconds.
const TASK: usize = 1 << 19;
/// Bytes of a B that stays in the second-level caches, as weights do beside their moments.
const KEPT: usize = 1 << 20;
/// Values of B that a product of one tile may copy to the stack.
const TINY: usize = 512;
/// Bytes of packed B at a time.
const PACK_BYTES: usize = 8 << 20;

/// Steps of K of each of the fewest blocks that are no longer than they may be.
#[inline(always)]
fn even_blocks(k: usize) -> usize {
    k.div_ceil(k.div_ceil(KC))
}

/// Rows and columns of a task, from the shape alone.
#[inline(always)]
fn task_shape(m: usize, n: usize, k: usize, mc: usize, mr: usize, nr: usize) -> (usize, usize) {
    let mut mc = m.min(mc * mr);
    let mut nc = n.next_multiple_of(nr).min(NC);
    let tasks = |mc: usize, nc: usize| m.div_ceil(mc) * n.div_ceil(nc);
    while tasks(mc, nc) < 8 && mc * nc * k > TASK {
        if mc > 3 * mr {
            mc = mc.div_ceil(2).next_multiple_of(mr);
        } else if nc > nr {
            nc = (nc / 2).next_multiple_of(nr);
        } else {
            break;
        }
    }
    // Equal shares rather than a small rest.
    (m.div_ceil(m.div_ceil(mc)), n.div_ceil(n.div_ceil(nc)).next_multiple_of(nr))
}

impl<T: Real> Kernel for Product<T> {
    type Out = ();
    /// Computes the product. Not empty: m, n and k are at least 1.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Product { m, n, k, .. } = self;
        let nr = panel_width::<T, S>();
        if m <= max_rows::<T, S>() && n <= nr && k * nr <= TINY {
            return self.tiny(s);
        }
        let parts = self.parts::<S>();
        if parts > 1 {
            return self.split_k(s, parts);
        }
        match self.b {
            Factor::Plain { trans: false, .. } if self.small::<S>() => {
                s.outline(Task { product: self, rows: 0..m, columns: 0..n });
            }
            Factor::Plain { trans: false, .. } if self.few_rows::<S>() => self.tasks(s),
            Factor::Panels { .. } => self.tasks(s),
            Factor::Plain { b, ldb, trans } => {
                let block = even_blocks(k);
                let rows = PACK_BYTES / (n.next_multiple_of(nr) * size_of::<T>()) / block * block;
                let rows = rows.clamp(block, k.next_multiple_of(block));
                let mut panels = Buffer::new(T::DTYPE, packed_len::<T, S>(rows.min(k), n));
                let mut from = 0;
                while from < k {
                    let depth = rows.min(k - from);
                    let last = from + depth == k;
                    // SAFETY: rows from.. of B exist, and so do the columns (or rows) from.. of A.
                    unsafe {
                        let part = b.add(if trans { from } else { from * ldb });
                        pack_b(s, depth, n, part, ldb, trans, panels.as_mut_slice());
                        Product {
                            k: depth,
                            a: self.a.add(if self.trans_a { from * self.lda } else { from }),
                            b: Factor::Panels { b: panels.as_slice().as_ptr(), depth, from: 0 },
                            add: self.add || from > 0,
                            block,
                            finish: self.finish.filter(|_| last),
                            ..self
                        }
                        .tasks(s);
                    }
                    from += depth;
                }
            }
        }
    }
}

impl<T: Real> Product<T> {
    /// True when packing would cost more than it saves.
    #[inline(always)]
    fn small<S: Simd>(&self) -> bool {
        self.m * self.n * self.k <= 64 * 64 * 64 && (self.m <= 4 * max_rows::<T, S>() || self.k <= 8)
    }

    /// One tile: nothing to plan.
    #[inline(always)]
    fn tiny<S: Simd>(self, s: S) {
        let Product { m, n, k, lda, trans_a, .. } = self;
        let lanes = T::lanes::<S>();
        let width = if n > lanes { 2 * lanes } else { lanes };
        let mut copy = [const { MaybeUninit::<T>::uninit() }; TINY];
        let copy = copy.as_mut_ptr().cast::<T>();
        // SAFETY: the caller vouches for the matrices; k rows of `width` values fit the copy.
        unsafe {
            let (b, ldb) = match self.b {
                Factor::Plain { b, ldb, trans: false } if n == width => (b, ldb),
                Factor::Plain { b, ldb, trans } => {
                    if trans {
                        pack_turned(s, k, n, width, b, ldb, copy);
                    } else {
                        pack_rows(s, k, n, width, b, ldb, copy);
                    }
                    (copy.cast_const(), width)
                }
                Factor::Panels { b, from, .. } => (b.add(from * width), width),
            };
            let tile = Tile {
                segments: &[Segment { a: 0, len: k }],
                a: self.a,
                lda,
                b,
                ldb,
                c: self.c,
                ldc: self.ldc,
                cols: n,
                add: self.add,
                finish: self.finish,
            };
            if trans_a {
                tile.run::<S, true>(s, m);
            } else {
                tile.run::<S, false>(s, m);
            }
        }
    }

    fn estimate_ns(&self) -> usize {
        // 50 multiply-adds per nanosecond.
        self.m * self.n * self.k / (400 / size_of::<T>() / 2)
    }

    /// Cuts C into tasks.
    #[inline(always)]
    fn tasks<S: Simd>(self, s: S) {
        let Product { m, n, k, .. } = self;
        let (mc, nc) = {
            let mc = if self.trans_a { MC_TILES_TURNED } else { MC_TILES };
            task_shape(m, n, k, mc, max_rows::<T, S>(), panel_width::<T, S>())
        };
        let (down, across) = (m.div_ceil(mc), n.div_ceil(nc));
        // Neighbours, which one thread runs, share the columns of B. Where the last columns are fewer that would leave
        // a thread with less to do, so they share rows, when the cache holds all of B.
        let by_rows = n % nc != 0 && n * k * size_of::<T>() <= KEPT;
        let whole = self;
        parallel_for_cost(down * across, self.estimate_ns(), move |task| {
            let (i, j) = if by_rows { (task / across, task % across) } else { (task % down, task / down) };
            let (i, j) = (i * mc, j * nc);
            s.outline(Task { product: whole, rows: i..m.min(i + mc), columns: j..n.min(j + nc) });
        });
    }

    /// Parts of K, from the shape alone, however B lies: more than one when C alone gives too few tasks, or when few rows
    /// meet weights that the second-level caches hold. Those are then read by rows, as their gradient is computed and as
    /// they are updated: each thread keeps to its own rows, and no line goes from cache to cache.
    #[inline(always)]
    fn parts<S: Simd>(&self) -> usize {
        let Product { m, n, k, .. } = *self;
        let tiles = m.div_ceil(max_rows::<T, S>()) * n.div_ceil(panel_width::<T, S>());
        if self.small::<S>() {
            1
        } else if k >= 4 * KC && (tiles < 8 || 64 * m * n <= (m + n) * k) {
            (k / (2 * KC)).min(16)
        } else if self.few_rows::<S>()
            && k >= 16 * m
            && k * n * size_of::<T>() <= KEPT
            && m * n * k > 4 * TASK
        {
            4
        } else {
            1
        }
    }

    /// True for so few rows that packing a plain B does not pay.
    #[inline(always)]
    fn few_rows<S: Simd>(&self) -> bool {
        self.m <= 3 * max_rows::<T, S>()
    }

    /// Computes fixed parts of K on their own and adds them in order.
    #[inline(always)]
    fn split_k<S: Simd>(self, s: S, parts: usize) {
        let Product { m, n, k, .. } = self;
        let mut sums = Buffer::new(T::DTYPE, parts * m * n);
        let (whole, shared) = (self, SharedMut::new(sums.as_mut_slice::<T>()));
        let depth = k.div_ceil(parts).next_multiple_of(8);
        parallel_for_cost(parts, self.estimate_ns(), |part| {
            let all: Product<T> = whole;
            let from = (part * depth).min(k);
            let rows = depth.min(k - from);
            // SAFETY: each part writes its own m * n values; rows from.. of both factors exist.
            let (c, a, b) = unsafe {
                let c = shared.slice(part * m * n..(part + 1) * m * n);
                let a = all.a.add(if all.trans_a { from * all.lda } else { from });
                let b = match all.b {
                    Factor::Plain { b, ldb, trans } => {
                        Factor::Plain { b: b.add(if trans { from } else { from * ldb }), ldb, trans }
                    }
                    Factor::Panels { b, depth, from: skip } => Factor::Panels { b, depth, from: skip + from },
                };
                (c, a, b)
            };
            if rows == 0 {
                return c.fill(T::ZERO);
            }
            let c = c.as_mut_ptr();
            s.outline(Part(Product { k: rows, a, b, c, ldc: n, add: false, finish: None, ..all }));
        });
        let sums = sums.as_slice::<T>();
        for i in 0..m {
            // SAFETY: the caller vouches for m rows of n values in C.
            let row = unsafe { std::slice::from_raw_parts_mut(self.c.add(i * self.ldc), n) };
            for part in 0..parts {
                let add = &sums[(part * m + i) * n..][..n];
                if part == 0 && !self.add {
                    row.copy_from_slice(add);
                } else {
                    row.iter_mut().zip(add).for_each(|(c, &v)| *c = *c + v);
                }
            }
        }
        if let Some(f) = self.finish {
            // SAFETY: as above, and the bias has n values.
            unsafe { f.apply(self.c, self.ldc, m, n) };
        }
    }

    /// Computes one block of C. Reads B in place when it is plain.
    #[inline(always)]
    fn task<S: Simd>(self, s: S, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) {
        let nr = panel_width::<T, S>();
        let Product { k, lda, trans_a, ldc, .. } = self;
        let (m, n) = (rows.len(), columns.len());
        let kc = if self.block > 0 { self.block } else { even_blocks(k) };
        let tiles = m.div_ceil(max_rows::<T, S>());
        let (height, taller) = (m / tiles, m % tiles);
        let copy = !in_place::<T>(lda, trans_a, n.div_ceil(nr), max_rows::<T, S>());
        // Room for one tile's rows; a transposed A is copied for all tiles at once, in pieces as long as possible.
        let stride = friendly_stride::<T>(kc);
        let mut scratch = copy.then(|| {
            let len = if trans_a { tiles * turned_len(height + 1, kc) } else { stride * max_rows::<T, S>() };
            Buffer::new(T::DTYPE, len)
        });
        let scratch = scratch.as_mut().map_or(std::ptr::null_mut(), |b| b.as_mut_slice::<T>().as_mut_ptr());
        // Columns of a plain B that do not fill their vectors are copied between zeros.
        let lanes = T::lanes::<S>();
        let odd = if n % nr == lanes { 0 } else { n % nr };
        let (whole, rest_width) = (columns.end - odd, if odd > lanes { nr } else { lanes });
        let copied = matches!(self.b, Factor::Plain { .. }) && odd > 0;
        let mut rest = copied.then(|| Buffer::new(T::DTYPE, kc * rest_width));
        let rest = rest.as_mut().map_or(std::ptr::null_mut(), |b| b.as_mut_slice::<T>().as_mut_ptr());
        let mut from = 0;
        while from < k {
            let depth = kc.min(k - from);
            let last = from + depth == k;
            let mut i = 0;
            if copy && trans_a {
                // SAFETY: `depth` rows of m values each, all within A; the copy has room for all tiles.
                unsafe {
                    pack_columns(s, m, tiles, depth, self.a.add(from * lda + rows.start), lda, scratch)
                };
            }
            if let (Factor::Plain { b, ldb, .. }, true) = (self.b, whole < columns.end) {
                // SAFETY: `depth` rows of the last columns exist; the copy holds kc rows of whole vectors.
                unsafe {
                    let src = b.add(from * ldb + whole);
                    pack_rows(s, depth, columns.end - whole, rest_width, src, ldb, rest);
                }
            }
            for tile in 0..tiles {
                let h = height + usize::from(tile < taller);
                let row = rows.start + i;
                // SAFETY: tile rows row..row + h and steps from..from + depth lie in A; the copies are large
                // enough; panels start at depth * column; columns are cut to those of the task.
                unsafe {
                    let (a, lda) = match (copy, trans_a) {
                        (false, false) => (self.a.add(row * lda + from), lda),
                        (false, true) => (self.a.add(from * lda + row), lda),
                        (true, false) => {
                            copy_rows(s, h, depth, self.a.add(row * lda + from), lda, scratch, stride);
                            (scratch.cast_const(), stride)
                        }
                        (true, true) => (scratch.add(tile * turned_len(height + 1, depth)).cast_const(), h),
                    };
                    let mut j = columns.start;
                    while j < columns.end {
                        let cols = nr.min(columns.end - j);
                        let (b, ldb) = match self.b {
                            Factor::Panels { b, depth: all, from: skip } => {
                                let ldb = width_at::<T, S>(self.n, j);
                                (b.add(all * j + (skip + from) * ldb), ldb)
                            }
                            Factor::Plain { .. } if j >= whole => (rest.cast_const(), rest_width),
                            Factor::Plain { b, ldb, .. } => (b.add(from * ldb + j), ldb),
                        };
                        let tile = Tile {
                            segments: &[Segment { a: 0, len: depth }],
                            a,
                            lda,
                            b,
                            ldb,
                            c: self.c.add(row * ldc + j),
                            ldc,
                            cols,
                            add: self.add || from > 0,
                            finish: if last { self.finish.map(|f| f.at(j)) } else { None },
                        };
                        if trans_a {
                            tile.run::<S, true>(s, h);
                        } else {
                            tile.run::<S, false>(s, h);
                        }
                        j += nr;
                    }
                }
                i += h;
            }
            from += depth;
        }
    }
}

/// True when A is better read where it is: it is used for few panels, and the rows of a tile do not
/// compete for the same sets of the first-level cache.
#[inline(always)]
fn in_place<T>(lda: usize, trans: bool, panels: usize, mr: usize) -> bool {
    if trans {
        // Few, or so narrow that a block of K fits the second-level cache as it is.
        return panels <= 1 || lda * size_of::<T>() <= 1024;
    }
    // Sets repeat every 4 KB in the usual 32 and 48 KB caches. Rows collide when a few strides come near a multiple.
    let bytes = lda * size_of::<T>();
    let near = |rows: usize| {
        let r = bytes * rows % 4096;
        r.min(4096 - r) < 64
    };
    panels <= 4 && !(1..=mr / 4).any(near)
}

/// Room for the panel of one tile of a transposed A: whole vectors are written, over the start of the next row.
#[inline(always)]
fn turned_len(height: usize, depth: usize) -> usize {
    height * depth + 16
}

/// Copies a transposed block, `depth` rows of `m` values, into panels of one tile each.
///
/// # Safety
/// The rows are readable at stride `lda`, and there is room for `tiles` panels of the taller height.
#[inline(always)]
unsafe fn pack_columns<T: Real, S: Simd>(
    s: S,
    m: usize,
    tiles: usize,
    depth: usize,
    a: *const T,
    lda: usize,
    out: *mut T,
) {
    let (height, taller, lanes) = (m / tiles, m % tiles, T::lanes::<S>());
    let room = turned_len(height + 1, depth);
    for p in 0..depth {
        let mut i = 0;
        for tile in 0..tiles {
            let h = height + usize::from(tile < taller);
            // SAFETY: values i..i + h of the row exist, and i..i + lanes where that is checked; rows are written
            // in order, so what a vector writes beyond its row is overwritten, or lies in the spare room.
            unsafe {
                let (src, dst) = (a.add(p * lda + i), out.add(tile * room + p * h));
                if h <= lanes && i + lanes <= m {
                    T::store(s, dst, T::load(s, src));
                } else {
                    copy_rows(s, 1, h, src, 0, dst, 0);
                }
            }
            i += h;
        }
    }
}

/// A block of C, for [`Simd::outline`].
pub(crate) struct Task<T> {
    pub product: Product<T>,
    pub rows: std::ops::Range<usize>,
    pub columns: std::ops::Range<usize>,
}

impl<T: Real> Kernel for Task<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.product.task(s, self.rows, self.columns);
    }
}

/// A product inside a task: packs and multiplies by itself.
struct Part<T>(Product<T>);

impl<T: Real> Kernel for Part<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let p = self.0;
        let mut panels = None;
        let b = match p.b {
            Factor::Plain { b, ldb, trans } if trans || !p.few_rows::<S>() => {
                let panels = panels.insert(Buffer::new(T::DTYPE, packed_len::<T, S>(p.k, p.n)));
                // SAFETY: the caller vouches for B.
                unsafe { pack_b(s, p.k, p.n, b, ldb, trans, panels.as_mut_slice()) };
                Factor::Panels { b: panels.as_slice().as_ptr(), depth: p.k, from: 0 }
            }
            as_it_lies => as_it_lies,
        };
        s.outline(Task { product: Product { b, ..p }, rows: 0..p.m, columns: 0..p.n });
    }
}
