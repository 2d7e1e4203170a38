//! The Cholesky decomposition of symmetric positive definite matrices.

use crate::batch::{Matrices, Scalar, part, parts, scratch, square_to_square, turn};
use crate::{Triangle, triangular_solve};
use faer::linalg::cholesky::llt::factor;
use faer::{MatMut, Par};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// Lower triangular L with `L L^T = A`.
    pub struct Cholesky {} = "cholesky"
}

/// Factors one matrix; the lower triangle of the result is NaN when the matrix is not positive definite.
fn decompose<T: Scalar>(a: &[T], n: usize, y: &mut [T]) -> Result<()> {
    if n == 0 {
        return Ok(());
    }
    let mut columns = a.to_vec();
    turn(a, n, n, &mut columns);
    let req = factor::cholesky_in_place_scratch::<T>(n, Par::Seq, Default::default());
    let mut memory = scratch(req)?;
    let done = factor::cholesky_in_place(
        MatMut::from_column_major_slice_mut(&mut columns, n, n),
        Default::default(),
        Par::Seq,
        faer::dyn_stack::MemStack::new(&mut memory),
        Default::default(),
    );
    turn(&columns, n, n, y);
    for r in 0..n {
        if done.is_err() {
            y[r * n..=r * n + r].fill(T::NOT_A_NUMBER);
        }
        y[r * n + r + 1..(r + 1) * n].fill(T::ZERO);
    }
    Ok(())
}

impl Op for Cholesky {
    square_to_square!(|batch, _i, a, n, y| decompose(a, n, y));
    fn keep(&self) -> Keep {
        Keep::Y
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // inv(L)^T P(L^T dL) inv(L), where P takes the lower triangle and half of the diagonal; made symmetric.
        let l = cx.y(0);
        let middle = l.matmul_t(&cx.dy(0)?, true, false)?;
        let half = Tensor::scalar_of(l.dtype(), 0.5);
        let middle = middle.band_part(-1, 0)?.sub(&middle.band_part(0, 0)?.mul(&half)?)?;
        let upper = Triangle::LOWER.adjoint();
        let left = triangular_solve(l, &middle, upper)?;
        let g = triangular_solve(l, &left.matrix_transpose()?, upper)?;
        let g = g.add(&g.matrix_transpose()?)?.mul(&half)?;
        cx.give(0, g)
    }
}

/// Lower triangular L with `L L^T = A` for symmetric positive definite A; just the lower triangle of A is read.
///
/// As TensorFlow's, the lower triangle of the result is NaN, without an error, for a matrix that is not positive
/// definite. The gradient is symmetric.
pub fn cholesky(a: &Tensor) -> Result<Tensor> {
    apply1(&Cholesky {}, &[a])
}

/// X with `A X = B`, from the [`cholesky`] factor L of A: `[.., n, n]` and `[.., n, k]` give `[.., n, k]`.
pub fn cholesky_solve(l: &Tensor, b: &Tensor) -> Result<Tensor> {
    triangular_solve(l, &triangular_solve(l, b, Triangle::LOWER)?, Triangle::LOWER.adjoint())
}
