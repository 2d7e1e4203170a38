//! Batch normalization.

use super::{config_bool, config_f64, layer_base};
use crate::weight::existing;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::{Variable, stop_recording};
use gradus_tensor::{DType, Error, Result, Tensor};
use serde_json::{Value, json};

/// Centres and scales each channel: by the batch in training, by moving averages otherwise.
///
/// Defaults: axis -1, momentum 0.99, epsilon 1e-3, with scale and offset.
#[derive(Debug)]
pub struct BatchNormalization {
    meta: Meta,
    axis: isize,
    momentum: f64,
    epsilon: f64,
    center: bool,
    scale: bool,
    gamma: Weight,
    beta: Weight,
    moving_mean: Weight,
    moving_variance: Weight,
}

impl BatchNormalization {
    /// A layer over the last axis.
    pub fn new() -> Self {
        BatchNormalization {
            meta: Meta::new("BatchNormalization"),
            axis: -1,
            momentum: 0.99,
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma: Weight::new(),
            beta: Weight::new(),
            moving_mean: Weight::new(),
            moving_variance: Weight::new(),
        }
    }

    /// The axis of the channels.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }

    /// The weight of the past in the moving averages.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// What is added to the variance.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// With or without the offset beta.
    #[must_use]
    pub fn center(mut self, yes: bool) -> Self {
        self.center = yes;
        self
    }

    /// With or without the scale gamma.
    #[must_use]
    pub fn scale(mut self, yes: bool) -> Self {
        self.scale = yes;
        self
    }

    pub(crate) fn from_config(c: &Value) -> Result<Self> {
        let axis = match c.get("axis") {
            Some(Value::Array(list)) => list.first().and_then(Value::as_i64),
            Some(v) => v.as_i64(),
            None => None,
        };
        Ok(BatchNormalization::new()
            .axis(axis.unwrap_or(-1) as isize)
            .momentum(config_f64(c, "momentum", 0.99))
            .epsilon(config_f64(c, "epsilon", 1e-3))
            .center(config_bool(c, "center", true))
            .scale(config_bool(c, "scale", true)))
    }

    /// The order of axes that brings the channels to the end, or `None` when they are there.
    fn to_last(&self, rank: usize) -> Result<Option<Vec<usize>>> {
        let axis = if self.axis < 0 { self.axis + rank as isize } else { self.axis };
        let axis = usize::try_from(axis)
            .ok()
            .filter(|&a| a < rank)
            .ok_or_else(|| Error::shape(format!("axis {} is out of range for rank {rank}", self.axis)))?;
        if axis + 1 == rank {
            return Ok(None);
        }
        let mut perm: Vec<usize> = (0..rank).collect();
        perm.swap(axis, rank - 1);
        Ok(Some(perm))
    }

    fn normalized(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let n = *x.shape().last().unwrap_or(&1);
        let gamma = if self.scale { self.gamma.value()? } else { Tensor::ones([n], x.dtype())? };
        let beta = if self.center { self.beta.value()? } else { Tensor::zeros([n], x.dtype())? };
        let (mean, variance) = (self.moving_mean.variable()?, self.moving_variance.variable()?);
        if training {
            let (y, m, v) = x.batch_norm(&gamma, &beta, self.epsilon)?;
            stop_recording(|| {
                blend(mean, &m, self.momentum)?;
                blend(variance, &v, self.momentum)
            })?;
            return Ok(y);
        }
        let v = variance.value();
        let scale = gamma.div(&v.add(&v.like(self.epsilon)?)?.sqrt()?)?;
        let shift = beta.sub(&mean.value().mul(&scale)?)?;
        x.mul(&scale)?.add(&shift)
    }
}
layer_base!(BatchNormalization);

impl Default for BatchNormalization {
    fn default() -> Self {
        BatchNormalization::new()
    }
}

/// `average = average * momentum + value * (1 - momentum)`.
fn blend(average: &Variable, value: &Tensor, momentum: f64) -> Result<()> {
    let old = average.value();
    let kept = old.mul(&old.like(momentum)?)?;
    average.assign(&kept.add(&value.mul(&value.like(1.0 - momentum)?)?)?)
}

impl Layer for BatchNormalization {
    fn class_name(&self) -> &'static str {
        "BatchNormalization"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        })
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.to_last(input.rank())?;
        let n = input.known(self.axis, "batch_normalization")?;
        if let Some(g) = self.moving_mean.get() {
            if g.shape().dims() != [n] {
                return Err(Error::shape(format!("expected {} channels, found shape {input}", g.shape()[0])));
            }
        }
        Ok(input.clone())
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let n = input.known(self.axis, "batch_normalization")?;
        let (zeros, ones) = (Tensor::zeros([n], DType::F32)?, Tensor::ones([n], DType::F32)?);
        if self.scale {
            self.gamma.set("gamma", ones.clone(), true);
        }
        if self.center {
            self.beta.set("beta", zeros.clone(), true);
        }
        self.moving_mean.set("moving_mean", zeros, false);
        self.moving_variance.set("moving_variance", ones, false);
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        // A frozen layer runs in inference mode, as Keras's does.
        let training = cx.training && self.meta.trainable();
        match self.to_last(x.rank())? {
            None => self.normalized(x, training),
            Some(perm) => self.normalized(&x.transpose(&perm)?, training)?.transpose(&perm),
        }
    }
    fn own_weights(&self) -> Vec<Variable> {
        existing([&self.gamma, &self.beta, &self.moving_mean, &self.moving_variance])
    }
}
