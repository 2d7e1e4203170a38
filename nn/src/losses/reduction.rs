//! From one value per sample to one value.

use super::rank::squeeze_or_expand_to_same_rank;
use gradus_tensor::{Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// How the values of a loss become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The sum divided by the number of values; weights do not change the divisor.
    #[default]
    SumOverBatchSize,
    /// The sum.
    Sum,
    /// The same as [`Reduction::SumOverBatchSize`].
    Mean,
    /// The sum divided by the sum of the sample weights.
    MeanWithSampleWeight,
    /// No reduction: one value per sample.
    None,
}

impl Reduction {
    /// The reduction of that name. Errors for others, listing them.
    pub fn from_name(name: &str) -> Result<Reduction> {
        Ok(match name {
            "sum_over_batch_size" => Reduction::SumOverBatchSize,
            "sum" => Reduction::Sum,
            "mean" => Reduction::Mean,
            "mean_with_sample_weight" => Reduction::MeanWithSampleWeight,
            "none" => Reduction::None,
            _ => {
                return Err(Error::value(format!(
                    "reduction: expected sum_over_batch_size, sum, mean, mean_with_sample_weight or none, found {name}"
                )));
            }
        })
    }
}

/// Weighs and masks values, and reduces them. The result keeps the dtype of the values.
pub fn reduce_weighted_values(
    values: &Tensor,
    sample_weight: Option<&Tensor>,
    mask: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    let weight = match mask {
        Some(mask) => Some(apply_mask(sample_weight, mask, values, reduction)?),
        None => sample_weight.map(|w| w.cast(values.dtype())).transpose()?,
    };
    let (values, weight) = match weight {
        None => (values.clone(), None),
        Some(w) => {
            let (v, w) = squeeze_or_expand_to_same_rank(values, &w, true)?;
            (v.mul(&w)?, Some(w))
        }
    };
    let unreduced = values.rank() == 0 || values.shape().dims() == [0];
    match reduction {
        Reduction::None => Ok(values),
        _ if unreduced => Ok(values),
        Reduction::Sum => values.reduce_sum((), false),
        _ if values.is_empty() => Ok(Tensor::scalar_of(values.dtype(), 0.0)),
        Reduction::MeanWithSampleWeight if weight.is_some() => {
            let total = weight.as_ref().unwrap_or(&values).reduce_sum((), false)?;
            values.reduce_sum((), false)?.div_no_nan(&total)
        }
        Reduction::SumOverBatchSize | Reduction::Mean | Reduction::MeanWithSampleWeight => {
            values.reduce_mean((), false)
        }
    }
}

/// Sample weights with a mask folded in, in the dtype of `values`.
///
/// For means the mask weighs `total / valid`, so that the mean is taken over the valid values.
pub fn apply_mask(
    sample_weight: Option<&Tensor>,
    mask: &Tensor,
    values: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    let mut weight = mask.cast(values.dtype())?;
    if matches!(reduction, Reduction::Mean | Reduction::SumOverBatchSize) {
        let total = weight.like(mask.len() as f64)?;
        weight = weight.mul(&total.div_no_nan(&weight.reduce_sum((), false)?)?)?;
    }
    match sample_weight {
        None => Ok(weight),
        Some(w) => {
            let (m, w) = squeeze_or_expand_to_same_rank(&weight, &w.cast(values.dtype())?, true)?;
            w.mul(&m)
        }
    }
}
