//! The inner loop: a tile of C in registers, one step of K after the other.
//!
//! Per step, `NV` vectors of B are loaded and `MR` values of A broadcast, for `MR * NV` fused
//! multiply-adds. The tile is as large as the registers allow: 14 x 32 with AVX-512 (28 accumulators of 32
//! registers), 6 x 16 with AVX2. All loops over `MR` and `NV` unroll, so the accumulators never leave the registers.
//!
//! A is read in place or from a panel, through two strides: rows of A are either contiguous along K
//! (`A_UNIT = false`, the stride between rows is a parameter), or contiguous across rows (`A_UNIT = true`, a
//! transposed A, the stride between steps is the parameter). B comes in whole vectors, rows `ldb` apart,
//! from panels or in place. K comes in segments: one for a plain product, several for convolutions.
//!
//! A kernel is compiled for every height of the tile, so that 32 rows become 11 + 11 + 10 and not 14 + 14 + 4.

use super::Real;
use super::epilogue::{Activation, Apply, Finish};
use crate::simd::{Kernel, Level, Simd};

/// Accumulators of a tile, one or two vectors wide.
pub(crate) type Acc<T, S, const MR: usize, const NV: usize> = [[<T as Real>::V<S>; NV]; MR];

/// Repeats a block for every row of a tile. A loop over the accumulators is only as good as the compiler's will to
/// unroll it: when it does not, they live in memory, at a twentieth of the speed.
macro_rules! unroll {
    ($i:ident < $n:ident, $body:block) => { unroll!(@ $i $n $body 0 1 2 3 4 5 6 7 8 9 10 11 12 13) };
    (@ $i:ident $n:ident $body:block $($row:literal)*) => {
        $(if $row < $n {
            let $i: usize = $row;
            $body
        })*
    };
}

/// Adds the product over all segments to the accumulators.
///
/// One flat loop, since with a loop over segments around a loop over steps the compiler keeps two sets of
/// accumulators, one of them in memory.
///
/// # Safety
/// For every step p of every segment and row i < MR, A is readable at `a + segment.a + i * lda + p` (or `... + i + p * lda`
/// with `A_UNIT`), and B, over all steps q of all segments, at `b + q * ldb` for NV vectors.
#[inline(always)]
unsafe fn accumulate<T: Real, S: Simd, const MR: usize, const NV: usize, const A_UNIT: bool>(
    s: S,
    acc: &mut Acc<T, S, MR, NV>,
    segments: &[Segment],
    start: *const T,
    lda: usize,
    b: *const T,
    ldb: usize,
) {
    debug_assert!(segments.iter().all(|s| s.len > 0));
    let mut rest = segments.iter();
    let Some(first) = rest.next() else { return };
    let (mut a, mut b, mut left) = (start.wrapping_add(first.a), b, first.len);
    let step = if A_UNIT { lda } else { 1 };
    loop {
        // SAFETY: the caller vouches for both matrices; the pointers may end one step past them, which
        // `wrapping_add` allows.
        unsafe {
            let b0 = T::load(s, b);
            let b1 = if NV > 1 { T::load(s, b.add(T::lanes::<S>())) } else { b0 };
            unroll!(i < MR, {
                let x = T::splat(s, *a.add(if A_UNIT { i } else { i * lda }));
                acc[i][0] = T::mul_add(s, x, b0, acc[i][0]);
                if NV > 1 {
                    acc[i][NV - 1] = T::mul_add(s, x, b1, acc[i][NV - 1]);
                }
            });
        }
        a = a.wrapping_add(step);
        b = b.wrapping_add(ldb);
        left -= 1;
        if left == 0 {
            let Some(next) = rest.next() else { return };
            a = start.wrapping_add(next.a);
            left = next.len;
        }
    }
}

/// Writes a tile: overwrites, or adds to what is there; `cols` may end inside the last vector. Bias and `max(x, 0)` are
/// applied on the way.
///
/// # Safety
/// `c` is valid for MR rows of `cols` values at stride `ldc`, the bias for `cols`, and more than NV - 1 vectors are used.
#[inline(always)]
unsafe fn write<T: Real, S: Simd, const MR: usize, const NV: usize>(
    s: S,
    mut acc: Acc<T, S, MR, NV>,
    t: &Tile<'_, T>,
) {
    let (lanes, Tile { c, ldc, cols, .. }) = (T::lanes::<S>(), *t);
    let tail = cols - (NV - 1) * lanes;
    // SAFETY: full vectors lie within `cols`; the last is cut to what is left of it.
    unsafe {
        if t.add {
            unroll!(i < MR, {
                let p = c.add(i * ldc);
                if NV > 1 {
                    acc[i][0] = T::add_vectors(s, T::load(s, p), acc[i][0]);
                }
                let last = T::load_n(s, p.add((NV - 1) * lanes), tail);
                acc[i][NV - 1] = T::add_vectors(s, last, acc[i][NV - 1]);
            });
        }
        if let Some(finish) = t.finish {
            if !finish.bias.is_null() {
                let last = T::load_n(s, finish.bias.add((NV - 1) * lanes), tail);
                let first = if NV > 1 { T::load(s, finish.bias) } else { last };
                unroll!(i < MR, {
                    if NV > 1 {
                        acc[i][0] = T::add_vectors(s, acc[i][0], first);
                    }
                    acc[i][NV - 1] = T::add_vectors(s, acc[i][NV - 1], last);
                });
            }
            if T::RELU && finish.activation == Activation::Relu {
                unroll!(i < MR, {
                    acc[i][0] = T::relu(s, acc[i][0]);
                    acc[i][NV - 1] = T::relu(s, acc[i][NV - 1]);
                });
            }
        }
        unroll!(i < MR, {
            let p = c.add(i * ldc);
            if NV > 1 {
                T::store(s, p, acc[i][0]);
            }
            let p = p.add((NV - 1) * lanes);
            if tail == lanes {
                T::store(s, p, acc[i][NV - 1]);
            } else {
                T::store_n(s, p, tail, acc[i][NV - 1]);
            }
        });
    }
}

/// Rows of the largest tile.
#[inline(always)]
pub(crate) const fn max_rows<T, S: Simd>() -> usize {
    match S::LEVEL {
        // Where every processor of the last ten years has more, the last resort is kept small rather than fast.
        Level::Scalar if cfg!(target_arch = "x86_64") => 2,
        // Every height is a kernel: f64 does with those that hide the latency of a multiply-add.
        _ if S::REGISTERS == 32 => {
            if size_of::<T>() == 8 {
                8
            } else {
                14
            }
        }
        _ => 6,
    }
}

/// Vectors in a row of a full tile.
pub(crate) const VECTORS: usize = 2;

/// A stretch of K: where it starts in A, and how many steps it has, at least one. B continues from one to the next.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    pub a: usize,
    pub len: usize,
}

/// One tile of a product, for [`Simd::outline`].
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a, T> {
    pub segments: &'a [Segment],
    pub a: *const T,
    pub lda: usize,
    pub b: *const T,
    pub ldb: usize,
    pub c: *mut T,
    pub ldc: usize,
    pub cols: usize,
    /// Adds to `c`.
    pub add: bool,
    /// Applied after the last block of K.
    pub finish: Option<Finish<T>>,
}

struct Fixed<'a, T, const MR: usize, const NV: usize, const A_UNIT: bool>(&'a Tile<'a, T>);

impl<T: Real, const MR: usize, const NV: usize, const A_UNIT: bool> Kernel for Fixed<'_, T, MR, NV, A_UNIT> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let t = self.0;
        let mut acc = [[T::splat(s, T::ZERO); NV]; MR];
        // SAFETY: `Tile::run` has the caller's word for all of it.
        unsafe {
            accumulate::<T, S, MR, NV, A_UNIT>(s, &mut acc, t.segments, t.a, t.lda, t.b, t.ldb);
            write::<T, S, MR, NV>(s, acc, t);
            if let Some(finish) = t.finish.and_then(Finish::after_store) {
                s.outline(Apply { finish, c: t.c, ldc: t.ldc, rows: MR, cols: t.cols });
            }
        }
    }
}

impl<T: Real> Tile<'_, T> {
    /// Computes the tile of `rows` rows, 1 to [`max_rows`], and `cols` columns, 1 to two vectors.
    ///
    /// # Safety
    /// For every segment, A is readable from `a + segment.a` on, and B, in whole vectors, for all steps; C as
    /// [`write()`] says.
    #[inline(always)]
    pub unsafe fn run<S: Simd, const A_UNIT: bool>(&self, s: S, rows: usize) {
        if self.cols > T::lanes::<S>() {
            self.run_wide::<S, 2, A_UNIT>(s, rows);
        } else {
            self.run_wide::<S, 1, A_UNIT>(s, rows);
        }
    }

    #[inline(always)]
    fn run_wide<S: Simd, const NV: usize, const A_UNIT: bool>(&self, s: S, rows: usize) {
        macro_rules! rows {
            ($($n:literal)*) => { match rows { $($n => s.outline(Fixed::<T, $n, NV, A_UNIT>(self)),)* _ => unreachable!() } };
        }
        match const { max_rows::<T, S>() } {
            14 => rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14),
            8 => rows!(1 2 3 4 5 6 7 8),
            6 => rows!(1 2 3 4 5 6),
            _ => rows!(1 2),
        }
    }
}
