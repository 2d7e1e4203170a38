//! A diagonal, bands, the identity and the trace of matrices; the cross product.
//!
//! The last two axes are the matrix, those before are batches.

use super::slice::{Slice, Unslice};
use crate::op::apply1;
use crate::{DType, Error, Result, Shape, Tensor};

/// Rows and columns of a matrix, and its batch shape.
pub(super) fn matrix(name: &str, t: &Tensor) -> Result<(Shape, usize, usize)> {
    match t.shape()[..] {
        [ref batch @ .., m, n] => Ok((Shape::new(batch), m, n)),
        _ => Err(Error::shape(format!("{name}: expected matrices, found shape {}", t.shape()))),
    }
}

/// First row and column of diagonal `k`, and its length; above the main one for a positive `k`.
pub(super) fn diagonal(m: usize, n: usize, k: isize) -> (usize, usize, usize) {
    let (row, column) = if k < 0 { (k.unsigned_abs(), 0) } else { (0, k as usize) };
    (row, column, m.saturating_sub(row).min(n.saturating_sub(column)))
}

impl Tensor {
    /// Diagonal `k` of every matrix, read in place.
    pub(super) fn one_diagonal(&self, k: isize) -> Result<Tensor> {
        let (batch, m, n) = matrix("diag_part", self)?;
        let (row, column, len) = diagonal(m, n, k);
        if len == 0 && m > 0 && n > 0 {
            return Err(Error::value(format!("diag_part: shape {} has no diagonal {k}", self.shape())));
        }
        let flat = self.reshape(batch.with(batch.rank(), m * n))?;
        let at = if len == 0 { 0 } else { row * n + column };
        let slice = Slice {
            begin: std::iter::repeat_n(0, batch.rank()).chain([at]).collect(),
            step: std::iter::repeat_n(1, batch.rank()).chain([n as isize + 1]).collect(),
            sizes: batch.iter().copied().chain([len]).collect(),
        };
        apply1(&slice, &[&flat])
    }

    /// Square matrices of zeros, with the last axis on diagonal `k`.
    pub(super) fn on_diagonal(&self, k: isize) -> Result<Tensor> {
        let Some((&len, batch)) = self.shape().split_last() else {
            return Err(Error::shape("diag: expected a vector, found a scalar"));
        };
        let n = len
            .checked_add(k.unsigned_abs())
            .filter(|n| n.checked_mul(*n).is_some())
            .ok_or_else(|| Error::shape("diag: the matrix is too large"))?;
        let (row, column, _) = diagonal(n, n, k);
        let at = if len == 0 { 0 } else { row * n + column };
        let op = Unslice {
            shape: batch.iter().copied().chain([n * n]).collect(),
            begin: std::iter::repeat_n(0, batch.len()).chain([at]).collect(),
            step: std::iter::repeat_n(1, batch.len()).chain([n as isize + 1]).collect(),
            fill: 0.0,
        };
        let shape: Shape = batch.iter().copied().chain([n, n]).collect();
        apply1(&op, &[self])?.reshape(shape)
    }

    /// Every matrix with what lies more than `lower` below or `upper` above the main diagonal replaced by 0; a
    /// negative number keeps everything on that side.
    pub fn band_part(&self, lower: isize, upper: isize) -> Result<Tensor> {
        let (_, m, n) = matrix("band_part", self)?;
        let rows = Tensor::range(m as i64)?.reshape([m, 1])?;
        let distance = rows.sub(&Tensor::range(n as i64)?)?;
        let mut keep = Tensor::ones([m, n], DType::Bool)?;
        if lower >= 0 {
            keep = keep.logical_and(&distance.less_equal(&Tensor::scalar(lower as i64))?)?;
        }
        if upper >= 0 {
            keep = keep.logical_and(&distance.greater_equal(&Tensor::scalar(-(upper as i64)))?)?;
        }
        keep.select(self, &self.like(0)?)
    }

    /// The sum of the main diagonal of every matrix.
    pub fn trace(&self) -> Result<Tensor> {
        self.diag_part(0)?.reduce_sum(-1, false)
    }

    /// A tensor of twice the rank with this one on its diagonal: `y[i.., i..] = x[i..]`. Errors for a scalar.
    pub fn tensor_diag(&self) -> Result<Tensor> {
        if self.rank() == 0 {
            return Err(Error::shape("tensor_diag: a scalar has no diagonal to lie on"));
        }
        let shape: Shape = self.shape().iter().chain(self.shape().iter()).copied().collect();
        shape.checked_len()?;
        self.flatten()?.diag(0)?.reshape(shape)
    }

    /// The diagonal of a tensor of even rank: `y[i..] = x[i.., i..]`. Errors when the two halves of the shape differ.
    pub fn tensor_diag_part(&self) -> Result<Tensor> {
        let half = self.rank() / 2;
        let (first, second) = self.shape().split_at(half);
        if first != second || half == 0 {
            return Err(Error::shape(format!(
                "tensor_diag_part: the halves of shape {} differ",
                self.shape()
            )));
        }
        let n: usize = first.iter().product();
        self.reshape([n, n])?.diag_part(0)?.reshape(first)
    }

    /// Ones on the main diagonal, zeros elsewhere: `[rows, columns]`.
    pub fn eye(rows: usize, columns: usize, dtype: DType) -> Result<Tensor> {
        Shape::from([rows, columns]).checked_len()?;
        let i = Tensor::range(rows as i64)?.reshape([rows, 1])?;
        i.equal(&Tensor::range(columns as i64)?)?.cast(dtype)
    }

    /// The cross product of vectors of length 3 along the last axis.
    pub fn cross(&self, other: &Tensor) -> Result<Tensor> {
        for t in [self, other] {
            if t.shape().last() != Some(&3) {
                return Err(Error::shape(format!(
                    "cross: expected vectors of length 3, found {}",
                    t.shape()
                )));
            }
        }
        // a[1, 2, 0] b[2, 0, 1] - a[2, 0, 1] b[1, 2, 0]
        let forward = |t: &Tensor| t.roll(-1, -1);
        let backward = |t: &Tensor| t.roll(1, -1);
        forward(self)?.mul(&backward(other)?)?.sub(&backward(self)?.mul(&forward(other)?)?)
    }
}
