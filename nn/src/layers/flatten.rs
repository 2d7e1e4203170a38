//! Every sample as a vector.

use super::layer_base;
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::{Result, Tensor};
use serde_json::{Value, json};

/// `[batch, a, b, ..]` gives `[batch, a * b * ..]`; `[batch]` gives `[batch, 1]`.
#[derive(Debug)]
pub struct Flatten {
    meta: Meta,
    channels_first: bool,
}

impl Flatten {
    /// The layer, for samples whose channels come last.
    pub fn new() -> Self {
        Flatten { meta: Meta::new("Flatten"), channels_first: false }
    }

    /// For samples whose channels come first: they are moved to the end before flattening, as Keras does.
    #[must_use]
    pub fn channels_first(mut self, yes: bool) -> Self {
        self.channels_first = yes;
        self
    }

    pub(crate) fn from_config(c: &Value) -> Self {
        let format = c.get("data_format").and_then(Value::as_str);
        Flatten::new().channels_first(format == Some("channels_first"))
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
        json!({"data_format": if self.channels_first { "channels_first" } else { "channels_last" }})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        let size = input.as_slice().iter().skip(1).try_fold(1usize, |n, d| d.and_then(|d| n.checked_mul(d)));
        Ok(Dims::new([input.as_slice().first().copied().flatten(), size]))
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let batch = *x.shape().first().unwrap_or(&1);
        let size = x.shape().iter().skip(1).product();
        if self.channels_first && x.rank() > 2 {
            let perm: Vec<usize> = std::iter::once(0).chain(2..x.rank()).chain([1]).collect();
            return x.transpose(&perm)?.reshape([batch, size]);
        }
        x.reshape([batch, size])
    }
}
