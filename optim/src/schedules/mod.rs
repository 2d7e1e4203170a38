//! Learning-rate schedules: the rate as a function of the number of steps taken.
//!
//! Every schedule is one formula over [`Arith`]: on `f32` in a plain training step, on tensors
//! inside a trace, in the order of operations that Keras uses.

mod cosine_decay;
mod cosine_decay_restarts;
mod exponential_decay;
mod inverse_time_decay;
mod piecewise_constant_decay;
mod polynomial_decay;

pub use cosine_decay::CosineDecay;
pub use cosine_decay_restarts::CosineDecayRestarts;
pub use exponential_decay::ExponentialDecay;
pub use inverse_time_decay::InverseTimeDecay;
pub use piecewise_constant_decay::PiecewiseConstantDecay;
pub use polynomial_decay::PolynomialDecay;

use crate::arith::{Arith, Formula};
use crate::names;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

/// A learning rate that depends on the step. Steps count from 0.
///
/// A schedule of your own implements [`Schedule::rate`] with tensor operations:
///
/// ```
/// use gradus_optim::schedules::Schedule;
/// use gradus_tensor::{Result, Tensor};
/// #[derive(Debug)]
/// struct Halving;
/// impl Schedule for Halving {
///     fn rate(&self, step: &Tensor) -> Result<Tensor> {
///         step.like(0.1)?.div(&(step + 1.0))
///     }
/// }
/// assert_eq!(Halving.at(4)?, 0.02);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub trait Schedule: Debug + Send + Sync {
    /// The rate after `step` steps; both are f32 scalars.
    fn rate(&self, step: &Tensor) -> Result<Tensor>;

    /// The rate after `step` steps as a number.
    fn at(&self, step: i64) -> Result<f32> {
        let step = Tensor::scalar(step as f32);
        gradus_tensor::recorder::suspended(|| self.rate(&step)?.item())
    }

    /// Class name and configuration for files; `None` for a schedule that cannot be written.
    fn config(&self) -> Option<(&'static str, Value)> {
        None
    }
}

/// A schedule that is a formula: what the ones here implement.
trait Decay: Debug + Send + Sync {
    const CLASS: &'static str;
    /// The rate at a step, in Keras's order of operations.
    fn formula<A: Arith>(&self, step: A) -> A;
    /// Refuses settings without meaning.
    fn check(&self) -> Result<()>;
}

/// Implements [`Schedule`] for formulas with serde configurations.
macro_rules! schedule {
    ($($name:ident)*) => {$(
        impl Schedule for $name {
            fn rate(&self, step: &Tensor) -> Result<Tensor> {
                self.check()?;
                self.formula(Formula::of(&step.cast(DType::F32)?)).finish()
            }
            fn at(&self, step: i64) -> Result<f32> {
                self.check()?;
                Ok(self.formula(step as f32))
            }
            fn config(&self) -> Option<(&'static str, Value)> {
                Some((Self::CLASS, serde_json::to_value(self).ok()?))
            }
        }
    )*};
}
schedule! {
    ExponentialDecay PiecewiseConstantDecay PolynomialDecay InverseTimeDecay CosineDecay CosineDecayRestarts
}

fn positive(class: &str, name: &str, value: f64) -> Result<()> {
    if value > 0.0 {
        return Ok(());
    }
    Err(Error::value(format!("{class}: {name} must be > 0, found {value}")))
}

const CLASSES: [&str; 6] = [
    ExponentialDecay::CLASS,
    PiecewiseConstantDecay::CLASS,
    PolynomialDecay::CLASS,
    InverseTimeDecay::CLASS,
    CosineDecay::CLASS,
    CosineDecayRestarts::CLASS,
];

/// The schedule as Keras writes it into a file: `module`, `class_name`, `config`, `registered_name`.
///
/// A schedule without a configuration is written as null.
pub fn serialize(schedule: &dyn Schedule) -> Value {
    match schedule.config() {
        Some((class, config)) => json!({
            "module": "keras.optimizers.schedules",
            "class_name": class,
            "config": config,
            "registered_name": null,
        }),
        None => Value::Null,
    }
}

/// The schedule of a configuration with `class_name` and `config`.
pub fn deserialize(value: &Value) -> Result<Arc<dyn Schedule>> {
    let class = value["class_name"].as_str().unwrap_or_default();
    fn load<S: Decay + DeserializeOwned>(config: &Value) -> Result<S> {
        let schedule: S = serde_json::from_value(config.clone())
            .map_err(|e| Error::value(format!("{}: its configuration does not fit: {e}", S::CLASS)))?;
        schedule.check()?;
        Ok(schedule)
    }
    let config = &value["config"];
    Ok(match class {
        "ExponentialDecay" => Arc::new(load::<ExponentialDecay>(config)?),
        "PiecewiseConstantDecay" => Arc::new(load::<PiecewiseConstantDecay>(config)?),
        "PolynomialDecay" => Arc::new(load::<PolynomialDecay>(config)?),
        "InverseTimeDecay" => Arc::new(load::<InverseTimeDecay>(config)?),
        "CosineDecay" => Arc::new(load::<CosineDecay>(config)?),
        "CosineDecayRestarts" => Arc::new(load::<CosineDecayRestarts>(config)?),
        _ => return Err(names::unknown("learning rate schedule", class, &CLASSES)),
    })
}
