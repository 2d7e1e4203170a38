//! The projection onto the simplex (Martins & Astudillo 2016).

use gradus_tensor::{Result, Tensor};

/// The distribution nearest to `x` along an axis, exact zeros included.
///
/// `max(x - tau, 0)` with the threshold `tau` that makes the sum 1.
pub fn sparsemax(x: &Tensor, axis: isize) -> Result<Tensor> {
    let axis = x.shape().axis(axis)?;
    let mut perm: Vec<usize> = (0..x.rank()).collect();
    perm.swap(axis, x.rank() - 1);
    project(&x.transpose(&perm)?)?.transpose(&perm)
}

/// Over the last axis. Comparing all pairs replaces a sort: row `i` asks whether `x_i` is in the support, which
/// holds when `1 + k x_i > sum of the k values that are at least x_i`.
fn project(x: &Tensor) -> Result<Tensor> {
    let x = x.sub(&x.reduce_max(-1, true)?)?;
    let one = x.like(1.0)?;
    let at_least = x.expand_dims(-2)?.greater_equal(&x.expand_dims(-1)?)?.cast(x.dtype())?;
    let count = at_least.reduce_sum(-1, false)?;
    let sum = at_least.mul(&x.expand_dims(-2)?)?.reduce_sum(-1, false)?;
    let support = one.add(&count.mul(&x)?)?.greater(&sum)?.cast(x.dtype())?;
    let size = support.reduce_sum(-1, true)?;
    let tau = support.mul(&x)?.reduce_sum(-1, true)?.sub(&one)?.div(&size)?;
    x.sub(&tau)?.maximum(&x.like(0.0)?)
}
