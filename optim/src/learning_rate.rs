//! What an optimizer takes as its learning rate: a number or a schedule.

use crate::schedules::{self, Schedule};
use gradus_tensor::{Error, Result};
use serde_json::Value;
use std::sync::Arc;

/// A learning rate: a number, which can be changed later, or a schedule over the steps.
///
/// Optimizers take `impl Into<LearningRate>`: `Adam::new(1e-3)`, `Adam::new(CosineDecay::new(0.1, 1000))`.
#[derive(Clone, Debug)]
pub enum LearningRate {
    /// A number. The optimizer keeps it in a variable, as f32.
    Constant(f64),
    /// A function of the step.
    Schedule(Arc<dyn Schedule>),
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        LearningRate::Constant(rate)
    }
}

impl From<f32> for LearningRate {
    fn from(rate: f32) -> Self {
        LearningRate::Constant(f64::from(rate))
    }
}

impl<S: Schedule + 'static> From<S> for LearningRate {
    fn from(schedule: S) -> Self {
        LearningRate::Schedule(Arc::new(schedule))
    }
}

impl From<Arc<dyn Schedule>> for LearningRate {
    fn from(schedule: Arc<dyn Schedule>) -> Self {
        LearningRate::Schedule(schedule)
    }
}

impl LearningRate {
    /// The configuration, as Keras writes it: a number, or an object with `class_name` and `config`.
    pub fn config(&self) -> Value {
        match self {
            // The variable holds f32, and that is the number a saved model shows.
            LearningRate::Constant(rate) => f64::from(*rate as f32).into(),
            LearningRate::Schedule(s) => schedules::serialize(&**s),
        }
    }

    /// The learning rate of a configuration.
    pub fn from_config(config: &Value) -> Result<LearningRate> {
        match config {
            Value::Object(_) => Ok(LearningRate::Schedule(schedules::deserialize(config)?)),
            _ => match config.as_f64() {
                Some(rate) => Ok(LearningRate::Constant(rate)),
                None => Err(Error::value(format!(
                    "learning_rate: expected a number or a schedule, found {config}"
                ))),
            },
        }
    }
}
