//! Initializers without chance.

use super::initializer::{Initializer, keras};
use gradus_tensor::{DType, Error, Result, Spec, Tensor, dispatch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Zeros;

impl Initializer for Zeros {
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::zeros(shape, dtype)
    }
    fn config(&self) -> Value {
        keras("Zeros", json!({}))
    }
}

/// Ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ones;

impl Initializer for Ones {
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::ones(shape, dtype)
    }
    fn config(&self) -> Value {
        keras("Ones", json!({}))
    }
}

/// One value everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Constant {
    value: f64,
}

impl Constant {
    /// That value everywhere; Keras's default is 0.
    pub fn new(value: f64) -> Self {
        Constant { value }
    }
}

impl Initializer for Constant {
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        Tensor::full(shape, self.value, dtype)
    }
    fn config(&self) -> Value {
        keras("Constant", json!({"value": self.value}))
    }
}

/// `gain` on the diagonal of a matrix, zeros beside it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    gain: f64,
}

impl Default for Identity {
    fn default() -> Self {
        Identity { gain: 1.0 }
    }
}

impl Identity {
    /// That value on the diagonal; Keras's default is 1.
    pub fn new(gain: f64) -> Self {
        Identity { gain }
    }
}

impl Initializer for Identity {
    /// Errors for shapes that are not of rank 2.
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let &[_, columns] = shape else {
            return Err(Error::shape(format!("Identity: expected the shape of a matrix, found {shape:?}")));
        };
        Tensor::build(Spec::new(dtype, shape), |y| {
            dispatch!(dtype, T: all => {
                for (i, v) in y.as_mut::<T>().iter_mut().enumerate() {
                    let on = i / columns == i % columns;
                    *v = gradus_tensor::Element::from_f64(if on { self.gain } else { 0.0 });
                }
            });
            Ok(())
        })
    }
    fn config(&self) -> Value {
        keras("Identity", json!({"gain": self.gain}))
    }
}
