//! Moments, norms and log-sum-exp: formulas over reductions.

use crate::{Axes, Error, Result, Tensor};

impl Tensor {
    /// The variance over axes: the mean squared distance from the mean (divided by n, not n - 1).
    pub fn reduce_variance(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        let axes = axes.into();
        let mean = self.reduce_mean(axes.clone(), true)?;
        self.squared_difference(&mean)?.reduce_mean(axes, keepdims)
    }

    /// The standard deviation over axes. Its gradient is NaN where the spread is zero.
    pub fn reduce_std(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        self.reduce_variance(axes, keepdims)?.sqrt()
    }

    /// `sqrt(sum(x^2))` over axes. Its gradient is NaN where the norm is zero.
    pub fn reduce_euclidean_norm(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        self.reduce_sum_squares(axes, keepdims)?.sqrt()
    }

    /// Mean and variance over axes.
    pub fn moments(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<(Tensor, Tensor)> {
        let axes = axes.into();
        let mean = self.reduce_mean(axes.clone(), true)?;
        let variance = self.squared_difference(&mean)?.reduce_mean(axes.clone(), keepdims)?;
        let mean = if keepdims { mean } else { mean.reshape(variance.shape().clone())? };
        Ok((mean, variance))
    }

    /// Mean and variance over axes, where every element counts by its weight; the weights broadcast.
    pub fn weighted_moments(
        &self,
        axes: impl Into<Axes>,
        weights: &Tensor,
        keepdims: bool,
    ) -> Result<(Tensor, Tensor)> {
        let axes = axes.into();
        let weights = weights.broadcast_to(self.shape().broadcast(weights.shape())?)?;
        let total = weights.reduce_sum(axes.clone(), true)?;
        let mean = weights.mul(self)?.reduce_sum(axes.clone(), true)?.div(&total)?;
        let square = weights.mul(&self.square()?)?.reduce_sum(axes.clone(), true)?.div(&total)?;
        let variance = square.sub(&mean.square()?)?;
        if keepdims {
            return Ok((mean, variance));
        }
        let axes = axes.resolve(self.shape())?;
        let shape = super::reduce::reduced_shape(mean.shape(), &axes, false);
        Ok((mean.reshape(shape.clone())?, variance.reshape(shape)?))
    }

    /// `x / sqrt(max(sum(x^2), epsilon))` over axes. TensorFlow's default for `epsilon` is 1e-12.
    pub fn l2_normalize(&self, axes: impl Into<Axes>, epsilon: f64) -> Result<Tensor> {
        let sum = self.reduce_sum_squares(axes, true)?;
        self.mul(&sum.maximum(&sum.like(epsilon)?)?.rsqrt()?)
    }

    /// `sum(x^2) / 2` over everything.
    pub fn l2_loss(&self) -> Result<Tensor> {
        let sum = self.reduce_sum_squares((), false)?;
        sum.mul(&sum.like(0.5)?)
    }
}

/// Which norm of a vector or matrix: see [`Tensor::norm`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Norm {
    /// The root of the sum of squares, of vectors and matrices.
    Euclidean,
    /// The largest magnitude of a vector, the largest sum of magnitudes of a matrix's rows.
    Infinity,
    /// `(sum |x|^p)^(1/p)` of a vector; for a matrix `p` must be 1: the largest sum of magnitudes of its columns.
    P(f64),
}

impl Tensor {
    /// A norm over axes: `()` takes all elements as one vector, one axis vectors, two axes matrices.
    ///
    /// Errors for other numbers of axes, and for a matrix norm that is none of Frobenius, 1 and infinity.
    pub fn norm(&self, norm: Norm, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        let axes = axes.into();
        let matrix = match &axes {
            Axes::All => false,
            Axes::List(list) => match list.len() {
                1 => false,
                2 => true,
                n => return Err(Error::value(format!("norm: expected one or two axes, found {n}"))),
            },
        };
        match (norm, matrix) {
            (Norm::Euclidean, _) => self.reduce_euclidean_norm(axes, keepdims),
            (Norm::P(2.0), false) => self.reduce_euclidean_norm(axes, keepdims),
            (Norm::Infinity, false) => self.abs()?.reduce_max(axes, keepdims),
            (Norm::P(1.0), false) => self.abs()?.reduce_sum(axes, keepdims),
            (Norm::P(p), false) => {
                if p <= 0.0 || p.is_nan() {
                    return Err(Error::value(format!("norm: the order {p} must be positive")));
                }
                let sum = self.abs()?.pow(&self.like(p)?)?.reduce_sum(axes, keepdims)?;
                sum.pow(&sum.like(1.0 / p)?)
            }
            (Norm::Infinity, true) | (Norm::P(1.0), true) => {
                let Axes::List(list) = &axes else { return Err(Error::value("norm: expected two axes")) };
                let (row, column) = (list[0], list[1]);
                let (summed, kept) = if norm == Norm::Infinity { (column, row) } else { (row, column) };
                let y = self.abs()?.reduce_sum(summed, true)?.reduce_max(kept, true)?;
                if keepdims {
                    return Ok(y);
                }
                let axes = axes.resolve(self.shape())?;
                y.reshape(super::reduce::reduced_shape(self.shape(), &axes, false))
            }
            (Norm::P(p), true) => Err(Error::value(format!(
                "norm: the order {p} of a matrix is not supported; use Euclidean, Infinity or P(1.0), \
                 or the singular values of gradus-linalg"
            ))),
        }
    }
}
