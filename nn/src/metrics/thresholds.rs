//! Thresholds as options: none, one or several.

use gradus_tensor::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What was given as thresholds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Thresholds {
    /// Nothing: the metric's own default.
    #[default]
    Default,
    /// One number.
    One(f64),
    /// Several: the result has one value for each.
    Several(Vec<f64>),
}

impl Thresholds {
    /// The thresholds in order.
    pub fn list(&self, default: f64) -> Vec<f64> {
        match self {
            Thresholds::Default => vec![default],
            Thresholds::One(t) => vec![*t],
            Thresholds::Several(list) => list.clone(),
        }
    }

    /// The `thresholds` of a Keras configuration.
    pub fn from_config(config: &Value) -> Result<Thresholds> {
        match config.get("thresholds") {
            None | Some(Value::Null) => Ok(Thresholds::Default),
            Some(v) => serde_json::from_value(v.clone())
                .map_err(|e| Error::value(format!("thresholds: expected numbers, found {v}: {e}"))),
        }
    }

    /// As Keras writes them.
    pub fn config(&self) -> Value {
        json!(self)
    }
}
