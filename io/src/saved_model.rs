//! What a model directory holds, as plain data.

use crate::error::{Error, Result};
use crate::tensor_data::{NamedTensor, check_unique};
use serde_json::Value;

/// A model as data: nothing in it is code, names code, or names another file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedModel {
    /// The layers and their configurations. Kept as JSON text in the file, so that it can be read with `less`.
    pub architecture: Value,
    /// Weights in layer order.
    pub weights: Vec<NamedTensor>,
    /// State of the optimizer: iterations and slots.
    pub optimizer: Option<Vec<NamedTensor>>,
    /// Optimizer, loss and metrics with their settings; `None` for a model that was not compiled.
    pub compile: Option<Value>,
    /// Anything else that belongs to the model: versions, class names, the normalization of inputs.
    pub metadata: Value,
    /// Files that travel with the model, such as a vocabulary.
    pub assets: Vec<Asset>,
}

/// A named piece of bytes that travels with a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Any text: it is kept inside the file and never used as a path.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl SavedModel {
    /// Names are unique within each list.
    pub(crate) fn check(&self) -> Result<()> {
        check_unique("weights", self.weights.iter().map(|t| t.name.as_str()))?;
        check_unique("optimizer tensors", self.optimizer.iter().flatten().map(|t| t.name.as_str()))?;
        check_unique("assets", self.assets.iter().map(|a| a.name.as_str()))
    }

    /// The weight with that name. Errors when there is none, listing the nearest names.
    pub fn weight(&self, name: &str) -> Result<&NamedTensor> {
        self.weights.iter().find(|t| t.name == name).ok_or_else(|| {
            let names: Vec<_> = self.weights.iter().take(8).map(|t| t.name.as_str()).collect();
            Error::invalid(format!("no weight {name:?} among {}: {names:?} ...", self.weights.len()))
        })
    }
}
