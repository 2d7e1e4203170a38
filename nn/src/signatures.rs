//! Traced functions as directories: what runs again without the code that made it.
//!
//! A directory holds a graph per function, with its constants and the values of its variables, as data with checksums.
//! Loading makes operations of a registry only; a file cannot name code. This is what Keras calls the signatures of a
//! saved model.

use crate::saving::{SaveError, tensor_of};
use gradus_function::{Exported, Restored};
use gradus_io::{NamedTensor, SavedModel, TensorData};
use gradus_tensor::{Error, Registry, Tensor};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The function that [`Model::export`](crate::Model::export) writes.
pub const SERVE: &str = "serve";

const CLASS: &str = "Functions";

/// Saves functions under their names as one directory; all or nothing. Names are unique.
///
/// ```
/// use gradus_function::{Exported, InputSpec};
/// use gradus_nn::signatures::{load_functions, save_functions};
/// use gradus_tensor::{DType, Registry, Tensor};
/// let rows = [InputSpec::new(DType::F32, [None, Some(2)])];
/// let double = Exported::of(&rows, |x| Ok(vec![x[0].add(&x[0])?]))?;
/// let folder = tempfile::tempdir()?;
/// save_functions(folder.path().join("functions.gradus"), &[("double", double)])?;
/// let functions = load_functions(folder.path().join("functions.gradus"), &Registry::builtin())?;
/// let (name, double) = &functions[0];
/// assert_eq!(name, "double");
/// assert_eq!(double.call(&[Tensor::new([[1.0f32, 2.0]])?])?[0].to_vec::<f32>()?, [2.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_functions(path: impl AsRef<Path>, functions: &[(&str, Exported)]) -> Result<(), SaveError> {
    let mut graphs = Map::new();
    let mut weights = Vec::new();
    for (name, data) in functions {
        if graphs.insert(name.to_string(), data.graph.clone()).is_some() {
            return Err(Error::value(format!("save_functions: {name:?} stands twice")).into());
        }
        for (tensor, t) in &data.tensors {
            let content = TensorData::new(t.dtype(), t.shape().to_vec(), t.to_bytes()?)?;
            weights.push(NamedTensor::new(format!("{name}/{tensor}"), content));
        }
    }
    let model = SavedModel {
        architecture: json!({"class_name": CLASS, "signatures": graphs}),
        weights,
        metadata: json!({"gradus_version": env!("CARGO_PKG_VERSION")}),
        ..SavedModel::default()
    };
    Ok(gradus_io::save_model(path, &model)?)
}

/// The functions of a directory, by name. Operations are made by `registry`.
///
/// Errors for a missing, damaged or foreign directory, naming the part.
pub fn load_functions(
    path: impl AsRef<Path>,
    registry: &Registry,
) -> Result<Vec<(String, Restored)>, SaveError> {
    let saved = gradus_io::load_model(path)?;
    let signatures = saved.architecture["signatures"]
        .as_object()
        .filter(|_| saved.architecture["class_name"].as_str() == Some(CLASS));
    let signatures = signatures.ok_or_else(|| {
        let class = saved.architecture["class_name"].as_str().unwrap_or("");
        Error::value(format!("the directory holds a {class:?}, expected {CLASS:?}"))
    })?;
    let restored = |(name, graph): (&String, &Value)| -> Result<(String, Restored), SaveError> {
        let prefix = format!("{name}/");
        let own = saved.weights.iter().filter_map(|t| Some((t.name.strip_prefix(&prefix)?, t)));
        let tensors = own.map(|(n, t)| Ok((n.to_string(), tensor_of(t)?)));
        let tensors = tensors.collect::<Result<Vec<(String, Tensor)>, Error>>()?;
        let data = Exported { graph: graph.clone(), tensors };
        let function = Restored::import(&data, registry).map_err(|e| e.within(name.clone()))?;
        Ok((name.clone(), function))
    };
    signatures.iter().map(restored).collect()
}
