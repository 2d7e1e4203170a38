//! Connectionist temporal classification (Graves et al. 2006): sequences whose alignment is not known.
//!
//! The labels are laid out with blanks around each, and the loss is minus the logarithm of the sum over all
//! ways to walk through them, by the forward recursion in logarithms. Written with operations, its gradient
//! needs no backward recursion of its own.

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

/// Stands for the logarithm of 0: finite, so that differences stay numbers.
const LOG_ZERO: f64 = -1e30;

/// `log(e^a + e^b + e^c)`, element by element.
fn log_sum(terms: &[Tensor]) -> Result<Tensor> {
    Tensor::stack(&terms.iter().collect::<Vec<_>>(), 0)?.reduce_logsumexp(0, false)
}

impl Formula for CtcFormula {
    const CLASS: &'static str = "CTC";
    const NAME: &'static str = "ctc";

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let (&[batch, labels], &[samples, time, classes]) = (y_true.shape().dims(), y_pred.shape().dims())
        else {
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
        let dtype = y_pred.dtype();
        let (zero, log_zero) = (y_pred.like(0.0)?, y_pred.like(LOG_ZERO)?);
        let y_true = y_true.cast(DType::I64)?;
        let length = y_true.not_equal(&y_true.like(0)?)?.cast(DType::I64)?.reduce_sum(1, true)?;

        // Blank, label, blank, label, .., blank: 2 * labels + 1 states.
        let states = 2 * labels + 1;
        let blanks = y_true.zeros_like()?;
        let pairs = Tensor::stack(&[&blanks, &y_true], 2)?.reshape([batch, 2 * labels])?;
        let last = Tensor::zeros([batch, 1], DType::I64)?;
        let path = Tensor::concat(&[&pairs, &last], 1)?;

        // Log-probability of every state's class at every step: [batch, time, states].
        let log = super::composite::log_softmax(y_pred, -1)?;
        let chosen = path.one_hot(classes)?.cast(dtype)?;
        let emit = log.matmul(&chosen.transpose(&[0, 2, 1])?)?;

        // A label may follow the one before directly, unless they are the same.
        let shifted = |x: &Tensor, by: usize, fill: &Tensor| -> Result<Tensor> {
            if by >= states {
                return fill.broadcast_to([batch, states]);
            }
            let kept = x.slice_sizes(&[0, 0], &[-1, (states - by) as isize])?;
            Tensor::concat(&[&fill.broadcast_to([batch, by])?, &kept], 1)
        };
        let two_before = shifted(&path, 2, &path.like(0)?)?;
        let skips = path.not_equal(&path.like(0)?)?.logical_and(&path.not_equal(&two_before)?)?;

        let first = Tensor::range(states as i64)?.less(&Tensor::scalar(2i64))?;
        let mut steps = emit.unstack(1)?.into_iter();
        let start = steps.next().ok_or_else(|| Error::shape("ctc: there are no steps"))?;
        let mut alpha = first.select(&start, &log_zero)?;
        for step in steps {
            let jump = skips.select(&shifted(&alpha, 2, &log_zero)?, &log_zero)?;
            let reached = log_sum(&[alpha.clone(), shifted(&alpha, 1, &log_zero)?, jump])?;
            // Unreachable states stay at the stand-in for log 0 instead of sinking below what f32 holds.
            alpha = reached.add(&step)?.maximum(&log_zero)?;
        }

        // A walk ends in the last label or in the blank after it.
        let end = length.mul(&length.like(2)?)?;
        let index = Tensor::range(states as i64)?;
        let ends = index.equal(&end)?.logical_or(&index.equal(&end.sub(&end.like(1)?)?)?)?;
        let total = ends.select(&alpha, &log_zero)?.reduce_logsumexp(1, false)?;
        // No walk is long enough: infinite, as in TensorFlow.
        let possible = total.greater(&y_pred.like(LOG_ZERO / 2.0)?)?;
        possible.select(&total.neg()?, &zero.add(&y_pred.like(f64::INFINITY)?)?)
    }
}
