//! The root of the mean squared error.

use super::mean::Mean;
use super::mean_metric::{Direction, matched};
use super::metric::Metric;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Result, Tensor};
use serde_json::{Value, json};

/// `sqrt(mean((y_true - y_pred)^2))` over all samples seen.
#[derive(Clone, Debug)]
pub struct RootMeanSquaredError {
    mean: Mean,
}

impl Default for RootMeanSquaredError {
    fn default() -> Self {
        RootMeanSquaredError { mean: Mean::new("root_mean_squared_error") }
    }
}

impl RootMeanSquaredError {
    /// An empty metric.
    pub fn new() -> Self {
        Self::default()
    }

    /// The metric of a Keras configuration.
    pub fn from_config(config: &Value) -> Result<Self> {
        Ok(RootMeanSquaredError {
            mean: Mean::new(config["name"].as_str().unwrap_or("root_mean_squared_error")),
        })
    }
}

impl Metric for RootMeanSquaredError {
    fn name(&self) -> &str {
        self.mean.name()
    }

    fn set_name(&mut self, name: &str) {
        self.mean.set_name(name);
    }

    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<()> {
        let (t, p) = matched(y_true, y_pred)?;
        let error = p.cast(DType::F32)?.squared_difference(&t.cast(DType::F32)?)?;
        self.mean.update_state(&error, sample_weight)
    }

    fn result(&self) -> Result<Tensor> {
        self.mean.result()?.sqrt()
    }

    fn variables(&self) -> Vec<Variable> {
        self.mean.variables()
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Down)
    }

    fn config(&self) -> Option<(&'static str, Value)> {
        Some(("RootMeanSquaredError", json!({"name": self.name(), "dtype": "float32"})))
    }
}
