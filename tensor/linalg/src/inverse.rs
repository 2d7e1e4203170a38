//! Inverses of square matrices.

use crate::batch::{Matrices, part, parts, square_to_square};
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
    square_to_square!(|batch, i, a, n, y| {
        let lu = Lu::new(a, n, false)?;
        if lu.singular() {
            return Err(singular(Self::NAME, &batch, i));
        }
        lu.invert(y)
    });
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
