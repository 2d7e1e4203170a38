//! Connectionist temporal classification (Graves et al. 2006): sequences whose alignment is not known.

use super::formula::{Formula, FormulaLoss};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};

/// Minus the log-likelihood of the labels `[batch, max_length]` under the logits `[batch, time, classes]`.
///
/// Class 0 is the blank, and pads labels that are shorter than the others.
pub type CTC = FormulaLoss<CtcFormula>;

/// The options of [`CTC`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CtcFormula {}

impl Formula for CtcFormula {
    const CLASS: &'static str = "CTC";
    const NAME: &'static str = "ctc";

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let (&[batch, _], &[samples, time, _]) = (y_true.shape().dims(), y_pred.shape().dims()) else {
            return Err(Error::shape(format!(
                "ctc: expected labels [batch, max_length] and logits [batch, time, classes], found {} and {}",
                y_true.shape(),
                y_pred.shape()
            )));
        };
        if batch != samples || time == 0 {
            return Err(Error::shape(format!(
                "ctc: labels {} and logits {} differ in the batch, or there are no steps",
                y_true.shape(),
                y_pred.shape()
            )));
        }
        let labels = y_true.cast(DType::I64)?;
        let length = labels.not_equal(&labels.like(0)?)?.cast(DType::I64)?.reduce_sum(1, false)?;
        let times = Tensor::full([batch], time as f64, DType::I64)?;
        y_pred.ctc_loss(&labels, &length, &times, 0)
    }
}
