//! Penalties on size.

use super::regularizer::{Regularizer, keras};
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

fn sum_of_sizes(x: &Tensor, strength: f64) -> Result<Tensor> {
    x.abs()?.reduce_sum((), false)?.mul(&x.like(strength)?)
}

fn sum_of_squares(x: &Tensor, strength: f64) -> Result<Tensor> {
    x.square()?.reduce_sum((), false)?.mul(&x.like(strength)?)
}

/// `l1 * sum(|x|)`, which drives small weights to zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct L1 {
    l1: f64,
}

/// `l2 * sum(x^2)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct L2 {
    l2: f64,
}

/// `l1 * sum(|x|) + l2 * sum(x^2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct L1L2 {
    l1: f64,
    l2: f64,
}

impl Default for L1 {
    fn default() -> Self {
        L1 { l1: 0.01 }
    }
}

impl Default for L2 {
    fn default() -> Self {
        L2 { l2: 0.01 }
    }
}

impl L1 {
    /// Of that strength; Keras's default is 0.01.
    pub fn new(l1: f64) -> Self {
        L1 { l1 }
    }
}

impl L2 {
    /// Of that strength; Keras's default is 0.01.
    pub fn new(l2: f64) -> Self {
        L2 { l2 }
    }
}

impl L1L2 {
    /// Of those strengths; Keras's defaults are 0.
    pub fn new(l1: f64, l2: f64) -> Self {
        L1L2 { l1, l2 }
    }
}

impl Regularizer for L1 {
    fn penalty(&self, x: &Tensor) -> Result<Tensor> {
        sum_of_sizes(x, self.l1)
    }
    fn config(&self) -> Value {
        keras("L1", json!(self))
    }
}

impl Regularizer for L2 {
    fn penalty(&self, x: &Tensor) -> Result<Tensor> {
        sum_of_squares(x, self.l2)
    }
    fn config(&self) -> Value {
        keras("L2", json!(self))
    }
}

impl Regularizer for L1L2 {
    fn penalty(&self, x: &Tensor) -> Result<Tensor> {
        match (self.l1 != 0.0, self.l2 != 0.0) {
            (true, true) => sum_of_sizes(x, self.l1)?.add(&sum_of_squares(x, self.l2)?),
            (true, false) => sum_of_sizes(x, self.l1),
            (false, _) => sum_of_squares(x, self.l2),
        }
    }
    fn config(&self) -> Value {
        keras("L1L2", json!(self))
    }
}
