//! What a layer needs of a constraint, and constraints by name.

use super::{MaxNorm, MinMaxNorm, NonNeg, UnitNorm};
use gradus_optim::names;
use gradus_tensor::{Error, Result, Tensor};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

/// A projection of a weight onto the values that are allowed.
pub trait Constraint: Debug + Send + Sync {
    /// The allowed value for `w`, of its dtype and shape.
    fn project(&self, w: &Tensor) -> Result<Tensor>;

    /// The configuration as Keras writes it, with `class_name` and `config`; null for one that cannot be written.
    fn config(&self) -> Value {
        Value::Null
    }
}

/// What is accepted where a constraint is asked for: a constraint, a shared one, or a name.
pub trait IntoConstraint {
    /// The constraint. Errors for an unknown name, listing the known ones.
    fn into_constraint(self) -> Result<Arc<dyn Constraint>>;
}

impl<C: Constraint + 'static> IntoConstraint for C {
    fn into_constraint(self) -> Result<Arc<dyn Constraint>> {
        Ok(Arc::new(self))
    }
}

impl IntoConstraint for Arc<dyn Constraint> {
    fn into_constraint(self) -> Result<Arc<dyn Constraint>> {
        Ok(self)
    }
}

impl IntoConstraint for &str {
    fn into_constraint(self) -> Result<Arc<dyn Constraint>> {
        get(self)
    }
}

/// The names that [`get`] knows.
pub const NAMES: [&str; 4] = ["max_norm", "min_max_norm", "non_neg", "unit_norm"];

fn load<C: Constraint + DeserializeOwned + 'static>(config: &Value) -> Result<Arc<dyn Constraint>> {
    serde_json::from_value::<C>(config.clone())
        .map(|c| Arc::new(c) as Arc<dyn Constraint>)
        .map_err(|e| Error::value(format!("constraint: its configuration does not fit: {e}")))
}

fn make(name: &str, config: &Value) -> Result<Arc<dyn Constraint>> {
    let table = [load::<MaxNorm>, load::<MinMaxNorm>, load::<NonNeg>, load::<UnitNorm>];
    match NAMES.iter().position(|n| names::same(n, name)) {
        Some(i) => table[i](config),
        None => Err(names::unknown("constraint", name, &NAMES)),
    }
}

/// The constraint of that name with Keras's defaults.
pub fn get(name: &str) -> Result<Arc<dyn Constraint>> {
    make(name, &json!({}))
}

/// The constraint of a configuration: a name, or an object with `class_name` and `config`.
pub fn from_config(config: &Value) -> Result<Arc<dyn Constraint>> {
    match config {
        Value::String(name) => get(name),
        _ => make(config["class_name"].as_str().unwrap_or_default(), &config["config"]),
    }
}

/// A configuration as Keras writes it.
pub(super) fn keras(class: &str, config: Value) -> Value {
    json!({"module": "keras.constraints", "class_name": class, "config": config, "registered_name": null})
}
