//! Tensors out of attributes alone.

use gradus_tensor::{DType, Tensor};

use super::bind::{take, unary};
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    unary!(r:
        "tf.zeros_like" => zeros_like,
        "tf.ones_like" => ones_like,
    );
    r.op("tf.zeros", |x, attrs| {
        let [] = take(x)?;
        Ok(vec![Tensor::zeros(attrs.usizes("shape")?, attrs.dtype_or("dtype", DType::F32)?)?])
    });
    r.op("tf.ones", |x, attrs| {
        let [] = take(x)?;
        Ok(vec![Tensor::ones(attrs.usizes("shape")?, attrs.dtype_or("dtype", DType::F32)?)?])
    });
    r.op("tf.fill", |x, attrs| {
        let [] = take(x)?;
        let dtype = number_dtype(attrs, "value")?;
        Ok(vec![Tensor::full(attrs.usizes("dims")?, attrs.f64("value")?, dtype)?])
    });
}

/// The dtype of a Python number: int32 for an integer, float32 for a float.
pub fn number_dtype(attrs: &Attrs<'_>, name: &str) -> Result<DType, ConformanceError> {
    attrs.read(name, |v| Some(if v.is_i64() { DType::I32 } else { DType::F32 }))
}
