//! Dropout.

use super::{config_f64, layer_base};
use crate::{Call, Dims, Layer, Meta, Weight, seed};
use gradus_autograd::{Variable, stop_recording};
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// Zeroes each element with probability `rate` in training and scales the rest up; the identity otherwise.
///
/// Which elements fall is decided by a counter that is saved with the model, so training resumes exactly.
#[derive(Debug)]
pub struct Dropout {
    meta: Meta,
    rate: f64,
    seed: Option<u64>,
    state: Weight,
}

impl Dropout {
    /// A layer that drops this share of its input.
    pub fn new(rate: f64) -> Self {
        Dropout { meta: Meta::new("Dropout"), rate, seed: None, state: Weight::new() }
    }

    /// A seed of its own; the default follows from the global one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(crate) fn from_config(c: &Value) -> Result<Self> {
        let mut layer = Dropout::new(config_f64(c, "rate", 0.5));
        layer.seed = c.get("seed").and_then(Value::as_u64);
        Ok(layer)
    }
}
layer_base!(Dropout);

impl Layer for Dropout {
    fn class_name(&self) -> &'static str {
        "Dropout"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({"rate": self.rate, "seed": self.seed, "noise_shape": null})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        if !(0.0..=1.0).contains(&self.rate) {
            return Err(Error::value(format!("rate {} is outside of 0..1", self.rate)));
        }
        Ok(input.clone())
    }
    fn build(&self, _: &Dims) -> Result<()> {
        let key = self.seed.unwrap_or_else(seed::next_key);
        self.state.set("seed_generator_state", Tensor::random_state(key, 0), false);
        Ok(())
    }
    fn call(&self, x: &Tensor, cx: &mut Call) -> Result<Tensor> {
        if !cx.training || self.rate == 0.0 {
            return Ok(x.clone());
        }
        if self.rate == 1.0 {
            return x.zeros_like();
        }
        let variable = self.state.variable()?;
        let state = variable.value();
        let y = x.dropout(self.rate, &state)?;
        stop_recording(|| variable.assign(&state.add(&Tensor::from_slice(&[0u64, 1], [2])?)?))?;
        Ok(y)
    }
    fn own_state(&self) -> Vec<Variable> {
        self.state.get().cloned().into_iter().collect()
    }
}
