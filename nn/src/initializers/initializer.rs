//! What a layer needs of an initializer.

use super::identifier;
use gradus_tensor::{DType, Result, Tensor};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

/// Makes the first value of a weight.
pub trait Initializer: Debug + Send + Sync {
    /// A tensor of that shape and dtype.
    fn init(&self, shape: &[usize], dtype: DType) -> Result<Tensor>;

    /// The configuration as Keras writes it, with `class_name` and `config`; null for one that cannot be written.
    fn config(&self) -> Value {
        Value::Null
    }
}

/// What is accepted where an initializer is asked for: an initializer, a shared one, or a name.
pub trait IntoInitializer {
    /// The initializer. Errors for an unknown name, listing the known ones.
    fn into_initializer(self) -> Result<Arc<dyn Initializer>>;
}

impl<I: Initializer + 'static> IntoInitializer for I {
    fn into_initializer(self) -> Result<Arc<dyn Initializer>> {
        Ok(Arc::new(self))
    }
}

impl IntoInitializer for Arc<dyn Initializer> {
    fn into_initializer(self) -> Result<Arc<dyn Initializer>> {
        Ok(self)
    }
}

impl IntoInitializer for &str {
    fn into_initializer(self) -> Result<Arc<dyn Initializer>> {
        identifier::get(self)
    }
}

impl IntoInitializer for String {
    fn into_initializer(self) -> Result<Arc<dyn Initializer>> {
        identifier::get(&self)
    }
}

/// A configuration as Keras writes it.
pub(super) fn keras(class: &str, config: Value) -> Value {
    json!({"module": "keras.initializers", "class_name": class, "config": config, "registered_name": null})
}
