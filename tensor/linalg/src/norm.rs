//! Norms of matrices.

use crate::batch::Matrices;
use crate::singular_values;
use gradus_tensor::{Error, Result, Tensor};

/// Which norm of a matrix: see [`matrix_norm`]. Norms of vectors are [`Tensor::norm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixNorm {
    /// The root of the sum of squares.
    Frobenius,
    /// The sum of the singular values.
    Nuclear,
    /// The largest singular value: how far the matrix stretches a vector.
    Spectral,
    /// The smallest singular value.
    LeastSingularValue,
    /// The largest sum of magnitudes of a column.
    One,
    /// The smallest sum of magnitudes of a column.
    MinusOne,
    /// The largest sum of magnitudes of a row.
    Infinity,
    /// The smallest sum of magnitudes of a row.
    MinusInfinity,
}

/// A norm of every matrix: `[.., m, n]` gives `[..]`, or `[.., 1, 1]` with `keepdims`.
///
/// Errors for empty matrices where a largest or smallest value is asked for.
pub fn matrix_norm(a: &Tensor, norm: MatrixNorm, keepdims: bool) -> Result<Tensor> {
    use MatrixNorm::{
        Frobenius, Infinity, LeastSingularValue, MinusInfinity, MinusOne, Nuclear, One, Spectral,
    };
    let m = Matrices::of("matrix_norm", a.spec())?;
    if m.least() == 0 && !matches!(norm, Frobenius | Nuclear) {
        return Err(Error::shape(format!("matrix_norm: {norm:?} of empty matrices, shape {}", a.shape())));
    }
    let y = match norm {
        Frobenius => a.reduce_euclidean_norm([-2, -1], false)?,
        Nuclear => singular_values(a)?.reduce_sum(-1, false)?,
        Spectral => singular_values(a)?.reduce_max(-1, false)?,
        LeastSingularValue => singular_values(a)?.reduce_min(-1, false)?,
        One => a.abs()?.reduce_sum(-2, false)?.reduce_max(-1, false)?,
        MinusOne => a.abs()?.reduce_sum(-2, false)?.reduce_min(-1, false)?,
        Infinity => a.abs()?.reduce_sum(-1, false)?.reduce_max(-1, false)?,
        MinusInfinity => a.abs()?.reduce_sum(-1, false)?.reduce_min(-1, false)?,
    };
    if keepdims { y.reshape(m.sized(1, 1)?) } else { Ok(y) }
}
