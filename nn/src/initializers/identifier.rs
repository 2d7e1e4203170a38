//! Initializers by name and by configuration.

use super::*;
use gradus_optim::names;
use gradus_tensor::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

type Make = fn(&Value) -> Result<Arc<dyn Initializer>>;

fn load<I: Initializer + DeserializeOwned + 'static>(config: &Value) -> Result<Arc<dyn Initializer>> {
    serde_json::from_value::<I>(config.clone())
        .map(|i| Arc::new(i) as Arc<dyn Initializer>)
        .map_err(|e| Error::value(format!("initializer: its configuration does not fit: {e}")))
}

macro_rules! table {
    ($($name:literal $make:expr;)*) => {
        /// The names that [`get`] knows.
        pub const NAMES: &[&str] = &[$($name),*];
        const MAKE: &[Make] = &[$($make),*];
    };
}
table! {
    "zeros" |_| Ok(Arc::new(Zeros));
    "ones" |_| Ok(Arc::new(Ones));
    "constant" load::<Constant>;
    "identity" load::<Identity>;
    "random_normal" load::<RandomNormal>;
    "random_uniform" load::<RandomUniform>;
    "truncated_normal" load::<TruncatedNormal>;
    "variance_scaling" load::<VarianceScaling>;
    "glorot_uniform" load::<GlorotUniform>;
    "glorot_normal" load::<GlorotNormal>;
    "he_uniform" load::<HeUniform>;
    "he_normal" load::<HeNormal>;
    "lecun_uniform" load::<LecunUniform>;
    "lecun_normal" load::<LecunNormal>;
    "orthogonal" load::<Orthogonal>;
}

/// Names that Keras keeps from older versions.
const ALIASES: [(&str, &str); 6] = [
    ("zero", "zeros"),
    ("one", "ones"),
    ("uniform", "random_uniform"),
    ("normal", "random_normal"),
    ("eye", "identity"),
    ("identity_initializer", "identity"),
];

fn find(name: &str) -> Result<Make> {
    let name = ALIASES.iter().find(|(alias, _)| names::same(alias, name)).map_or(name, |(_, n)| n);
    match NAMES.iter().position(|n| names::same(n, name)) {
        Some(i) => Ok(MAKE[i]),
        None => Err(names::unknown("initializer", name, NAMES)),
    }
}

/// The initializer of that name with Keras's defaults: `glorot_uniform` and `GlorotUniform` alike.
///
/// Errors for an unknown name, with the nearest and all known ones.
pub fn get(name: &str) -> Result<Arc<dyn Initializer>> {
    find(name)?(&json!({}))
}

/// The initializer of a configuration: a name, or an object with `class_name` and `config`.
pub fn from_config(config: &Value) -> Result<Arc<dyn Initializer>> {
    match config {
        Value::String(name) => get(name),
        _ => find(config["class_name"].as_str().unwrap_or_default())?(&config["config"]),
    }
}
