//! Losses between labels and logits, computed without overflow.
//!
//! The softmax forms are one operation each: they read the logits once and keep the probabilities, from which the
//! gradient is a subtraction.

use super::indices;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::softmax::{Labels, cross_entropy};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[SoftmaxCrossEntropy::DEF, SparseSoftmaxCrossEntropy::DEF];

crate::op! {
    /// `-sum(labels * log_softmax(logits))` over the last axis, and the probabilities `softmax(logits)`.
    pub struct SoftmaxCrossEntropy {} = "softmax_cross_entropy_with_logits"
}

crate::op! {
    /// `-log_softmax(logits)[label]` over the last axis, and the probabilities `softmax(logits)`.
    pub struct SparseSoftmaxCrossEntropy {} = "sparse_softmax_cross_entropy_with_logits"
}

/// Specs of the loss and the probabilities.
fn infer(name: &str, logits: &Spec) -> Result<Specs> {
    if !logits.dtype.is_float() {
        return Err(unsupported_dtype(name, logits.dtype));
    }
    let rank = logits.shape.rank();
    if rank == 0 {
        return Err(Error::shape(format!("{name}: expected logits with a class axis, found a scalar")));
    }
    Ok(smallvec![logits.reshaped(logits.shape.without(rank - 1)), logits.clone()])
}

/// Loss and probabilities of rows of n logits.
fn entropy<T: Element>(
    logits: &[T],
    labels: Labels<'_, T>,
    loss: &mut [T],
    p: &mut [T],
    n: usize,
) -> Result<()> {
    if matches!(T::DTYPE, DType::F32 | DType::F64) {
        return Ok(cross_entropy(logits, labels, loss, p, n)?);
    }
    // Halves by way of f32.
    let wide = |x: &[T]| x.iter().map(|v| v.to_f64() as f32).collect::<Vec<f32>>();
    let narrow = |from: &[f32], to: &mut [T]| {
        to.iter_mut().zip(from).for_each(|(to, &v)| *to = T::from_f64(v.into()));
    };
    let (x, mut l, mut q) = (wide(logits), vec![0.0; loss.len()], vec![0.0; p.len()]);
    match labels {
        Labels::Sparse(t) => cross_entropy(&x, Labels::Sparse(t), &mut l, &mut q, n)?,
        Labels::Dense(t) => cross_entropy(&x, Labels::Dense(&wide(t)), &mut l, &mut q, n)?,
    }
    narrow(&l, loss);
    narrow(&q, p);
    Ok(())
}

/// The gradient that reached the loss, with a class axis of 1.
fn above(cx: &Backward<'_>) -> Result<Tensor> {
    cx.dy(0)?.expand_dims(-1)
}

/// What reaches the logits through the probabilities, which only second derivatives use.
fn through_probabilities(cx: &mut Backward<'_>) -> Result<()> {
    let Some(dp) = cx.dy_opt(1) else { return Ok(()) };
    let p = cx.y(1);
    let inner = dp.mul(p)?.reduce_sum(-1, true)?;
    cx.give(1, p.mul(&dp.sub(&inner)?)?)
}

impl Op for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if x[0].shape != x[1].shape {
            return Err(Error::shape(format!(
                "{}: labels of shape {} for logits of shape {}",
                Self::NAME,
                x[0].shape,
                x[1].shape
            )));
        }
        infer(Self::NAME, x[1])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[1].shape().last().copied().unwrap_or(1);
        let [loss, p] = y else { return Err(Error::value("expected two outputs")) };
        dispatch!(x[1].dtype(), T: float => {
            let labels = Labels::Dense(x[0].as_slice::<T>());
            entropy(x[1].as_slice::<T>(), labels, loss.as_mut::<T>(), p.as_mut::<T>(), n)
        } else { Err(unsupported_dtype(Self::NAME, x[1].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 3, y: 2 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.dy_opt(0).is_some() {
            let g = above(cx)?;
            if cx.needs(0) {
                let x = cx.x(1);
                let log = x.reduce_logsumexp(-1, true)?.sub(x)?;
                cx.give(0, g.mul(&log)?)?;
            }
            if cx.needs(1) {
                cx.give(1, g.mul(&cx.y(1).sub(cx.x(0))?)?)?;
            }
        }
        through_probabilities(cx)
    }
}

impl Op for SparseSoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        indices::check_dtype(Self::NAME, x[0].dtype)?;
        let specs = infer(Self::NAME, x[1])?;
        if x[0].shape != specs[0].shape {
            return Err(Error::shape(format!(
                "{}: labels of shape {} for logits of shape {}, expected {}",
                Self::NAME,
                x[0].shape,
                x[1].shape,
                specs[0].shape
            )));
        }
        Ok(specs)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[1].shape().last().copied().unwrap_or(1);
        let [loss, p] = y else { return Err(Error::value("expected two outputs")) };
        indices::check(Self::NAME, &x[0], n)?;
        let labels = indices::integers(Self::NAME, &x[0])?;
        dispatch!(x[1].dtype(), T: float => {
            let labels = Labels::Sparse(&labels);
            entropy(x[1].as_slice::<T>(), labels, loss.as_mut::<T>(), p.as_mut::<T>(), n)
        } else { Err(unsupported_dtype(Self::NAME, x[1].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 1, y: 2 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        if cx.dy_opt(0).is_some() {
            let p = cx.y(1);
            let classes = p.shape()[p.rank() - 1];
            let hot = cx.x(0).one_hot_with(classes, -1, p.dtype(), 1.0, 0.0)?;
            let g = above(cx)?.mul(&p.sub(&hot)?)?;
            cx.give(1, g)?;
        }
        through_probabilities(cx)
    }
}

impl Tensor {
    /// `-sum(labels * log_softmax(logits))` over the last axis, where this tensor is the logits: `[..]`.
    ///
    /// Labels are probabilities that sum to 1, of the logits' shape and dtype.
    pub fn softmax_cross_entropy_with_logits(&self, labels: &Tensor) -> Result<Tensor> {
        first(apply(&SoftmaxCrossEntropy {}, &[labels, self])?)
    }

    /// `-log_softmax(logits)[label]` over the last axis, where this tensor is the logits: `[..]`.
    ///
    /// Labels are integers of the logits' shape without the last axis. Errors when one is out of range.
    pub fn sparse_softmax_cross_entropy_with_logits(&self, labels: &Tensor) -> Result<Tensor> {
        first(apply(&SparseSoftmaxCrossEntropy {}, &[labels, self])?)
    }

    /// The cross-entropy of independent classes, element by element, where this tensor is the logits:
    /// `max(x, 0) - x z + ln(1 + exp(-|x|))` with the labels `z` between 0 and 1.
    pub fn sigmoid_cross_entropy_with_logits(&self, labels: &Tensor) -> Result<Tensor> {
        self.softplus()?.sub(&self.mul(labels)?)
    }

    /// As [`Tensor::sigmoid_cross_entropy_with_logits`], with positive labels counting `pos_weight` times:
    /// `(1 - z) x + (1 + (q - 1) z) softplus(-x)`.
    pub fn weighted_cross_entropy_with_logits(&self, labels: &Tensor, pos_weight: &Tensor) -> Result<Tensor> {
        let one = self.like(1)?;
        let weight = one.add(&pos_weight.sub(&one)?.mul(labels)?)?;
        one.sub(labels)?.mul(self)?.add(&weight.mul(&self.neg()?.softplus()?)?)
    }

    /// The negative log-likelihood of Poisson counts, up to a constant, where this tensor is the logarithm of the rate:
    /// `exp(x) - x z`. With `full` Stirling's approximation of `ln(z!)` is added for counts above 1.
    pub fn log_poisson_loss(&self, targets: &Tensor, full: bool) -> Result<Tensor> {
        let loss = self.exp()?.sub(&self.mul(targets)?)?;
        if !full {
            return Ok(loss);
        }
        let z = targets;
        let half_log = z.mul(&z.like(2.0 * std::f64::consts::PI)?)?.log()?.mul(&z.like(0.5)?)?;
        let stirling = z.mul(&z.log()?)?.sub(z)?.add(&half_log)?;
        let small = z.greater_equal(&z.like(0)?)?.logical_and(&z.less_equal(&z.like(1)?)?)?;
        loss.add(&small.select(&z.like(0)?, &stirling)?)
    }
}

fn first(outputs: crate::Outputs) -> Result<Tensor> {
    outputs.into_iter().next().ok_or_else(|| Error::value("no output"))
}
