//! Batch normalization in training with relu or relu6 behind it, as one operation each way.
//!
//! Replays put these in place of the two: the image is written once, and the gradient above the activation is masked where
//! it is read, by the sign of what the normalization gave there. No bit differs from the operations one by one.

use super::normalization::{BatchNorm, BatchNormGrad, gradients, normalize};
use super::normalization_parts::{forward_parts, gradient_parts};
use crate::attr::{Attr, Attribute, OpDef};
use crate::op::{Op, Parts};
use crate::view::{View, ViewMut};
use crate::{Keep, Lower, Result, Spec, Specs};
use gradus_kernels::elementwise::{Binary, Unary};

pub(super) const DEFS: &[OpDef] = &[ActivatedBatchNorm::DEF, ActivatedBatchNormGrad::DEF];

/// The activations that a normalization can take in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rectifier {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
}

impl Rectifier {
    pub(super) fn of(tail: &Lower) -> Option<Rectifier> {
        match tail {
            Lower::Unary(Unary::Relu) => Some(Rectifier::Relu),
            Lower::Unary(Unary::Relu6) => Some(Rectifier::Relu6),
            _ => None,
        }
    }

    pub(super) fn of_slope(slope: &Lower) -> Option<Rectifier> {
        match slope {
            Lower::Binary(Binary::ReluGrad) => Some(Rectifier::Relu),
            Lower::Binary(Binary::Relu6Grad) => Some(Rectifier::Relu6),
            _ => None,
        }
    }
}

impl Rectifier {
    pub(super) fn unary(self) -> Unary {
        match self {
            Rectifier::Relu => Unary::Relu,
            Rectifier::Relu6 => Unary::Relu6,
        }
    }

    /// The upper end; NaN where there is none.
    pub(super) fn top(self) -> f64 {
        match self {
            Rectifier::Relu => f64::NAN,
            Rectifier::Relu6 => 6.0,
        }
    }
}

impl Attribute for Rectifier {
    fn to_attr(&self) -> Attr {
        Attr::Str(if *self == Rectifier::Relu { "relu" } else { "relu6" }.into())
    }
    fn from_attr(a: &Attr) -> Option<Self> {
        [Rectifier::Relu, Rectifier::Relu6].into_iter().find(|r| r.to_attr() == *a)
    }
}

crate::op! {
    /// x, gamma, beta give activation(y), mean, variance, as [`BatchNorm`] gives y.
    pub struct ActivatedBatchNorm { epsilon: f64, activation: Rectifier } = "activated_batch_norm"
}

impl Op for ActivatedBatchNorm {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        BatchNorm { epsilon: self.epsilon }.infer(x)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        normalize(Self::NAME, self.epsilon, Some(self.activation.unary()), x, y)
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
    fn in_parts(&self, _: &[&Spec], part: usize) -> Option<Parts> {
        Some(forward_parts(self.epsilon, Some(self.activation), part))
    }
}

crate::op! {
    /// The gradient above the activation, x, gamma, mean, variance, beta give the gradients of x, gamma and beta.
    pub struct ActivatedBatchNormGrad { epsilon: f64, activation: Rectifier } = "activated_batch_norm_grad"
}

impl Op for ActivatedBatchNormGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        BatchNormGrad { epsilon: self.epsilon }.infer(x)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        gradients(Self::NAME, self.epsilon, Some(self.activation), x, y)
    }
    fn differentiable(&self) -> bool {
        false
    }
    fn in_parts(&self, _: &[&Spec], part: usize) -> Option<Parts> {
        Some(gradient_parts(self.epsilon, Some(self.activation), part))
    }
}
