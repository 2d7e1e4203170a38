//! What a layer needs of a regularizer, and regularizers by name.

use super::{L1, L1L2, L2, OrthogonalRegularizer};
use gradus_optim::names;
use gradus_tensor::{Error, Result, Tensor};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

/// A penalty on a tensor, as a scalar.
pub trait Regularizer: Debug + Send + Sync {
    /// The penalty.
    fn penalty(&self, x: &Tensor) -> Result<Tensor>;

    /// The configuration as Keras writes it, with `class_name` and `config`; null for one that cannot be written.
    fn config(&self) -> Value {
        Value::Null
    }
}

/// What is accepted where a regularizer is asked for: a regularizer, a shared one, or a name.
pub trait IntoRegularizer {
    /// The regularizer. Errors for an unknown name, listing the known ones.
    fn into_regularizer(self) -> Result<Arc<dyn Regularizer>>;
}

impl<R: Regularizer + 'static> IntoRegularizer for R {
    fn into_regularizer(self) -> Result<Arc<dyn Regularizer>> {
        Ok(Arc::new(self))
    }
}

impl IntoRegularizer for Arc<dyn Regularizer> {
    fn into_regularizer(self) -> Result<Arc<dyn Regularizer>> {
        Ok(self)
    }
}

impl IntoRegularizer for &str {
    fn into_regularizer(self) -> Result<Arc<dyn Regularizer>> {
        get(self)
    }
}

/// The names that [`get`] knows.
pub const NAMES: [&str; 4] = ["l1", "l2", "l1_l2", "orthogonal_regularizer"];

fn load<R: Regularizer + DeserializeOwned + 'static>(config: &Value) -> Result<Arc<dyn Regularizer>> {
    serde_json::from_value::<R>(config.clone())
        .map(|r| Arc::new(r) as Arc<dyn Regularizer>)
        .map_err(|e| Error::value(format!("regularizer: its configuration does not fit: {e}")))
}

fn make(name: &str, config: &Value) -> Result<Arc<dyn Regularizer>> {
    let table = [load::<L1>, load::<L2>, load::<L1L2>, load::<OrthogonalRegularizer>];
    match NAMES.iter().position(|n| names::same(n, name)) {
        Some(i) => table[i](config),
        None => Err(names::unknown("regularizer", name, &NAMES)),
    }
}

/// The regularizer of that name with Keras's defaults: 0.01 for `l1`, `l2` and `orthogonal_regularizer`.
pub fn get(name: &str) -> Result<Arc<dyn Regularizer>> {
    make(name, &json!({}))
}

/// The regularizer of a configuration: a name, or an object with `class_name` and `config`.
pub fn from_config(config: &Value) -> Result<Arc<dyn Regularizer>> {
    match config {
        Value::String(name) => get(name),
        _ => make(config["class_name"].as_str().unwrap_or_default(), &config["config"]),
    }
}

/// A configuration as Keras writes it.
pub(super) fn keras(class: &str, config: Value) -> Value {
    json!({"module": "keras.regularizers", "class_name": class, "config": config, "registered_name": null})
}
