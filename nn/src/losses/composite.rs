//! Softmax written out in smaller operations.

use gradus_tensor::{Result, Tensor};

/// The logarithm of the softmax over an axis; the largest value is subtracted first, so nothing overflows.
pub(crate) fn log_softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    let x = x.sub(&x.reduce_max(axis, true)?.stop_gradient()?)?;
    x.sub(&x.exp()?.reduce_sum(axis, true)?.log()?)
}

/// `e^x / sum e^x` over an axis.
pub(crate) fn softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    log_softmax(x, axis)?.exp()
}
