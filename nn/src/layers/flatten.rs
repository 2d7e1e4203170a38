//! Every sample as a vector.

use super::layer_base;
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::{Result, Tensor};
use serde_json::{Value, json};

/// `[batch, a, b, ..]` gives `[batch, a * b * ..]`; `[batch]` gives `[batch, 1]`.
#[derive(Debug)]
pub struct Flatten {
    meta: Meta,
}

impl Flatten {
    /// The layer; it has no options.
    pub fn new() -> Self {
        Flatten { meta: Meta::new("Flatten") }
    }
}
layer_base!(Flatten);

impl Default for Flatten {
    fn default() -> Self {
        Flatten::new()
    }
}

impl Layer for Flatten {
    fn class_name(&self) -> &'static str {
        "Flatten"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({"data_format": "channels_last"})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        let size = input.as_slice().iter().skip(1).try_fold(1usize, |n, d| d.and_then(|d| n.checked_mul(d)));
        Ok(Dims::new([input.as_slice().first().copied().flatten(), size]))
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let batch = *x.shape().first().unwrap_or(&1);
        let size = x.shape().iter().skip(1).product();
        x.reshape([batch, size])
    }
}
