//! Systems of linear equations.

use crate::batch::{Matrices, part, parts};
use crate::factor::Lu;
use crate::inverse::singular;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1, same_dtype, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// X with `A X = B`, or `A^T X = B`; equal batches.
    pub struct Solve { adjoint: bool } = "solve"
}

/// The matrices and number of right-hand sides of `A X = B`.
pub(crate) fn system(name: &str, a: &Spec, b: &Spec) -> Result<(Matrices, usize)> {
    same_dtype(name, &[a, b])?;
    let (m, right) = (Matrices::square(name, a)?, Matrices::of(name, b)?);
    if m.batch != right.batch || m.rows != right.rows {
        return Err(Error::shape(format!(
            "{name}: right-hand sides of shape {} do not fit matrices of shape {}",
            b.shape, a.shape
        )));
    }
    Ok((m, right.columns))
}

/// Both sides of an equation with the batch axes that they broadcast to.
pub(crate) fn common_batch(name: &str, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor)> {
    let (ma, mb) = (Matrices::of(name, a.spec())?, Matrices::of(name, b.spec())?);
    if ma.batch == mb.batch {
        return Ok((a.clone(), b.clone()));
    }
    let batch = ma.batch.broadcast(&mb.batch).map_err(|_| {
        Error::shape(format!("{name}: batch axes of {} and {} do not broadcast", a.shape(), b.shape()))
    })?;
    let with = |m: &Matrices| -> Shape { batch.iter().copied().chain([m.rows, m.columns]).collect() };
    Ok((a.broadcast_to(with(&ma))?, b.broadcast_to(with(&mb))?))
}

impl Op for Solve {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        system(Self::NAME, x[0], x[1])?;
        Ok(smallvec![x[1].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (m, k) = system(Self::NAME, x[0].spec(), x[1].spec())?;
        let n = m.rows;
        dispatch!(x[0].dtype(), T: wide_float => {
            let (a, b) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
            m.each(parts(y[0].as_mut::<T>(), n * k, m.count()), |i, y| {
                let lu = Lu::new(part(a, n * n, i), n, self.adjoint)?;
                if lu.singular() {
                    return Err(singular(Self::NAME, &m, i));
                }
                lu.solve(part(b, n * k, i), k, y);
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b01, y: 0b1 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // dX = inv(A) (dB - dA X)
        let (a, x) = (cx.x(0), cx.y(0));
        let gb = apply1(&Solve { adjoint: !self.adjoint }, &[a, &cx.dy(0)?])?;
        if cx.needs(0) {
            let ga = if self.adjoint { x.matmul_t(&gb, false, true)? } else { gb.matmul_t(x, false, true)? };
            cx.give(0, ga.neg()?)?;
        }
        cx.give(1, gb)
    }
}

/// X with `A X = B` for square matrices A: `[.., n, n]` and `[.., n, k]` give `[.., n, k]`. Batch axes broadcast.
///
/// Errors when a matrix is singular (a pivot is exactly 0) or shapes do not fit.
///
/// ```
/// use gradus_tensor::Tensor;
/// let a = Tensor::new([[3.0f64, 1.0], [1.0, 2.0]])?;
/// let b = Tensor::new([[9.0f64], [8.0]])?;
/// let x = gradus_linalg::solve(&a, &b)?.to_vec::<f64>()?;
/// assert!((x[0] - 2.0).abs() < 1e-12 && (x[1] - 3.0).abs() < 1e-12);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn solve(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (a, b) = common_batch(Solve::NAME, a, b)?;
    apply1(&Solve { adjoint: false }, &[&a, &b])
}

/// X with `A^T X = B`; see [`solve`].
pub fn solve_adjoint(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (a, b) = common_batch(Solve::NAME, a, b)?;
    apply1(&Solve { adjoint: true }, &[&a, &b])
}
