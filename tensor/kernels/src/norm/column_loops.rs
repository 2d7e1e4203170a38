//! f32 loops that add rows up, several at a time: a column's sums are loaded and stored once for all of them.

use super::column_gradients::{Above, Slope};
use crate::simd::{Kernel, Simd};
use crate::stream;

/// Rows that are added together.
const ROWS: usize = 4;

/// The first `len` lanes from p on.
///
/// # Safety
/// `len` is at most the number of lanes, and p valid for reading as many values.
#[inline(always)]
unsafe fn load<S: Simd>(s: S, len: usize, p: *const f32) -> S::F {
    // SAFETY: the caller vouches for the values; a whole vector is the usual case.
    unsafe { if len == S::LANES { s.load_ptr(p) } else { s.load_ptr_n(p, len) } }
}

/// Asks for element `at` of the rows behind these R of n elements. Rows are read column by column, which the processor does
/// not foresee, so the next ones are asked for meanwhile, in order.
#[inline(always)]
fn ahead(x: *const f32, rows: usize, n: usize, at: usize) {
    stream::prefetch_line(x.wrapping_add(rows * n + at));
}

/// Per column, sums of distances from `origin`, and of their squares.
pub(super) struct MomentSums<'a> {
    x: &'a [f32],
    origin: &'a [f32],
    sum: &'a mut [f32],
    square: &'a mut [f32],
}

impl<'a> MomentSums<'a> {
    /// x has whole rows of as many elements as the others.
    pub fn new(x: &'a [f32], origin: &'a [f32], sum: &'a mut [f32], square: &'a mut [f32]) -> Self {
        let n = origin.len();
        assert!(n > 0 && x.len().is_multiple_of(n) && sum.len() == n && square.len() == n, "moment sums");
        MomentSums { x, origin, sum, square }
    }

    /// # Safety
    /// R rows from x on lie in the array.
    #[inline(always)]
    unsafe fn rows<S: Simd, const R: usize>(&mut self, s: S, x: *const f32) {
        let n = self.origin.len();
        let mut at = 0;
        while at < n {
            let len = (n - at).min(S::LANES);
            // SAFETY: `at + len` stays within n, which is the length of rows and sums (`new`).
            unsafe {
                let origin = load(s, len, self.origin.as_ptr().add(at));
                let (sum, square) = (self.sum.as_mut_ptr().add(at), self.square.as_mut_ptr().add(at));
                let (mut a, mut b) = (load(s, len, sum), load(s, len, square));
                for r in 0..R {
                    ahead(x, R, n, R * at + r * S::LANES);
                    let d = s.sub(load(s, len, x.add(r * n + at)), origin);
                    a = s.add(a, d);
                    b = s.fma(d, d, b);
                }
                s.store_ptr_n(sum, len, a);
                s.store_ptr_n(square, len, b);
            }
            at += len;
        }
    }
}

impl Kernel for MomentSums<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (x, n) = (self.x, self.origin.len());
        let blocks = x.chunks_exact(ROWS * n);
        for x in blocks.remainder().chunks_exact(n) {
            // SAFETY: n elements are a row.
            unsafe { self.rows::<S, 1>(s, x.as_ptr()) }
        }
        for x in blocks {
            // SAFETY: a block has ROWS rows.
            unsafe { self.rows::<S, ROWS>(s, x.as_ptr()) }
        }
    }
}

/// Per column, the sums of dy and of dy (x - mean), dy taken below the activation if there is one.
pub(super) struct GradientSums<'a> {
    above: Above<'a, f32>,
    plain: &'a mut [f32],
    dot: &'a mut [f32],
}

impl<'a> GradientSums<'a> {
    /// dy and x have whole rows of as many elements as the others.
    pub fn new(above: Above<'a, f32>, plain: &'a mut [f32], dot: &'a mut [f32]) -> Self {
        above.check("gradient sums");
        let n = above.mean.len();
        assert!(n > 0 && plain.len() == n && dot.len() == n, "gradient sums");
        GradientSums { above, plain, dot }
    }

    /// # Safety
    /// R rows from dy and x on lie in their arrays.
    #[inline(always)]
    unsafe fn rows<S: Simd, const R: usize>(&mut self, s: S, dy: *const f32, x: *const f32) {
        let n = self.above.mean.len();
        let mut at = 0;
        while at < n {
            let len = (n - at).min(S::LANES);
            // SAFETY: `at + len` stays within n, which is the length of rows, sums and columns (`new`).
            unsafe {
                let mean = load(s, len, self.above.mean.as_ptr().add(at));
                let slope = match self.above.slope {
                    None => None,
                    Some(Slope { scale, shift, top }) => {
                        let [scale, shift] = [scale, shift].map(|v| v.as_ptr().add(at));
                        Some((load(s, len, scale), load(s, len, shift), s.splat(top)))
                    }
                };
                let (plain, dot) = (self.plain.as_mut_ptr().add(at), self.dot.as_mut_ptr().add(at));
                let (mut a, mut b) = (load(s, len, plain), load(s, len, dot));
                for r in 0..R {
                    ahead(dy, R, n, R * at + r * S::LANES);
                    ahead(x, R, n, R * at + r * S::LANES);
                    let (mut dy, x) = (load(s, len, dy.add(r * n + at)), load(s, len, x.add(r * n + at)));
                    if let Some((scale, shift, top)) = slope {
                        let y = s.fma(x, scale, shift);
                        let inside = s.and(s.gt(y, s.zero()), s.not(s.ge(y, top)));
                        dy = s.select(inside, dy, s.zero());
                    }
                    a = s.add(a, dy);
                    b = s.fma(dy, s.sub(x, mean), b);
                }
                s.store_ptr_n(plain, len, a);
                s.store_ptr_n(dot, len, b);
            }
            at += len;
        }
    }
}

impl Kernel for GradientSums<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (Above { dy, x, .. }, n) = (self.above, self.above.mean.len());
        let (dy, x) = (dy.chunks_exact(ROWS * n), x.chunks_exact(ROWS * n));
        let rest = dy.remainder().chunks_exact(n).zip(x.remainder().chunks_exact(n));
        for (dy, x) in rest {
            // SAFETY: n elements are a row.
            unsafe { self.rows::<S, 1>(s, dy.as_ptr(), x.as_ptr()) }
        }
        for (dy, x) in dy.zip(x) {
            // SAFETY: a block has ROWS rows.
            unsafe { self.rows::<S, ROWS>(s, dy.as_ptr(), x.as_ptr()) }
        }
    }
}
