//! Values of a batch reduced to one per sample.

use crate::losses::squeeze_or_expand_to_same_rank;
use gradus_tensor::{DType, Result, Tensor};

/// How axes behind the samples are reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduce {
    Mean,
    Sum,
}

impl Reduce {
    /// Reduces all axes from `first` on.
    fn from(self, x: &Tensor, first: usize) -> Result<Tensor> {
        if x.rank() <= first {
            return Ok(x.clone());
        }
        let axes: Vec<isize> = (first..x.rank()).map(|a| a as isize).collect();
        match self {
            Reduce::Mean => x.reduce_mean(&axes[..], false),
            Reduce::Sum => x.reduce_sum(&axes[..], false),
        }
    }
}

/// Weighted values and weights as f32, one per sample.
///
/// Values are reduced to the rank of the weights before they are multiplied, and to vectors after.
pub(super) fn reduce_to_samplewise(
    values: &Tensor,
    sample_weight: Option<&Tensor>,
    reduce: Reduce,
) -> Result<(Tensor, Option<Tensor>)> {
    let values = values.cast(DType::F32)?;
    let Some(weight) = sample_weight else { return Ok((reduce.from(&values, 1)?, None)) };
    let (values, weight) = squeeze_or_expand_to_same_rank(&values, &weight.cast(DType::F32)?, true)?;
    let rank = weight.rank();
    let values = reduce.from(&values, rank)?;
    let weight = weight.broadcast_to(values.shape().clone())?;
    let values = values.mul(&weight)?;
    let weight = if rank > 1 { reduce.from(&weight, 1)? } else { weight };
    Ok((reduce.from(&values, 1)?, Some(weight)))
}
