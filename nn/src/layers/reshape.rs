//! Samples under another shape.

use super::layer_base;
use crate::{Call, Dims, Layer, Meta};
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// Every sample reshaped to `target_shape`, where one size may be -1: what the others leave.
#[derive(Debug)]
pub struct Reshape {
    meta: Meta,
    target_shape: Vec<isize>,
}

impl Reshape {
    /// A layer whose samples get that shape; the batch axis is not named.
    pub fn new(target_shape: impl Into<Vec<isize>>) -> Self {
        Reshape { meta: Meta::new("Reshape"), target_shape: target_shape.into() }
    }

    pub(crate) fn from_config(c: &Value) -> Result<Self> {
        let list = c.get("target_shape").and_then(Value::as_array);
        let sizes =
            list.and_then(|l| l.iter().map(|v| v.as_i64().map(|v| v as isize)).collect::<Option<Vec<_>>>());
        sizes.map(Reshape::new).ok_or_else(|| Error::value(format!("Reshape: target_shape is missing: {c}")))
    }
}
layer_base!(Reshape);

impl Layer for Reshape {
    fn class_name(&self) -> &'static str {
        "Reshape"
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn config(&self) -> Value {
        json!({"target_shape": self.target_shape})
    }
    fn output_dims(&self, input: &Dims) -> Result<Dims> {
        let size: usize = input.item("reshape")?.iter().product();
        let known = self
            .target_shape
            .iter()
            .filter(|&&d| d >= 0)
            .try_fold(1usize, |n, &d| n.checked_mul(d as usize))
            .ok_or_else(|| Error::shape(format!("target shape {:?} is too large", self.target_shape)))?;
        let unknown = self.target_shape.iter().filter(|&&d| d < 0).count();
        let fits = match unknown {
            0 => known == size,
            1 => known > 0 && size % known == 0,
            _ => false,
        };
        if !fits {
            return Err(Error::shape(format!(
                "samples of {size} elements, input {input}, do not fit the target shape {:?}",
                self.target_shape
            )));
        }
        let item = self.target_shape.iter().map(|&d| Some(if d < 0 { size / known } else { d as usize }));
        Ok(Dims::new(std::iter::once(input.as_slice()[0]).chain(item).collect::<Vec<_>>()))
    }
    fn call(&self, x: &Tensor, _: &mut Call) -> Result<Tensor> {
        let out = self.output_dims(&Dims::of_batch(x.shape()))?;
        let mut shape = vec![*x.shape().first().unwrap_or(&1)];
        shape.extend(out.item("reshape")?);
        x.reshape(shape)
    }
}
