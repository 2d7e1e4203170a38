//! Layer normalization.

use super::{config_bool, config_f64, layer_base};
use crate::weight::existing;
use crate::{Call, Dims, Layer, Meta, Weight};
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde_json::{Value, json};

/// Centres and scales each sample over the last axis. Defaults: epsilon 1e-3, with scale and offset.
#[derive(Debug)]
pub struct LayerNormalization {
    meta: Meta,
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
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma: Weight::new(),
            beta: Weight::new(),
        }
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
        let last = match c.get("axis") {
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => list.len() == 1 && list[0].as_i64() == Some(-1),
            Some(v) => v.as_i64() == Some(-1),
        };
        if !last {
            return Err(Error::value(format!(
                "LayerNormalization: axis {} is not supported, only -1",
                c["axis"]
            )));
        }
        Ok(LayerNormalization::new()
            .epsilon(config_f64(c, "epsilon", 1e-3))
            .center(config_bool(c, "center", true))
            .scale(config_bool(c, "scale", true)))
    }
}
layer_base!(LayerNormalization);

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
        json!({"axis": -1, "epsilon": self.epsilon, "center": self.center, "scale": self.scale})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        input.known(-1, "layer_normalization")?;
        Ok(input.clone())
    }
    fn build(&self, input: &Dims) -> Result<()> {
        let n = input.known(-1, "layer_normalization")?;
        if self.scale {
            self.gamma.set("gamma", Tensor::ones([n], DType::F32)?, true);
        }
        if self.center {
            self.beta.set("beta", Tensor::zeros([n], DType::F32)?, true);
        }
        Ok(())
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let n = *x.shape().last().unwrap_or(&1);
        let gamma = if self.scale { self.gamma.value()? } else { Tensor::ones([n], x.dtype())? };
        let beta = if self.center { self.beta.value()? } else { Tensor::zeros([n], x.dtype())? };
        x.layer_norm(&gamma, &beta, self.epsilon)
    }
    fn own_weights(&self) -> Vec<Variable> {
        existing([&self.gamma, &self.beta])
    }
}
