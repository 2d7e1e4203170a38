//! The two operations behind products: a sparse matrix times a dense one, and the products of rows at coordinates.
//!
//! `SparseProduct` makes row `i` of the result from the entries of row `i`: `y[i, :] = sum_e v[e] * b[column[e], :]`. A few
//! columns are summed at a time, in as many accumulators, so that a row of the result is written once; entries are taken
//! in their order. Its gradients are the same operation transposed, for `b`, and `SampledProduct`, for `v`:
//! `dv[e] = dot(dy[row[e], :], b[column[e], :])`. The gradients of that one are products again, so any order works.

use gradus_kernels::threads;
use gradus_tensor::attr::OpDef;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{apply1, same_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Keep, Op, Result, Spec, Specs, Tensor};
use smallvec::smallvec;

use crate::rows::Rows;

/// The operations of this crate, for a [`Registry`](gradus_tensor::Registry).
pub const DEFS: &[OpDef] = &[SparseProduct::DEF, SampledProduct::DEF];

/// Rows of a result that one task makes; by shape alone, so that threads do not show in results.
const ROWS: usize = 16;
/// Columns that are summed at a time.
const WIDE: usize = 32;

/// What products are computed in. Integers wrap, as they do in TensorFlow.
trait Number: gradus_tensor::Element {
    fn plus_product(self, a: Self, b: Self) -> Self;
}

macro_rules! number {
    ($($t:ty, $x:ident $a:ident $b:ident => $e:expr;)*) => {$(
        impl Number for $t {
            #[inline(always)]
            fn plus_product(self, $a: $t, $b: $t) -> $t {
                let $x = self;
                $e
            }
        }
    )*};
}
number! {
    f32, x a b => x + a * b;
    f64, x a b => x + a * b;
    i32, x a b => x.wrapping_add(a.wrapping_mul(b));
    i64, x a b => x.wrapping_add(a.wrapping_mul(b));
}

macro_rules! dispatch_number {
    ($name:expr, $dtype:expr, $t:ident => $e:expr) => {
        match $dtype {
            DType::F32 => {
                type $t = f32;
                $e
            }
            DType::F64 => {
                type $t = f64;
                $e
            }
            DType::I32 => {
                type $t = i32;
                $e
            }
            DType::I64 => {
                type $t = i64;
                $e
            }
            other => return Err(Error::dtype(format!("{}: not defined for {other}", $name))),
        }
    };
}

/// The coordinates, all inside of a matrix of that size. `SparseTensor` made sure; whoever applies the operation by
/// itself may not have.
fn inside<'a>(name: &str, indices: &View<'a>, [rows, columns]: [usize; 2]) -> Result<&'a [i64]> {
    let places = indices.as_slice::<i64>();
    let fits = |i: i64, n: usize| usize::try_from(i).is_ok_and(|i| i < n);
    match places.chunks_exact(2).find(|p| !(fits(p[0], rows) && fits(p[1], columns))) {
        Some(place) => Err(Error::value(format!("{name}: {place:?} is outside of [{rows}, {columns}]"))),
        None => Ok(places),
    }
}

fn check(name: &str, indices: &Spec, vectors: &[&Spec]) -> Result<()> {
    if indices.dtype != DType::I64 || indices.shape.rank() != 2 || indices.shape[1] != 2 {
        return Err(Error::shape(format!("{name}: expected coordinates of a matrix, found {indices}")));
    }
    same_dtype(name, vectors)?;
    dispatch_number!(name, vectors[0].dtype, T => { let _: Option<T> = None; Ok(()) })
}

gradus_tensor::op! {
    /// Coordinates `[n, 2]` and values `[n]` of a matrix of `rows` rows and `columns` columns, times a dense matrix. With
    /// `adjoint` the sparse matrix is transposed first.
    pub struct SparseProduct { rows: usize, columns: usize, adjoint: bool } = "sparse_product"
}

impl Op for SparseProduct {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let [indices, values, dense] = x else {
            return Err(Error::value(format!("sparse_product: expected 3 inputs, found {}", x.len())));
        };
        check(Self::NAME, indices, &[values, dense])?;
        let (height, inner) =
            if self.adjoint { (self.columns, self.rows) } else { (self.rows, self.columns) };
        if dense.shape.rank() != 2 || dense.shape[0] != inner || values.shape[..] != indices.shape[..1] {
            return Err(Error::shape(format!(
                "sparse_product: [{height}, {inner}] x {}: inner dimensions differ",
                dense.shape
            )));
        }
        let out = dense.reshaped([height, dense.shape[1]]);
        out.shape.checked_len()?;
        Ok(smallvec![out])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        inside(Self::NAME, &x[0], [self.rows, self.columns])?;
        let n = x[2].shape()[1];
        let height = y[0].shape()[0];
        Rows::with(&x[0], height, self.adjoint, |rows| {
            dispatch_number!(Self::NAME, x[1].dtype(), T => {
                product::<T>(rows, x[1].as_slice(), x[2].as_slice(), n, y[0].as_mut());
                Ok(())
            })
        })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b111, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let dy = cx.dy(0)?;
        if cx.needs(1) {
            let op = SampledProduct { rows: self.rows, columns: self.columns, adjoint: self.adjoint };
            cx.give(1, apply1(&op, &[cx.x(0), &dy, cx.x(2)])?)?;
        }
        if cx.needs(2) {
            let op = SparseProduct { adjoint: !self.adjoint, ..*self };
            cx.give(2, apply1(&op, &[cx.x(0), cx.x(1), &dy])?)?;
        }
        Ok(())
    }
}

fn product<T: Number>(rows: &Rows, values: &[T], b: &[T], n: usize, y: &mut [T]) {
    if n == 0 || rows.height() == 0 {
        return;
    }
    // About a nanosecond for 8 products; an estimate for whether threads pay.
    let cost = rows.columns.len().saturating_mul(n) / 8 + y.len() / 16;
    threads::par_chunks_mut_cost(y, ROWS * n, cost, |chunk, y| {
        for (i, y) in y.chunks_exact_mut(n).enumerate() {
            row_product(rows, chunk * ROWS + i, values, b, n, y);
        }
    });
}

/// One row of the result, some columns at a time.
#[inline]
fn row_product<T: Number>(rows: &Rows, row: usize, values: &[T], b: &[T], n: usize, y: &mut [T]) {
    let range = rows.starts[row]..rows.starts[row + 1];
    let (columns, at) = (&rows.columns[range.clone()], &rows.values[range]);
    let mut wide = y.chunks_exact_mut(WIDE);
    let mut first = 0;
    for y in &mut wide {
        let mut sums = [T::ZERO; WIDE];
        for (&column, &e) in columns.iter().zip(at) {
            let v = values[e];
            let start = column * n + first;
            if let Some(b) = b[start..].first_chunk::<WIDE>() {
                for (sum, &b) in sums.iter_mut().zip(b) {
                    *sum = sum.plus_product(v, b);
                }
            }
        }
        y.copy_from_slice(&sums);
        first += WIDE;
    }
    let y = wide.into_remainder();
    y.fill(T::ZERO);
    for (&column, &e) in columns.iter().zip(at) {
        let v = values[e];
        let start = column * n + first;
        for (y, &b) in y.iter_mut().zip(&b[start..start + (n - first)]) {
            *y = y.plus_product(v, b);
        }
    }
}

gradus_tensor::op! {
    /// For every coordinate `(i, j)` of a matrix of `rows` rows and `columns` columns, the product of row `i` of one dense
    /// matrix with row `j` of another. With `adjoint` the coordinates are transposed first.
    pub struct SampledProduct { rows: usize, columns: usize, adjoint: bool } = "sampled_product"
}

impl Op for SampledProduct {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let [indices, a, b] = x else {
            return Err(Error::value(format!("sampled_product: expected 3 inputs, found {}", x.len())));
        };
        check(Self::NAME, indices, &[a, b])?;
        let (height, width) =
            if self.adjoint { (self.columns, self.rows) } else { (self.rows, self.columns) };
        let fits = a.shape.rank() == 2 && b.shape[..] == [width, a.shape[1]] && a.shape[0] == height;
        if !fits {
            return Err(Error::shape(format!(
                "sampled_product: rows of {} with rows of {} at coordinates of [{height}, {width}]",
                a.shape, b.shape
            )));
        }
        Ok(smallvec![a.reshaped([indices.shape[0]])])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[1].shape()[1];
        let places = inside(Self::NAME, &x[0], [self.rows, self.columns])?;
        let (row, column) = if self.adjoint { (1, 0) } else { (0, 1) };
        dispatch_number!(Self::NAME, x[1].dtype(), T => {
            let (a, b) = (x[1].as_slice::<T>(), x[2].as_slice::<T>());
            let y = y[0].as_mut::<T>();
            let cost = y.len().saturating_mul(n) / 8;
            threads::par_chunks_mut_cost(y, 256, cost, |chunk, y| {
                for (e, y) in y.iter_mut().enumerate() {
                    let place = &places[2 * (chunk * 256 + e)..][..2];
                    let (i, j) = (place[row] as usize, place[column] as usize);
                    *y = dot(&a[i * n..(i + 1) * n], &b[j * n..(j + 1) * n]);
                }
            });
            Ok(())
        })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b111, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let dy = cx.dy(0)?;
        let op = SparseProduct { rows: self.rows, columns: self.columns, adjoint: self.adjoint };
        if cx.needs(1) {
            cx.give(1, apply1(&op, &[cx.x(0), &dy, cx.x(2)])?)?;
        }
        if cx.needs(2) {
            let op = SparseProduct { adjoint: !self.adjoint, ..op };
            cx.give(2, apply1(&op, &[cx.x(0), &dy, cx.x(1)])?)?;
        }
        Ok(())
    }
}

/// A product of two vectors, summed in 16 lanes and then pairwise, so that the compiler may use wide registers.
fn dot<T: Number>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::ZERO; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..16 {
            lanes[l] = lanes[l].plus_product(a[l], b[l]);
        }
    }
    for (l, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        lanes[l] = lanes[l].plus_product(a, b);
    }
    for half in [8, 4, 2, 1] {
        for l in 0..half {
            lanes[l] = lanes[l].plus_product(lanes[l + half], T::ONE);
        }
    }
    lanes[0]
}

/// The product of a sparse matrix, given by its parts, with a dense one.
pub(crate) fn sparse_product(
    indices: &Tensor,
    values: &Tensor,
    [rows, columns]: [usize; 2],
    dense: &Tensor,
    adjoint: bool,
) -> Result<Tensor> {
    apply1(&SparseProduct { rows, columns, adjoint }, &[indices, values, dense])
}
