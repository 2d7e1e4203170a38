//! No negative weights.

use super::constraint::{Constraint, keras};
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Negative weights become zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NonNeg {}

impl NonNeg {
    /// The constraint.
    pub fn new() -> Self {
        NonNeg {}
    }
}

impl Constraint for NonNeg {
    fn project(&self, w: &Tensor) -> Result<Tensor> {
        w.relu()
    }
    fn config(&self) -> Value {
        keras("NonNeg", json!({}))
    }
}
