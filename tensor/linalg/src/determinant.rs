//! Determinants and their logarithms.

use crate::batch::{Matrices, Scalar, part, parts, square_to_square};
use crate::cholesky;
use crate::factor::Lu;
use crate::inv;
use crate::svd::decompose;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// The determinant of every matrix.
    pub struct Det {} = "det"
}

gradus_tensor::op! {
    /// The cofactors of every matrix: the derivatives of its determinant, also where it is singular.
    pub struct Cofactors {} = "cofactors"
}

gradus_tensor::op! {
    /// Sign and logarithm of the magnitude of every matrix' determinant.
    pub struct Slogdet {} = "slogdet"
}

/// A number per matrix, as a stack of one-element matrices that broadcasts against the matrices.
fn spread(t: &Tensor) -> Result<Tensor> {
    t.expand_dims(-1)?.expand_dims(-1)
}

impl Op for Det {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(x[0].dtype, Matrices::square(Self::NAME, x[0])?.batch)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::square(Self::NAME, x[0].spec())?;
        let (n, size) = (m.rows, m.rows * m.rows);
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            m.each(y[0].as_mut::<T>().iter_mut(), |i, y| {
                *y = T::narrow(Lu::new(part(a, size, i), n, false)?.determinant());
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let cofactors = apply1(&Cofactors {}, &[cx.x(0)])?;
        let g = spread(&cx.dy(0)?)?.mul(&cofactors)?;
        cx.give(0, g)
    }
}

impl Op for Cofactors {
    square_to_square!(|batch, _i, a, n, y| cofactors(a, n, y));
    fn keep(&self) -> Keep {
        Keep::ALL
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // C = det(A) inv(A)^T, so dC = tr(inv(A) dA) C - inv(A)^T dA^T C, which needs an inverse.
        let (c, g) = (cx.y(0), cx.dy(0)?);
        let inverse = inv(cx.x(0))?;
        let along = spread(&g.mul(c)?.reduce_sum([-2, -1], false)?)?.mul(&inverse.matrix_transpose()?)?;
        let across = c.matmul_t(&g, false, true)?.matmul_t(&inverse, false, true)?;
        cx.give(0, along.sub(&across)?)
    }
}

/// `det(A) inv(A)^T`, by singular values: with `A = U S V^T` it is `det(U) det(V) U S' V^T`, where S' has in each place
/// the product of the other singular values. That needs no division.
fn cofactors<T: Scalar>(a: &[T], n: usize, y: &mut [T]) -> Result<()> {
    let mut s = vec![T::NOT_A_NUMBER; n];
    let (mut u, mut v) = (vec![T::NOT_A_NUMBER; n * n], vec![T::NOT_A_NUMBER; n * n]);
    decompose(a, n, n, &mut s, Some((&mut u, &mut v)))?;
    let orientation = Lu::new(&u, n, false)?.determinant() * Lu::new(&v, n, false)?.determinant();
    let s: Vec<f64> = s.into_iter().map(Scalar::wide).collect();
    let mut others = vec![orientation.round(); n];
    let (mut before, mut after) = (1.0, 1.0);
    for i in 0..n {
        others[i] *= before;
        before *= s[i];
        others[n - 1 - i] *= after;
        after *= s[n - 1 - i];
    }
    for r in 0..n {
        for c in 0..n {
            let sum: f64 = (0..n).map(|k| u[r * n + k].wide() * others[k] * v[c * n + k].wide()).sum();
            y[r * n + c] = T::narrow(sum);
        }
    }
    Ok(())
}

impl Op for Slogdet {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let spec = Spec::new(x[0].dtype, Matrices::square(Self::NAME, x[0])?.batch);
        Ok(smallvec![spec.clone(), spec])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::square(Self::NAME, x[0].spec())?;
        let (n, size) = (m.rows, m.rows * m.rows);
        let [sign, log] = y else { return Err(unsupported_dtype(Self::NAME, x[0].dtype())) };
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            m.each(sign.as_mut::<T>().iter_mut().zip(log.as_mut::<T>()), |i, (sign, log)| {
                let (s, l) = Lu::new(part(a, size, i), n, false)?.log_determinant();
                (*sign, *log) = (T::narrow(s), T::narrow(l));
                Ok(())
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // The sign is constant where it is not 0.
        let g = spread(&cx.dy(1)?)?.mul(&inv(cx.x(0))?.matrix_transpose()?)?;
        cx.give(0, g)
    }
}

/// The determinant of every matrix: `[.., n, n]` gives `[..]`; 1 for empty matrices.
///
/// The gradient is exact for singular matrices too.
pub fn det(a: &Tensor) -> Result<Tensor> {
    apply1(&Det {}, &[a])
}

/// Sign (-1, 0 or 1) and logarithm of the magnitude of every matrix' determinant, each `[..]`. A singular matrix gives
/// 0 and minus infinity, and its gradient is an error.
pub fn slogdet(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let mut y = apply(&Slogdet {}, &[a])?.into_iter();
    match (y.next(), y.next()) {
        (Some(sign), Some(log)) => Ok((sign, log)),
        _ => Err(gradus_tensor::Error::value("slogdet: expected two outputs")),
    }
}

/// The logarithm of the determinant of symmetric positive definite matrices, by [`cholesky`](crate::cholesky()); NaN for
/// others.
pub fn logdet(a: &Tensor) -> Result<Tensor> {
    let log = cholesky(a)?.diag_part(0)?.log()?.reduce_sum(-1, false)?;
    log.mul(&Tensor::scalar_of(log.dtype(), 2.0))
}
