//! The LU decomposition with row exchanges.

use crate::batch::{Matrices, part, parts, turn};
use crate::factor::Lu as Factor;
use crate::{Triangle, triangular_solve};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// L and U in one matrix, and the order of the rows.
    pub struct Lu {} = "lu"
}

impl Op for Lu {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::square(Self::NAME, x[0])?;
        Ok(smallvec![x[0].clone(), Spec::new(DType::I32, m.vectors(m.rows))])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::square(Self::NAME, x[0].spec())?;
        let (n, size) = (m.rows, m.rows * m.rows);
        let [lu, p] = y else { return Err(unsupported_dtype(Self::NAME, x[0].dtype())) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            let outputs = parts(lu.as_mut::<T>(), size, m.count()).zip(parts(p.as_mut::<i32>(), n, m.count()));
            m.each(outputs, |i, (lu, p)| {
                let factor = Factor::new(part(a, size, i), n, false)?;
                turn(&factor.lu, n, n, lu);
                p.iter_mut().zip(&factor.rows).for_each(|(p, &r)| *p = r as i32);
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::Y
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // inv(L)^T (tril(L^T dL, -1) + triu(dU U^T)) inv(U)^T, with its rows put back.
        let (lu, p, g) = (cx.y(0), cx.y(1), cx.dy(0)?);
        let (l, u) = factors(lu)?;
        let strict = |t: &Tensor| t.band_part(-1, 0)?.sub(&t.band_part(0, 0)?);
        let left = strict(&l.matmul_t(&strict(&g)?, true, false)?)?;
        let middle = left.add(&g.band_part(0, -1)?.matmul_t(&u, false, true)?.band_part(0, -1)?)?;
        let left = triangular_solve(&l, &middle, Triangle::LOWER.adjoint())?;
        let g = triangular_solve(&u, &left.matrix_transpose()?, Triangle::UPPER)?.matrix_transpose()?;
        cx.give(0, permutation(p, g.dtype())?.matmul_t(&g, true, false)?)
    }
}

/// The matrix P with `P A = L U`.
fn permutation(p: &Tensor, dtype: DType) -> Result<Tensor> {
    let n = p.shape().last().copied().unwrap_or(0);
    let columns = Tensor::range(n as i64)?.cast(DType::I32)?;
    p.expand_dims(-1)?.equal(&columns)?.cast(dtype)
}

/// L, with its ones, and U.
fn factors(lu: &Tensor) -> Result<(Tensor, Tensor)> {
    let n = lu.shape().last().copied().unwrap_or(0);
    let strict = lu.band_part(-1, 0)?.sub(&lu.band_part(0, 0)?)?;
    Ok((strict.add(&Tensor::eye(n, n, lu.dtype())?)?, lu.band_part(0, -1)?))
}

/// The decomposition `P A = L U` of square matrices, as TensorFlow's: L (below the diagonal, which is ones) and U in one
/// matrix `[.., n, n]`, and for every row of the product the row of A that it is, `[.., n]` of int32.
///
/// A singular matrix has a 0 on the diagonal of U; that is no error. [`lu_reconstruct`] gives A back.
pub fn lu(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let mut y = apply(&Lu {}, &[a])?.into_iter();
    match (y.next(), y.next()) {
        (Some(lu), Some(p)) => Ok((lu, p)),
        _ => Err(Error::value("lu: expected two outputs")),
    }
}

/// The matrices that [`lu`] decomposed.
pub fn lu_reconstruct(lu: &Tensor, p: &Tensor) -> Result<Tensor> {
    let m = Matrices::square("lu_reconstruct", lu.spec())?;
    if p.dtype() != DType::I32 || p.shape() != &m.vectors(m.rows) {
        return Err(Error::shape(format!("lu_reconstruct: rows {} for matrices {}", p.spec(), lu.spec())));
    }
    let (l, u) = factors(lu)?;
    permutation(p, lu.dtype())?.matmul_t(&l.matmul(&u)?, true, false)
}

/// X with `A X = B` from the [`lu`] decomposition of A: for many right-hand sides that come one after the other.
pub fn lu_solve(lu: &Tensor, p: &Tensor, b: &Tensor) -> Result<Tensor> {
    let m = Matrices::square("lu_solve", lu.spec())?;
    if p.dtype() != DType::I32 || p.shape() != &m.vectors(m.rows) {
        return Err(Error::shape(format!("lu_solve: rows {} for matrices {}", p.spec(), lu.spec())));
    }
    let (l, u) = factors(lu)?;
    let b = permutation(p, b.dtype())?.matmul(b)?;
    triangular_solve(&u, &triangular_solve(&l, &b, Triangle::LOWER)?, Triangle::UPPER)
}
