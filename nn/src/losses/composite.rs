//! Softmax and cross-entropy written out in smaller operations.

use gradus_tensor::{Error, Result, Tensor, recorder};

/// The logarithm of the softmax over an axis; the largest value is subtracted first, so nothing overflows.
pub(crate) fn log_softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    let x = x.sub(&x.reduce_max(axis, true)?.stop_gradient()?)?;
    x.sub(&x.exp()?.reduce_sum(axis, true)?.log()?)
}

/// `e^x / sum e^x` over an axis.
pub(crate) fn softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    log_softmax(x, axis)?.exp()
}

/// `-log softmax(x)[label]` over the last axis. Errors for a label outside of the classes, naming it.
pub(crate) fn sparse_softmax_cross_entropy(x: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let classes = *x.shape().last().ok_or_else(|| Error::shape("cross entropy: the logits are a scalar"))?;
    if labels.shape().dims() != &x.shape()[..x.rank() - 1] {
        return Err(Error::shape(format!(
            "cross entropy: logits have shape {}, the labels {}",
            x.shape(),
            labels.shape()
        )));
    }
    if !recorder::tracing() {
        let list = labels.to_f64_vec()?;
        if let Some(i) = list.iter().position(|l| !(0.0..classes as f64).contains(l)) {
            return Err(Error::value(format!(
                "cross entropy: label {} of sample {i} is outside of the valid range 0..{classes}",
                list[i]
            )));
        }
    }
    let at =
        labels.cast(gradus_tensor::DType::I64)?.expand_dims(-1)?.equal(&Tensor::range(classes as i64)?)?;
    at.select(&log_softmax(x, -1)?, &x.like(0.0)?)?.reduce_sum(-1, false)?.neg()
}
