//! Sparsemax (after Martins & Astudillo 2016), as Keras computes it.

use gradus_tensor::{Result, Tensor};

/// `max(x - tau, 0)` along an axis, with exact zeros.
///
/// The values in descending order `z_1, z_2, ..` have running sums `s_j`; those with `1 + j z_j > s_j` support the
/// result, `k` of them. The paper's threshold is `tau = (s_k - 1) / k`, which projects onto the simplex. Keras adds up
/// all the running sums of the support instead, `tau = (s_1 + .. + s_k - 1) / k`, and so does this function, so that
/// models give what they give there: the two agree where one value supports the result.
pub fn sparsemax(x: &Tensor, axis: isize) -> Result<Tensor> {
    let at = x.shape().axis(axis)?;
    let n = x.shape()[at];
    let mut along = vec![1; x.rank()];
    along[at] = n;
    let rank = Tensor::range_step(1, n as i64 + 1, 1)?.cast(x.dtype())?.reshape(along)?;
    let sorted = x.sort(axis, true)?;
    let sums = sorted.cumsum(axis, false, false)?;
    let one = x.like(1.0)?;
    let support = sorted.sub(&sums.sub(&one)?.div(&rank)?)?.greater(&x.like(0.0)?)?;
    let total = support.select(&sums, &sums.zeros_like()?)?.reduce_sum(axis, true)?;
    let size = support.cast(x.dtype())?.reduce_sum(axis, true)?;
    let tau = total.sub(&one)?.div(&size)?;
    x.sub(&tau)?.maximum(&x.like(0.0)?)
}
