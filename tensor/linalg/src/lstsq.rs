//! Least squares.

use crate::batch::Matrices;
use crate::solve::common_batch;
use crate::{Triangle, pinv, qr, triangular_solve};
use gradus_tensor::{Error, Result, Tensor, s};

/// How [`lstsq`] solves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LstsqOptions {
    /// Weight of `|X|^2` in what is minimised; 0 by default.
    pub l2_regularizer: f64,
    /// By QR, which needs full rank; else by singular values, which gives the shortest solution for any rank, and looks at
    /// no regularizer. Fast by default.
    pub fast: bool,
}

impl Default for LstsqOptions {
    fn default() -> LstsqOptions {
        LstsqOptions { l2_regularizer: 0.0, fast: true }
    }
}

/// X that minimises `|A X - B|^2 + l2_regularizer |X|^2`: `[.., m, n]` and `[.., m, k]` give `[.., n, k]`. With fewer
/// rows than columns and no regularizer it is the shortest X with `A X = B`. Batch axes broadcast.
///
/// The fast way decomposes A itself, where TensorFlow forms `A^T A`: twice as many digits survive. Errors when A has
/// not full rank, as far as its last pivot is exactly 0.
pub fn lstsq(a: &Tensor, b: &Tensor, options: LstsqOptions) -> Result<Tensor> {
    let LstsqOptions { l2_regularizer: l2, fast } = options;
    if !(l2 >= 0.0) {
        return Err(Error::value(format!("lstsq: l2_regularizer {l2} must not be negative")));
    }
    gradus_tensor::op::same_dtype("lstsq", &[a.spec(), b.spec()])?;
    let (a, b) = common_batch("lstsq", a, b)?;
    let m = Matrices::of("lstsq", a.spec())?;
    let right = Matrices::of("lstsq", b.spec())?;
    if right.rows != m.rows {
        return Err(Error::shape(format!(
            "lstsq: right-hand sides of shape {} do not fit matrices of shape {}",
            b.shape(),
            a.shape()
        )));
    }
    if !fast {
        return pinv(&a, None)?.matmul(&b);
    }
    let wide = m.rows < m.columns;
    let tall = if wide { a.matrix_transpose()? } else { a };
    let (rows, n) = (m.rows.max(m.columns), m.least());
    // sqrt(l2) I below A: its squared distance from 0 is the regularizer.
    let stacked = if l2 == 0.0 {
        tall
    } else {
        let root = Tensor::eye(n, n, tall.dtype())?.mul(&Tensor::scalar_of(tall.dtype(), l2.sqrt()))?;
        Tensor::concat(&[&tall, &root.broadcast_to(m.sized(n, n)?)?], -2)?
    };
    let (q, r) = qr(&stacked, false)?;
    let q = if l2 == 0.0 { q } else { q.slice(s![..., ..rows, ..])? };
    if wide {
        q.matmul(&triangular_solve(&r, &b, Triangle::UPPER.adjoint())?)
    } else {
        triangular_solve(&r, &q.matmul_t(&b, true, false)?, Triangle::UPPER)
    }
}
