//! One row or one column: bound by memory, so each value of the matrix is read once, in order.
//!
//! Two loops cover the eight cases. `x` is the vector, `M` the stored matrix:
//! *dots*, when the sum runs along stored rows (`y[j] = M[j, :] . x`), and *sums of rows*, when it runs
//! across them (`y = sum_p x[p] M[p, :]`). Dots keep four rows going at once, sums of rows eight vectors.
//!
//! With a single term (k = 1) every row of C is a multiple of one row: the third loop.

use super::Real;
use super::blocked::{Factor, Product};
use crate::buffer::Buffer;
use crate::simd::{Kernel, Simd};
use crate::threads::parallel_for_cost;

/// A matrix of stored rows times a vector; `y` values are `y_stride` apart.
#[derive(Clone, Copy)]
struct Vector<T> {
    /// Outputs.
    len: usize,
    /// Terms of each sum.
    depth: usize,
    matrix: *const T,
    stride: usize,
    /// Contiguous.
    x: *const T,
    y: *mut T,
    y_stride: usize,
    add: bool,
}

// SAFETY: tasks write disjoint parts of y and only read the rest.
unsafe impl<T: Sync> Send for Vector<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Vector<T> {}

/// Computes the product if it is one of a vector; else returns false.
#[inline(always)]
pub(crate) fn run<T: Real, S: Simd>(s: S, p: Product<T>) -> bool {
    let Factor::Plain { b, ldb, trans } = p.b else { return false };
    if p.k == 1 && p.m * p.n >= 1024 && !p.add {
        outer(s, p, b, if trans { ldb } else { 1 });
        return true;
    }
    // Too small to be worth anything but the direct tiles.
    if p.m * p.n * p.k < 256 || (p.m > 1 && p.n > 1) {
        return false;
    }
    let mut gathered = None;
    // The vector, contiguous: from a row, or from a column.
    let mut vector = |from: *const T, stride: usize| -> *const T {
        if stride == 1 {
            return from;
        }
        let mut copy = Buffer::new(T::DTYPE, p.k);
        for (i, v) in copy.as_mut_slice::<T>().iter_mut().enumerate() {
            // SAFETY: the caller vouches for k values at this stride.
            *v = unsafe { *from.add(i * stride) };
        }
        gathered.insert(copy).as_slice::<T>().as_ptr()
    };
    let (v, along) = if p.m == 1 {
        let x = vector(p.a, if p.trans_a { p.lda } else { 1 });
        let v = Vector { len: p.n, depth: p.k, matrix: b, stride: ldb, x, y: p.c, y_stride: 1, add: p.add };
        (v, trans)
    } else {
        let x = vector(b, if trans { 1 } else { ldb });
        let (len, depth) = (p.m, p.k);
        let v = Vector { len, depth, matrix: p.a, stride: p.lda, x, y: p.c, y_stride: p.ldc, add: p.add };
        (v, !p.trans_a)
    };
    // Tasks of about 64 KB of the matrix, whole cache lines of y.
    let group = (16384 / v.depth).clamp(128, 4096).next_multiple_of(128);
    parallel_for_cost(v.len.div_ceil(group), v.len * v.depth / 8, move |task| {
        let (first, last) = (task * group, v.len.min((task + 1) * group));
        if along {
            s.outline(Dots(v, first, last));
        } else {
            s.outline(RowSums(v, first, last));
        }
    });
    if let Some(f) = p.finish {
        // SAFETY: C has m rows of n values, the bias n.
        unsafe { f.apply(p.c, p.ldc, p.m, p.n) };
    }
    true
}

/// `c[i, :] = a[i] b`, row after row.
#[inline(always)]
fn outer<T: Real, S: Simd>(s: S, p: Product<T>, b: *const T, b_stride: usize) {
    let mut row = Buffer::new(T::DTYPE, p.n);
    for (j, v) in row.as_mut_slice::<T>().iter_mut().enumerate() {
        // SAFETY: the caller vouches for n values of B.
        *v = unsafe { *b.add(j * b_stride) };
    }
    let row = row.as_slice::<T>();
    let group = (16384 / p.n).max(1);
    parallel_for_cost(p.m.div_ceil(group), p.m * p.n / 8, move |task| {
        let product = p;
        let (first, last) = (task * group, product.m.min((task + 1) * group));
        s.outline(Outer(product, row, first, last));
    });
}

struct Outer<'a, T>(Product<T>, &'a [T], usize, usize);

impl<T: Real> Kernel for Outer<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Outer(p, b, first, last) = self;
        let lanes = T::lanes::<S>();
        for i in first..last {
            // SAFETY: A has m values; rows of C have n, and vectors are full or cut to what is left.
            unsafe {
                let x = T::splat(s, *p.a.add(if p.trans_a { i } else { i * p.lda }));
                let (c, zero) = (p.c.add(i * p.ldc), T::splat(s, T::ZERO));
                let mut j = 0;
                while j + lanes <= b.len() {
                    T::store(s, c.add(j), T::mul_add(s, x, T::load(s, b.as_ptr().add(j)), zero));
                    j += lanes;
                }
                let n = b.len() - j;
                T::store_n(s, c.add(j), n, T::mul_add(s, x, T::load_n(s, b.as_ptr().add(j), n), zero));
                if let Some(f) = p.finish {
                    f.apply(c, p.ldc, 1, b.len());
                }
            }
        }
    }
}

struct Dots<T>(Vector<T>, usize, usize);

impl<T: Real> Kernel for Dots<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Dots(v, first, last) = self;
        let mut j = first;
        while j < last {
            // SAFETY: outputs below `last` exist, and so do the rows of the matrix for them.
            unsafe {
                if j + 4 <= last {
                    dots::<T, S, 4>(s, v, j);
                    j += 4;
                } else {
                    dots::<T, S, 1>(s, v, j);
                    j += 1;
                }
            }
        }
    }
}

/// `R` dot products of neighbouring rows, each in two vectors of partial sums.
///
/// # Safety
/// Rows and outputs `j..j + R` exist.
#[inline(always)]
unsafe fn dots<T: Real, S: Simd, const R: usize>(s: S, v: Vector<T>, j: usize) {
    let lanes = T::lanes::<S>();
    let mut acc = [[T::splat(s, T::ZERO); 2]; R];
    let mut p = 0;
    // SAFETY: full vectors lie below `depth`, the last is cut; the caller vouches for the rows.
    unsafe {
        while p + 2 * lanes <= v.depth {
            let x = [T::load(s, v.x.add(p)), T::load(s, v.x.add(p + lanes))];
            for (r, acc) in acc.iter_mut().enumerate() {
                let row = v.matrix.add((j + r) * v.stride + p);
                acc[0] = T::mul_add(s, T::load(s, row), x[0], acc[0]);
                acc[1] = T::mul_add(s, T::load(s, row.add(lanes)), x[1], acc[1]);
            }
            p += 2 * lanes;
        }
        while p < v.depth {
            let n = lanes.min(v.depth - p);
            let x = T::load_n(s, v.x.add(p), n);
            for (r, acc) in acc.iter_mut().enumerate() {
                let row = v.matrix.add((j + r) * v.stride + p);
                acc[0] = T::mul_add(s, T::load_n(s, row, n), x, acc[0]);
            }
            p += n;
        }
        for (r, acc) in acc.into_iter().enumerate() {
            let mut sums = [T::ZERO; 16];
            T::store(s, sums.as_mut_ptr(), T::add_vectors(s, acc[0], acc[1]));
            let mut n = lanes;
            while n > 1 {
                n /= 2;
                for i in 0..n {
                    sums[i] = sums[i] + sums[i + n];
                }
            }
            let y = v.y.add((j + r) * v.y_stride);
            *y = if v.add { *y + sums[0] } else { sums[0] };
        }
    }
}

struct RowSums<T>(Vector<T>, usize, usize);

impl<T: Real> Kernel for RowSums<T> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let RowSums(v, first, last) = self;
        let lanes = T::lanes::<S>();
        let mut j = first;
        while j < last {
            // SAFETY: outputs below `last` exist; vectors are full or cut to what is left.
            unsafe {
                if j + 8 * lanes <= last {
                    row_sums::<T, S, 8>(s, v, j, lanes);
                    j += 8 * lanes;
                } else {
                    let n = lanes.min(last - j);
                    row_sums::<T, S, 1>(s, v, j, n);
                    j += n;
                }
            }
        }
    }
}

/// Outputs of `R` vectors from `j` on, the last with `tail` lanes.
///
/// # Safety
/// The outputs and the matrix columns below them exist.
#[inline(always)]
unsafe fn row_sums<T: Real, S: Simd, const R: usize>(s: S, v: Vector<T>, j: usize, tail: usize) {
    let lanes = T::lanes::<S>();
    let mut acc = [T::splat(s, T::ZERO); R];
    // SAFETY: the caller vouches for the columns; vectors other than the last are full.
    unsafe {
        for p in 0..v.depth {
            let x = T::splat(s, *v.x.add(p));
            let row = v.matrix.add(p * v.stride + j);
            for (r, acc) in acc.iter_mut().enumerate() {
                let m = row.add(r * lanes);
                let m = if R == 1 { T::load_n(s, m, tail) } else { T::load(s, m) };
                *acc = T::mul_add(s, x, m, *acc);
            }
        }
        for (r, acc) in acc.into_iter().enumerate() {
            let n = if R == 1 { tail } else { lanes };
            let y = v.y.add((j + r * lanes) * v.y_stride);
            if v.y_stride == 1 {
                T::store_n(s, y, n, if v.add { T::add_vectors(s, T::load_n(s, y, n), acc) } else { acc });
            } else {
                let mut values = [T::ZERO; 16];
                T::store(s, values.as_mut_ptr(), acc);
                for (i, &value) in values[..n].iter().enumerate() {
                    let y = y.add(i * v.y_stride);
                    *y = if v.add { *y + value } else { value };
                }
            }
        }
    }
}
