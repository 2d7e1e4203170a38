//! Keras's activation functions, on tensors.

use crate::losses::Logits;
use gradus_tensor::{Error, Result, Tensor};

macro_rules! plain {
    ($($(#[$m:meta])* $name:ident = |$x:ident| $body:expr;)*) => {$(
        $(#[$m])*
        pub fn $name($x: &Tensor) -> Result<Tensor> {
            $body
        }
    )*};
}

plain! {
    /// `max(x, 0)`.
    relu = |x| x.relu();
    /// `min(max(x, 0), 6)`.
    relu6 = |x| x.relu6();
    /// `scale * x` above 0, `scale * alpha * (e^x - 1)` below, with the constants of Klambauer et al. 2017.
    selu = |x| x.selu();
    /// `log(e^x + 1)`.
    softplus = |x| x.softplus();
    /// `x / (|x| + 1)`.
    softsign = |x| x.softsign();
    /// `x * sigmoid(x)`, also known as swish.
    silu = |x| x.silu();
    /// The hyperbolic tangent.
    tanh = |x| x.tanh();
    /// `x - tanh(x)`.
    tanh_shrink = |x| x.sub(&x.tanh()?);
    /// `e^x`.
    exponential = |x| x.exp();
    /// `relu6(x + 3) / 6`.
    hard_sigmoid = |x| x.hard_sigmoid();
    /// `x * hard_sigmoid(x)`, also known as hard swish.
    hard_silu = |x| x.mul(&x.hard_sigmoid()?);
    /// `x` kept within [-1, 1].
    hard_tanh = |x| x.clip(-1.0, 1.0);
    /// `x * tanh(softplus(x))`.
    mish = |x| x.mish();
    /// `log(sigmoid(x))`.
    log_sigmoid = |x| x.log_sigmoid();
    /// 0 up to -1, 1 from 1 on, `(x + 1) / 2` between.
    sparse_sigmoid = |x| x.add(&x.like(1.0)?)?.mul(&x.like(0.5)?)?.clip(0.0, 1.0);
    /// 0 up to -1, `x` from 1 on, `(x + 1)^2 / 4` between.
    sparse_plus = |x| {
        let (one, zero) = (x.like(1.0)?, x.like(0.0)?);
        let between = x.add(&one)?.square()?.mul(&x.like(0.25)?)?;
        let upper = x.less(&one)?.select(&between, x)?;
        x.less_equal(&one.neg()?)?.select(&zero, &upper)
    };
}

/// `x`.
pub fn linear(x: &Tensor) -> Result<Tensor> {
    Ok(x.clone())
}

/// `1 / (1 + e^-x)`. Losses find the argument again: see [`Logits`].
pub fn sigmoid(x: &Tensor) -> Result<Tensor> {
    let y = x.sigmoid()?;
    Logits::Sigmoid(x.clone()).leave_on(&y);
    Ok(y)
}

/// `e^x / sum(e^x)` over an axis. Losses find the argument again when that is the last one: see [`Logits`].
pub fn softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    let y = x.softmax(axis)?;
    if y.shape().axis(axis)? + 1 == y.rank() {
        Logits::Softmax(x.clone()).leave_on(&y);
    }
    Ok(y)
}

/// The logarithm of the softmax over an axis.
pub fn log_softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    x.log_softmax(axis)
}

/// `x` above 0, `negative_slope * x` below; Keras's default slope is 0.2.
pub fn leaky_relu(x: &Tensor, negative_slope: f64) -> Result<Tensor> {
    x.leaky_relu(negative_slope)
}

/// Keras's general relu: `max_value` at most, `x` above `threshold`, `negative_slope * (x - threshold)` below.
pub fn relu_with(x: &Tensor, negative_slope: f64, max_value: Option<f64>, threshold: f64) -> Result<Tensor> {
    if negative_slope != 0.0 && max_value.is_none() && threshold == 0.0 {
        return x.leaky_relu(negative_slope);
    }
    let mut y =
        if threshold != 0.0 { x.greater(&x.like(threshold)?)?.select(x, &x.like(0.0)?)? } else { x.relu()? };
    if let Some(max) = max_value {
        y = y.clip(0.0, max)?;
    }
    if negative_slope == 0.0 {
        return Ok(y);
    }
    let below = x.like(threshold)?.sub(x)?.relu()?;
    y.sub(&below.mul(&x.like(negative_slope)?)?)
}

/// `x` above 0, `alpha * (e^x - 1)` below; Keras's default alpha is 1.
pub fn elu(x: &Tensor, alpha: f64) -> Result<Tensor> {
    if alpha == 1.0 {
        return x.elu();
    }
    below_zero(x, &x.expm1()?.mul(&x.like(alpha)?)?)
}

/// `max(x, 0) + min(alpha * (e^(x / alpha) - 1), 0)`; Keras's default alpha is 1.
pub fn celu(x: &Tensor, alpha: f64) -> Result<Tensor> {
    let a = x.like(alpha)?;
    below_zero(x, &x.div(&a)?.expm1()?.mul(&a)?)
}

fn below_zero(x: &Tensor, below: &Tensor) -> Result<Tensor> {
    x.greater(&x.like(0.0)?)?.select(x, below)
}

/// `x * P(X <= x)` for a standard normal X; `approximate` uses a hyperbolic tangent.
pub fn gelu(x: &Tensor, approximate: bool) -> Result<Tensor> {
    x.gelu(approximate)
}

/// `(x + sqrt(x^2 + b)) / 2`; Keras's default b is 4.
pub fn squareplus(x: &Tensor, b: f64) -> Result<Tensor> {
    x.add(&x.square()?.add(&x.like(b)?)?.sqrt()?)?.mul(&x.like(0.5)?)
}

/// `x` moved towards 0 by a threshold, 0 within it; Keras's default is 0.5.
pub fn soft_shrink(x: &Tensor, threshold: f64) -> Result<Tensor> {
    let (t, zero) = (x.like(threshold)?, x.like(0.0)?);
    let low = x.less(&t.neg()?)?.select(&x.add(&t)?, &zero)?;
    x.greater(&t)?.select(&x.sub(&t)?, &low)
}

/// `x`, or 0 where it is within a threshold of 0; Keras's default is 0.5.
pub fn hard_shrink(x: &Tensor, threshold: f64) -> Result<Tensor> {
    x.abs()?.greater(&x.like(threshold)?)?.select(x, &x.like(0.0)?)
}

/// `x` above a threshold, `default_value` elsewhere.
pub fn threshold(x: &Tensor, threshold: f64, default_value: f64) -> Result<Tensor> {
    x.greater(&x.like(threshold)?)?.select(x, &x.like(default_value)?)
}

/// The first half along an axis times the sigmoid of the second; errors for an odd size.
pub fn glu(x: &Tensor, axis: isize) -> Result<Tensor> {
    let axis = x.shape().axis(axis)?;
    let (before, size, after) = x.shape().around(axis);
    if size % 2 != 0 {
        return Err(Error::shape(format!("glu: axis {axis} of shape {} has an odd size", x.shape())));
    }
    let halves = x.reshape([before, 2, size / 2 * after])?;
    // A sum over a mask picks a half.
    let pick = |mask: [f32; 2]| -> Result<Tensor> {
        let mask = Tensor::from_slice(&mask, [1, 2, 1])?.cast(x.dtype())?;
        halves.mul(&mask)?.reduce_sum(1, false)?.reshape(x.shape().replaced(axis, size / 2))
    };
    pick([1.0, 0.0])?.mul(&pick([0.0, 1.0])?.sigmoid()?)
}
