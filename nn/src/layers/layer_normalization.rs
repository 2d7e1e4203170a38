//! Layer normalization.

use super::{config_bool, config_f64, layer_base};
use crate::weight::existing;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::Variable;
use gradus_tensor::{Axes, DType, Error, Result, Tensor};
use serde_json::{Value, json};

/// Centres and scales each sample over the last axis, or over several. Defaults: epsilon 1e-3, with scale and offset.
#[derive(Debug)]
pub struct LayerNormalization {
    meta: Meta,
    axes: Vec<isize>,
    epsilon: f64,
    center: bool,
    scale: bool,
    gamma: Weight,
    beta: Weight,
}

impl LayerNormalization {
    /// A layer over the last axis.
    pub fn new() -> Self {
        LayerNormalization {
            meta: Meta::new("LayerNormalization"),
            axes: vec![-1],
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma: Weight::new(),
            beta: Weight::new(),
        }
    }

    /// The axes to normalize over, counted with the batch; scale and offset have their sizes. The default is the last.
    #[must_use]
    pub fn axis(mut self, axes: &[isize]) -> Self {
        self.axes = axes.to_vec();
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
        let axes = match c.get("axis") {
            None | Some(Value::Null) => Some(vec![-1]),
            Some(Value::Array(list)) => list.iter().map(|a| a.as_i64().map(|a| a as isize)).collect(),
            Some(v) => v.as_i64().map(|a| vec![a as isize]),
        };
        let Some(axes) = axes else {
            return Err(Error::value(format!("LayerNormalization: axis {} is no list of axes", c["axis"])));
        };
        if config_bool(c, "rms_scaling", false) {
            return Err(Error::value("LayerNormalization: rms_scaling is not supported"));
        }
        Ok(LayerNormalization::new()
            .axis(&axes)
            .epsilon(config_f64(c, "epsilon", 1e-3))
            .center(config_bool(c, "center", true))
            .scale(config_bool(c, "scale", true)))
    }
}
layer_base!(LayerNormalization);

impl LayerNormalization {
    /// The sizes of the axes in their order in the input: the shape of the weights.
    fn sizes(&self, input: &Dims) -> Result<Vec<usize>> {
        let rank = input.rank() as isize;
        let mut axes = self.axes.clone();
        axes.sort_by_key(|&a| if a < 0 { a + rank } else { a });
        axes.iter().map(|&a| input.known(a, "layer_normalization")).collect()
    }
}

impl Default for LayerNormalization {
    fn default() -> Self {
        LayerNormalization::new()
    }
}

impl Layer for LayerNormalization {
    fn class_name(&self) -> &'static str {
        "LayerNormalization"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        let axis = match self.axes[..] {
            [axis] => json!(axis),
            _ => json!(self.axes),
        };
        json!({"axis": axis, "epsilon": self.epsilon, "center": self.center, "scale": self.scale})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.sizes(input)?;
        Ok(input.clone())
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let sizes = self.sizes(input)?;
        if self.scale {
            self.gamma.set("gamma", Tensor::ones(sizes.clone(), DType::F32)?, true);
        }
        if self.center {
            self.beta.set("beta", Tensor::zeros(sizes, DType::F32)?, true);
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let axes = Axes::from(&self.axes[..]).resolve(x.shape())?;
        let sizes: Vec<usize> = axes.iter().map(|&a| x.shape()[a]).collect();
        let gamma = if self.scale { self.gamma.value()? } else { Tensor::ones(sizes.clone(), x.dtype())? };
        let beta = if self.center { self.beta.value()? } else { Tensor::zeros(sizes, x.dtype())? };
        if axes.last().is_some_and(|&last| last + 1 == x.rank()) && axes.len() == 1 {
            return x.layer_norm(&gamma, &beta, self.epsilon);
        }
        // The same operation over one axis that holds all of them; they go to the end and come back.
        let mut perm: Vec<usize> =
            (0..x.rank()).filter(|a| !axes.contains(a)).chain(axes.iter().copied()).collect();
        let moved = x.transpose(&perm)?;
        let (batch, own) = moved.shape().split_at(x.rank() - axes.len());
        let n = own.iter().product();
        let flat: Vec<usize> = batch.iter().copied().chain([n]).collect();
        let y = moved.reshape(flat)?.layer_norm(&gamma.flatten()?, &beta.flatten()?, self.epsilon)?;
        let y = y.reshape(moved.shape().clone())?;
        let moved = perm.clone();
        moved.iter().enumerate().for_each(|(at, &axis)| perm[axis] = at);
        y.transpose(&perm)
    }
    fn own_weights(&self) -> Vec<Variable> {
        existing([&self.gamma, &self.beta])
    }
}
