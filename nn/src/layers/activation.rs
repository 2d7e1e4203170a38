//! An activation as a layer of its own.

use super::layer_base;
use super::options::Given;
use crate::activations::{self, Activation, IntoActivation};
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// Applies an activation; Keras's `Activation` layer.
#[derive(Debug)]
pub struct ActivationLayer {
    meta: Meta,
    activation: Given<Activation>,
}

impl ActivationLayer {
    /// A layer for an activation: a value, a closure, or a Keras name such as `"relu"`.
    pub fn new(activation: impl IntoActivation) -> Self {
        ActivationLayer { meta: Meta::new("Activation"), activation: activation.into_activation() }
    }

    pub(crate) fn from_config(c: &Value) -> Result<Self> {
        let v =
            c.get("activation").ok_or_else(|| Error::value(format!("Activation: no activation in {c}")))?;
        Ok(ActivationLayer { meta: Meta::new("Activation"), activation: Ok(activations::from_config(v)?) })
    }
}
layer_base!(ActivationLayer);

impl Layer for ActivationLayer {
    fn class_name(&self) -> &'static str {
        "Activation"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({"activation": self.activation.as_ref().map_or(Value::Null, Activation::config)})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        self.activation.as_ref().map_err(Clone::clone)?;
        Ok(input.clone())
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        self.activation.as_ref().map_err(Clone::clone)?.apply(x)
    }
}
