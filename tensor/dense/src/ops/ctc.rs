//! Connectionist temporal classification: the loss of label sequences without an alignment.
//!
//! A path names a class or the blank at every step; dropping repeats and then blanks gives a label sequence. The loss
//! is minus the logarithm of the probability of all paths that give the target, summed by the forward-backward
//! recursion of Graves et al. (2006) over the target with blanks around every label, in logarithms throughout.

use super::indices::{check_dtype, integers};
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[CtcLoss::DEF];

crate::op! {
    /// The loss per sequence, and its gradient with respect to the logits, from labels `[batch, length]`, logits
    /// `[batch, time, classes]`, label lengths `[batch]` and logit lengths `[batch]`.
    pub struct CtcLoss { blank: usize } = "ctc_loss"
}

/// `ln(e^a + e^b)`.
fn log_add(a: f64, b: f64) -> f64 {
    let (top, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { top } else { top + (low - top).exp().ln_1p() }
}

/// Loss of one sequence; `gradient` receives probabilities minus expected visits.
///
/// `log_p` holds the log-probabilities `[time, classes]`.
fn sequence(log_p: &[f64], classes: usize, labels: &[usize], blank: usize, gradient: &mut [f64]) -> f64 {
    let time = log_p.len() / classes;
    let states = 2 * labels.len() + 1;
    let class = |s: usize| if s % 2 == 0 { blank } else { labels[s / 2] };
    // A label may follow the one before without a blank between, unless the two are equal.
    let skips = |s: usize| s % 2 == 1 && s >= 3 && labels[s / 2] != labels[s / 2 - 1];
    gradient.iter_mut().zip(log_p).for_each(|(g, l)| *g = l.exp());
    if time == 0 {
        return if labels.is_empty() { 0.0 } else { f64::INFINITY };
    }
    const NONE: f64 = f64::NEG_INFINITY;
    let mut alpha = vec![NONE; time * states];
    alpha[0] = log_p[blank];
    if states > 1 {
        alpha[1] = log_p[class(1)];
    }
    for t in 1..time {
        for s in 0..states {
            let before = &alpha[(t - 1) * states..t * states];
            let mut sum = before[s];
            if s >= 1 {
                sum = log_add(sum, before[s - 1]);
            }
            if skips(s) {
                sum = log_add(sum, before[s - 2]);
            }
            alpha[t * states + s] = sum + log_p[t * classes + class(s)];
        }
    }
    let last = &alpha[(time - 1) * states..];
    let total = if states > 1 { log_add(last[states - 1], last[states - 2]) } else { last[0] };
    if total == NONE {
        gradient.fill(0.0);
        return f64::INFINITY;
    }
    // beta leaves out the step it stands at, so that alpha + beta counts every step once.
    let mut beta = vec![NONE; states];
    beta[states - 1] = 0.0;
    if states > 1 {
        beta[states - 2] = 0.0;
    }
    for t in (0..time).rev() {
        if t + 1 < time {
            let ahead: Vec<f64> =
                (0..states).map(|s| beta[s] + log_p[(t + 1) * classes + class(s)]).collect();
            for s in 0..states {
                let mut sum = ahead[s];
                if s + 1 < states {
                    sum = log_add(sum, ahead[s + 1]);
                }
                if s + 2 < states && skips(s + 2) {
                    sum = log_add(sum, ahead[s + 2]);
                }
                beta[s] = sum;
            }
        }
        for s in 0..states {
            gradient[t * classes + class(s)] -= (alpha[t * states + s] + beta[s] - total).exp();
        }
    }
    -total
}

impl Op for CtcLoss {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        for ids in [x[0], x[2], x[3]] {
            check_dtype(Self::NAME, ids.dtype)?;
        }
        let shapes = || x.iter().map(|s| s.shape.to_string()).collect::<Vec<_>>().join(", ");
        let fits = match (&x[0].shape[..], &x[1].shape[..]) {
            ([b, _], [batch, _, classes]) => {
                b == batch && x[2].shape[..] == [*b] && x[3].shape[..] == [*b] && self.blank < *classes
            }
            _ => false,
        };
        if !fits {
            return Err(Error::shape(format!(
                "ctc_loss: expected labels [b, n], logits [b, time, classes], and two lengths [b], with the blank \
                 {} below the classes; found {}",
                self.blank,
                shapes()
            )));
        }
        if !x[1].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[1].dtype));
        }
        Ok(smallvec![x[1].reshaped([x[1].shape[0]]), x[1].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (width, time, classes) = (x[0].shape()[1], x[1].shape()[1], x[1].shape()[2]);
        let labels = integers(Self::NAME, &x[0])?;
        let lengths = [integers(Self::NAME, &x[2])?, integers(Self::NAME, &x[3])?];
        let [loss, gradient] = y else { return Err(Error::value("ctc_loss: expected two outputs")) };
        dispatch!(x[1].dtype(), T: float => {
            let logits = x[1].as_slice::<T>();
            let (loss, gradient) = (loss.as_mut::<T>(), gradient.as_mut::<T>());
            gradient.fill(T::ZERO);
            for (b, loss) in loss.iter_mut().enumerate() {
                let length = |k: usize, limit: usize| {
                    let n = lengths[k][b];
                    usize::try_from(n).ok().filter(|&n| n <= limit).ok_or_else(|| {
                        Error::value(format!("ctc_loss: length {n} of sequence {b} exceeds {limit}"))
                    })
                };
                let (n, t) = (length(0, width)?, length(1, time)?);
                let target = labels[b * width..b * width + n]
                    .iter()
                    .map(|&l| {
                        usize::try_from(l).ok().filter(|&l| l < classes && l != self.blank).ok_or_else(|| {
                            Error::value(format!("ctc_loss: label {l} is the blank or not in 0..{classes}"))
                        })
                    })
                    .collect::<Result<Vec<_>>>()?;
                let start = b * time * classes;
                let mut log_p = Vec::with_capacity(t * classes);
                for row in logits[start..start + t * classes].chunks(classes) {
                    let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(v.to_f64()));
                    let sum: f64 = row.iter().map(|v| (v.to_f64() - top).exp()).sum();
                    log_p.extend(row.iter().map(|v| v.to_f64() - top - sum.ln()));
                }
                let mut g = vec![0.0; t * classes];
                *loss = T::from_f64(sequence(&log_p, classes, &target, self.blank, &mut g));
                gradient[start..].iter_mut().zip(g).for_each(|(y, g)| *y = T::from_f64(g));
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[1].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0, y: 2 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.dy_opt(1).is_some() {
            return Err(Error::no_gradient("ctc_loss, a second time"));
        }
        let g = cx.dy(0)?.expand_dims(-1)?.expand_dims(-1)?;
        cx.give(1, g.mul(cx.y(1))?)
    }
}

impl Tensor {
    /// The loss of label sequences without an alignment, `[batch]`, where this tensor is the logits
    /// `[batch, time, classes]`.
    ///
    /// `labels` is `[batch, length]`, of which the first `label_lengths[i]` count; of the logits the first
    /// `logit_lengths[i]` steps count. A target that no path gives has an infinite loss and no gradient. Second
    /// derivatives are an error. Errors when a length or label is out of range.
    pub fn ctc_loss(
        &self,
        labels: &Tensor,
        label_lengths: &Tensor,
        logit_lengths: &Tensor,
        blank: usize,
    ) -> Result<Tensor> {
        let y = apply(&CtcLoss { blank }, &[labels, self, label_lengths, logit_lengths])?;
        y.into_iter().next().ok_or_else(|| Error::value("ctc_loss: no output"))
    }
}
