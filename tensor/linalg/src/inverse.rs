//! Inverses of square matrices.

use crate::batch::{Matrices, part, parts};
use crate::factor::Lu;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

gradus_tensor::op! {
    /// The inverse of every matrix.
    pub struct Inv {} = "inv"
}

/// The error for a matrix without an inverse.
pub(crate) fn singular(name: &str, m: &Matrices, i: usize) -> Error {
    Error::value(format!("{name}: {} is singular", m.which(i)))
}

impl Op for Inv {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Matrices::square(Self::NAME, x[0])?;
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let m = Matrices::square(Self::NAME, x[0].spec())?;
        let (n, size) = (m.rows, m.rows * m.rows);
        dispatch!(x[0].dtype(), T: wide_float => {
            let a = x[0].as_slice::<T>();
            m.each(parts(y[0].as_mut::<T>(), size, m.count()), |i, y| {
                let lu = Lu::new(part(a, size, i), n, false)?;
                if lu.singular() {
                    return Err(singular(Self::NAME, &m, i));
                }
                lu.invert(y)
            })
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::Y
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // d inv(A) = -inv(A) dA inv(A)
        let y = cx.y(0);
        let g = y.matmul_t(&cx.dy(0)?, true, false)?.matmul_t(y, false, true)?.neg()?;
        cx.give(0, g)
    }
}

/// The inverse of every matrix: `[.., n, n]` gives `[.., n, n]`.
///
/// To solve equations, [`solve`](crate::solve()) is faster and more accurate. Errors when a matrix is singular (a pivot
/// is exactly 0), not square, or neither f32 nor f64.
///
/// ```
/// use gradus_tensor::Tensor;
/// let a = Tensor::new([[2.0f64, 0.0], [0.0, 4.0]])?;
/// assert_eq!(gradus_linalg::inv(&a)?.to_vec::<f64>()?, [0.5, 0.0, 0.0, 0.25]);
/// let e = gradus_linalg::inv(&a.zeros_like()?).unwrap_err();
/// assert_eq!(e.to_string(), "inv: the matrix is singular");
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn inv(a: &Tensor) -> Result<Tensor> {
    apply1(&Inv {}, &[a])
}
