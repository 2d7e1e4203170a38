//! Tensors out of attributes alone.

use gradus_tensor::{DType, Element, Tensor, dispatch};

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
        let shape = attrs.usizes("dims")?;
        if let Some(value) = attrs.read("value", |v| Some(v.as_bool()))? {
            return Ok(vec![Tensor::scalar(value).broadcast_to(shape)?]);
        }
        let dtype = number_dtype(attrs, &["value"])?;
        Ok(vec![Tensor::full(shape, attrs.f64("value")?, dtype)?])
    });
    r.op("tf.range", |x, attrs| {
        let [] = take(x)?;
        let dtype = attrs.dtype_or("dtype", number_dtype(attrs, &["start", "limit", "delta"])?)?;
        let (start, limit, step) = (attrs.f64("start")?, attrs.f64("limit")?, attrs.f64_or("delta", 1.0)?);
        range(dtype, start, limit, step)
    });
    r.op("tf.linspace", |x, attrs| linspace(x, attrs, DType::F32));
    r.op("tf.experimental.numpy.linspace", |x, attrs| linspace(x, attrs, DType::F64));
    r.op("tf.experimental.numpy.arange", |x, attrs| {
        let [] = take(x)?;
        // NumPy's integers are int64, its floats float64.
        let dtype = match number_dtype(attrs, &["start", "stop", "step"])? {
            DType::I32 => DType::I64,
            _ => DType::F64,
        };
        // One number alone is the end.
        let start = attrs.f64_or("start", 0.0)?;
        let (start, stop) = if attrs.has("stop") { (start, attrs.f64("stop")?) } else { (0.0, start) };
        range(dtype, start, stop, attrs.f64_or("step", 1.0)?)
    });
}

/// Numbers from attributes, or rows between two tensors.
fn linspace(x: &[Tensor], attrs: &Attrs<'_>, dtype: DType) -> Result<Vec<Tensor>, ConformanceError> {
    let count = attrs.usize_or("num", 50)?;
    if x.is_empty() {
        let end = |name| Ok::<_, ConformanceError>(Tensor::scalar_of(dtype, attrs.f64(name)?));
        return Ok(vec![Tensor::linspace(&end("start")?, &end("stop")?, count)?]);
    }
    let [start, stop] = take(x)?;
    Ok(vec![Tensor::linspace(start, stop, count)?])
}

fn range(dtype: DType, start: f64, limit: f64, step: f64) -> Result<Vec<Tensor>, ConformanceError> {
    dispatch!(dtype, T: real => {
        Ok(vec![Tensor::range_step(T::from_f64(start), T::from_f64(limit), T::from_f64(step))?])
    } else { Err(ConformanceError::NotImplemented(format!("range of {dtype}"))) })
}

/// The dtype of Python numbers: int32 when all are integers, float32 with a float among them.
pub fn number_dtype(attrs: &Attrs<'_>, names: &[&str]) -> Result<DType, ConformanceError> {
    for name in names {
        if attrs.read_or(name, |v| Some(!v.is_i64()), false)? {
            return Ok(DType::F32);
        }
    }
    Ok(DType::I32)
}
