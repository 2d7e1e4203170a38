//! `x * scale + offset`.

use super::{config_f64, layer_base};
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::{DType, Result, Tensor};
use serde_json::{Value, json};

/// `x * scale + offset`, as float32: `Rescaling::new(1.0 / 255.0)` brings pixels to 0..1.
#[derive(Debug)]
pub struct Rescaling {
    meta: Meta,
    scale: f64,
    offset: f64,
}

impl Rescaling {
    /// A layer that multiplies with `scale`.
    pub fn new(scale: f64) -> Self {
        Rescaling { meta: Meta::new("Rescaling"), scale, offset: 0.0 }
    }

    /// What is added after scaling.
    #[must_use]
    pub fn offset(mut self, offset: f64) -> Self {
        self.offset = offset;
        self
    }

    pub(crate) fn from_config(c: &Value) -> Result<Self> {
        Ok(Rescaling::new(config_f64(c, "scale", 1.0)).offset(config_f64(c, "offset", 0.0)))
    }
}
layer_base!(Rescaling);

impl Layer for Rescaling {
    fn class_name(&self) -> &'static str {
        "Rescaling"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({"scale": self.scale, "offset": self.offset})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        Ok(input.clone())
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let x = if x.dtype().is_float() { x.clone() } else { x.cast(DType::F32)? };
        let y = x.mul(&x.like(self.scale)?)?;
        if self.offset == 0.0 { Ok(y) } else { y.add(&y.like(self.offset)?) }
    }
}
