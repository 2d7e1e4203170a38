//! Models as directories, and back.
//!
//! A directory holds the configuration of every layer, the weights, the counters of random layers, and, of a
//! compiled model, the optimizer with its state, the loss and the metrics. Loading makes layers of known
//! classes only; a file cannot name code.

use crate::layer::{state, weights};
use crate::model::{Compiled, Model, compile_config};
use crate::sequential::Sequential;
use crate::{Dims, Layer, layers, losses, metrics};
use gradus_autograd::Variable;
use gradus_io::{NamedTensor, SavedModel, TensorData};
use gradus_tensor::{Error, Tensor};
use serde_json::{Value, json};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Why a model could not be saved or loaded.
#[derive(Debug)]
pub enum SaveError {
    /// Of the file: missing, damaged, not writable.
    File(gradus_io::Error),
    /// Of what is in it: an unknown class, a weight that is missing or has another shape.
    Content(Error),
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::File(e) => write!(f, "{e}"),
            SaveError::Content(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for SaveError {}

impl From<gradus_io::Error> for SaveError {
    fn from(e: gradus_io::Error) -> Self {
        SaveError::File(e)
    }
}

impl From<Error> for SaveError {
    fn from(e: Error) -> Self {
        SaveError::Content(e)
    }
}

/// A layer's class, name and configuration.
pub(crate) fn layer_config(l: &dyn Layer) -> Value {
    let mut config = l.config();
    config["name"] = json!(l.meta().name());
    config["trainable"] = json!(l.meta().trainable());
    json!({"class_name": l.class_name(), "config": config})
}

/// The variables of a layer under their paths, such as `sequential/dense/kernel`.
fn named(l: &dyn Layer) -> Vec<(String, Variable)> {
    fn walk(l: &dyn Layer, path: &str, out: &mut Vec<(String, Variable)>) {
        for v in l.own_weights().into_iter().chain(l.own_state()) {
            let name = v.name();
            let last = name.rsplit('/').next().unwrap_or(&name).to_string();
            out.push((format!("{path}{last}"), v));
        }
        for s in l.sublayers() {
            walk(&*s, &format!("{path}{}/", s.meta().name()), out);
        }
    }
    let mut out = Vec::new();
    walk(l, "", &mut out);
    out
}

fn tensor_data(v: &Variable) -> Result<TensorData, SaveError> {
    let t = v.peek();
    Ok(TensorData::new(t.dtype(), t.shape().to_vec(), t.to_bytes()?)?)
}

fn named_tensors(list: &[(String, Variable)]) -> Result<Vec<NamedTensor>, SaveError> {
    list.iter().map(|(name, v)| Ok(NamedTensor::new(name.clone(), tensor_data(v)?))).collect()
}

pub(crate) fn tensor_of(t: &NamedTensor) -> Result<Tensor, Error> {
    Tensor::from_bytes(t.tensor.dtype(), t.tensor.shape(), t.tensor.bytes())
}

/// Saves a network, with its compile settings if it has any, as a directory; all or nothing.
pub fn save(l: &dyn Layer, compiled: Option<&Compiled>, path: &Path) -> Result<(), SaveError> {
    let optimizer = compiled.map(|c| {
        let list: Vec<(String, Variable)> = c
            .optimizer
            .variables()
            .into_iter()
            .enumerate()
            .map(|(i, v)| (format!("{i}/{}", v.name()), v))
            .collect();
        named_tensors(&list)
    });
    let model = SavedModel {
        architecture: layer_config(l),
        weights: named_tensors(&named(l))?,
        optimizer: optimizer.transpose()?,
        compile: compiled.and_then(compile_config),
        metadata: json!({"gradus_version": env!("CARGO_PKG_VERSION")}),
        assets: Vec::new(),
    };
    Ok(gradus_io::save_model(path, &model)?)
}

/// Saves the weights alone, as one file.
pub fn save_weights(l: &dyn Layer, path: &Path) -> Result<(), SaveError> {
    Ok(gradus_io::save_weights(path, &named_tensors(&named(l))?)?)
}

/// Loads weights saved by [`save_weights`] into a built network; nothing changes when one does not fit.
pub fn load_weights(l: &dyn Layer, path: &Path) -> Result<(), SaveError> {
    assign(&named(l), &gradus_io::load_weights(path)?)
}

fn assign(variables: &[(String, Variable)], tensors: &[NamedTensor]) -> Result<(), SaveError> {
    let mut found = Vec::with_capacity(variables.len());
    for (name, v) in variables {
        let t = tensors
            .iter()
            .find(|t| &t.name == name)
            .ok_or_else(|| Error::value(format!("the file has no weight {name:?} {}", v.spec())))?;
        let value = tensor_of(t)?;
        if value.spec() != v.spec() {
            let e = format!("weight {name:?} is {} in the file, {} in the model", value.spec(), v.spec());
            return Err(Error::shape(e).into());
        }
        found.push(value);
    }
    if let Some(extra) = tensors.iter().find(|t| !variables.iter().any(|(n, _)| n == &t.name)) {
        return Err(
            Error::value(format!("the model has no weight {:?}, which the file holds", extra.name)).into()
        );
    }
    variables.iter().zip(&found).try_for_each(|((_, v), t)| v.assign(t)).map_err(SaveError::from)
}

/// The layer of a configuration written by [`save`].
fn layer_from(v: &Value, depth: usize) -> Result<Arc<dyn Layer>, Error> {
    if depth > 64 {
        return Err(Error::value("models are nested deeper than 64"));
    }
    let class = v.get("class_name").and_then(Value::as_str).unwrap_or("");
    let config =
        v.get("config").ok_or_else(|| Error::value(format!("layer {class:?} has no configuration")))?;
    let layer: Arc<dyn Layer> = if class == "Sequential" {
        Arc::clone(&sequential_from(config, depth)?.stack) as Arc<dyn Layer>
    } else {
        layers::from_config(class, config)?.ok_or_else(|| {
            Error::value(format!("layer class {class:?} is unknown; a file cannot bring its own"))
        })?
    };
    if let Some(name) = config.get("name").and_then(Value::as_str) {
        layer.meta().set_name(name);
    }
    layer.meta().set_trainable(config.get("trainable").and_then(Value::as_bool).unwrap_or(true));
    Ok(layer)
}

fn sequential_from(config: &Value, depth: usize) -> Result<Sequential, Error> {
    let name = config.get("name").and_then(Value::as_str).unwrap_or("sequential");
    let mut model = Sequential::named(name);
    for l in config.get("layers").and_then(Value::as_array).into_iter().flatten() {
        model.push(layer_from(l, depth + 1)?);
    }
    model.check()?;
    if let Some(dims) = config.get("build_input_shape").and_then(Dims::from_json) {
        model.build(dims.item("build_input_shape")?)?;
    }
    Ok(model)
}

/// Loads a model saved by [`Model::save`]: the same layers, weights, optimizer state and compile settings.
///
/// Errors for a missing, damaged or foreign directory, naming the part; nothing in it is run.
pub fn load_model(path: impl AsRef<Path>) -> Result<Sequential, SaveError> {
    let saved = gradus_io::load_model(path)?;
    let class = saved.architecture.get("class_name").and_then(Value::as_str).unwrap_or("");
    if class != "Sequential" {
        return Err(Error::value(format!("the model's class is {class:?}, expected \"Sequential\"")).into());
    }
    let config = saved.architecture.get("config").cloned().unwrap_or(Value::Null);
    let mut model = sequential_from(&config, 0)?;
    assign(&named(model.layer()), &saved.weights)?;
    if let Some(c) = &saved.compile {
        recompile(&mut model, c, saved.optimizer.as_deref())?;
    }
    Ok(model)
}

fn recompile(model: &mut Sequential, c: &Value, optimizer: Option<&[NamedTensor]>) -> Result<(), SaveError> {
    let part = |v: &Value| -> Result<(String, Value), Error> {
        let class = v.get("class_name").and_then(Value::as_str);
        let class = class.ok_or_else(|| Error::value(format!("compile settings without a class: {v}")))?;
        Ok((class.to_string(), v.get("config").cloned().unwrap_or(Value::Null)))
    };
    let (class, config) = part(&c["optimizer"])?;
    let mut o = gradus_optim::from_config(&class, &config)?;
    let (class, config) = part(&c["loss"])?;
    let loss = losses::from_config(&class, &config)?;
    let mut list = Vec::new();
    for m in c.get("metrics").and_then(Value::as_array).into_iter().flatten() {
        let (class, config) = part(m)?;
        let mut metric = metrics::from_config(&class, &config)?;
        if let Some(name) = m.get("name").and_then(Value::as_str) {
            metric.set_name(name);
        }
        list.push(metric);
    }
    if let Some(tensors) = optimizer {
        if tensors.len() > 2 {
            o.build(&model.trainable_variables())?;
        }
        let variables: Vec<(String, Variable)> =
            o.variables().into_iter().enumerate().map(|(i, v)| (format!("{i}/{}", v.name()), v)).collect();
        assign(&variables, tensors)?;
    }
    model.compile(o, loss, list)?;
    Ok(())
}

/// Every variable that a file of this network holds, in order, for those who compare two models.
pub fn variables(l: &dyn Layer) -> Vec<Variable> {
    weights(l).into_iter().chain(state(l)).collect()
}
