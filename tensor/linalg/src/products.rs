//! Kronecker products and powers.

use crate::batch::Matrices;
use crate::inv;
use gradus_tensor::{Error, Result, Shape, Tensor};

/// The Kronecker product: every element of A times the whole of B. `[.., m, n]` and `[.., p, q]` give
/// `[.., m p, n q]`; batch axes broadcast.
pub fn kron(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    for t in [a, b] {
        if t.rank() < 2 {
            return Err(Error::shape(format!("kron: expected matrices, found shape {}", t.shape())));
        }
    }
    let apart = a.expand_dims(-2)?.expand_dims(-1)?.mul(&b.expand_dims(-3)?.expand_dims(-2)?)?;
    let shape: Shape = match apart.shape()[..] {
        [ref batch @ .., m, p, n, q] => batch.iter().copied().chain([m * p, n * q]).collect(),
        _ => return Err(Error::shape("kron: expected matrices")),
    };
    apart.reshape(shape)
}

/// Every square matrix multiplied by itself: `A^n`, by repeated squaring; of its inverse for a negative `n`, the identity
/// for 0.
pub fn matrix_power(a: &Tensor, n: i32) -> Result<Tensor> {
    let m = Matrices::square("matrix_power", a.spec())?;
    let mut square = if n < 0 { inv(a)? } else { a.clone() };
    let mut rest = n.unsigned_abs();
    let mut y: Option<Tensor> = None;
    while rest > 0 {
        if rest & 1 == 1 {
            y = Some(match y {
                None => square.clone(),
                Some(y) => y.matmul(&square)?,
            });
        }
        rest >>= 1;
        if rest > 0 {
            square = square.matmul(&square)?;
        }
    }
    match y {
        Some(y) => Ok(y),
        None => Tensor::eye(m.rows, m.rows, a.dtype())?.broadcast_to(a.shape().clone()),
    }
}
