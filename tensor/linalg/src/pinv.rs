//! The pseudo-inverse, the rank, and what both call zero.

use crate::batch::{Matrices, Scalar, part, parts};
use crate::singular_values;
use crate::svd::decompose;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// The pseudo-inverse; singular values up to `rcond` times the largest one count as 0.
    pub struct Pinv { rcond: f64 } = "pinv"
}

/// Inverts one row-major `m x n` matrix where it can be inverted.
fn invert<T: Scalar>(a: &[T], m: usize, n: usize, rcond: f64, y: &mut [T]) -> Result<()> {
    let k = m.min(n);
    let mut s = vec![T::ZERO; k];
    let (mut u, mut v) = (vec![T::ZERO; m * k], vec![T::ZERO; n * k]);
    decompose(a, m, n, &mut s, Some((&mut u, &mut v)))?;
    let least = rcond * s.first().map_or(0.0, |s| s.wide());
    // A NaN is kept.
    let inverse: Vec<f64> =
        s.iter().map(|s| s.wide()).map(|s| if s <= least { 0.0 } else { 1.0 / s }).collect();
    let mut scaled = vec![0.0; k];
    for r in 0..n {
        (0..k).for_each(|j| scaled[j] = v[r * k + j].wide() * inverse[j]);
        for c in 0..m {
            let sum: f64 = scaled.iter().zip(part(&u, k, c)).map(|(a, b)| a * b.wide()).sum();
            y[r * m + c] = T::narrow(sum);
        }
    }
    Ok(())
}

impl Op for Pinv {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let m = Matrices::of(Self::NAME, x[0])?;
        if !(self.rcond >= 0.0) {
            return Err(Error::value(format!("pinv: rcond {} must not be negative", self.rcond)));
        }
        Ok(smallvec![Spec::new(x[0].dtype, m.sized(m.columns, m.rows)?)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::of(Self::NAME, x[0].spec())?;
        let (rows, columns, size) = (m.rows, m.columns, m.rows * m.columns);
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            m.each(parts(y[0].as_mut::<T>(), size, m.count()), |i, y| {
                invert(part(a, size, i), rows, columns, self.rcond, y)
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::ALL
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // Golub and Pereyra, 1973: with P = pinv(A),
        // dP = -P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P, as long as the rank stays.
        let (a, p, g) = (cx.x(0), cx.y(0), cx.dy(0)?);
        let gt = g.matrix_transpose()?;
        let ppt = p.matmul_t(p, false, true)?;
        let ptp = p.matmul_t(p, true, false)?;
        let inside = p.matmul_t(&g, true, false)?.matmul_t(p, false, true)?;
        let gppt = gt.matmul(&ppt)?;
        let rows = gppt.sub(&a.matmul(&p.matmul(&gppt)?)?)?;
        let ptpg = ptp.matmul(&gt)?;
        let columns = ptpg.sub(&ptpg.matmul(p)?.matmul(a)?)?;
        cx.give(0, rows.add(&columns)?.sub(&inside)?)
    }
}

/// The relative rounding error of a dtype.
fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// The pseudo-inverse of Moore and Penrose: `[.., m, n]` gives `[.., n, m]`.
///
/// Singular values up to `rcond` times the largest one count as 0; by default `10 max(m, n)` times the dtype's rounding
/// error, as TensorFlow's. The gradient is that among matrices of the same rank.
pub fn pinv(a: &Tensor, rcond: Option<f64>) -> Result<Tensor> {
    let m = Matrices::of(Pinv::NAME, a.spec())?;
    let rcond = rcond.unwrap_or(10.0 * m.rows.max(m.columns) as f64 * epsilon(a.dtype()));
    apply1(&Pinv { rcond }, &[a])
}

/// The number of singular values above `tolerance`: `[.., m, n]` gives `[..]` of int32.
///
/// The default tolerance is `max(m, n)` times the dtype's rounding error times the largest singular value.
pub fn matrix_rank(a: &Tensor, tolerance: Option<f64>) -> Result<Tensor> {
    let m = Matrices::of("matrix_rank", a.spec())?;
    let s = singular_values(a)?;
    if m.least() == 0 {
        return Tensor::zeros(m.batch, DType::I32);
    }
    let tolerance = match tolerance {
        Some(t) => Tensor::scalar_of(s.dtype(), t),
        None => {
            let relative = m.rows.max(m.columns) as f64 * epsilon(a.dtype());
            s.reduce_max(-1, true)?.mul(&Tensor::scalar_of(s.dtype(), relative))?
        }
    };
    s.greater(&tolerance)?.cast(DType::I32)?.reduce_sum(-1, false)
}
