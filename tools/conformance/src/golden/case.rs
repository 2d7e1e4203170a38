//! One recorded case.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Array, Arrays, Attrs, Tolerance, Value};
use crate::registry::{Area, ConformanceError};

/// One case: what to run, on what, and what came out of the reference.
#[derive(Debug)]
pub struct Case {
    area: Area,
    name: String,
    op: String,
    json: Json,
    arrays: Arc<Arrays>,
}

impl Case {
    /// A case over the arrays of its file; an error when it has no name or operation.
    pub fn new(area: Area, json: Json, arrays: Arc<Arrays>) -> Result<Case, String> {
        let text = |key: &str| json[key].as_str().map(str::to_string);
        let name = text("name").ok_or_else(|| format!("a case without a name: {json}"))?;
        let op = text("op").ok_or_else(|| format!("{name}: no operation"))?;
        Ok(Case { area, name, op, json, arrays })
    }

    /// The area that the case belongs to.
    pub fn area(&self) -> Area {
        self.area
    }

    /// The name, unique within the area. Nothing but reports may depend on it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public name of the operation, such as `tf.concat`.
    pub fn op(&self) -> &str {
        &self.op
    }

    /// The keyword arguments.
    pub fn attrs(&self) -> Attrs<'_> {
        Attrs::new("attrs", &self.json["attrs"])
    }

    /// Any other field of the case (`expect`, `steps`, ...); null when absent.
    pub fn field(&self, name: &str) -> &Json {
        &self.json[name]
    }

    /// One line in plain words, where there is one.
    pub fn note(&self) -> &str {
        self.json["note"].as_str().unwrap_or("")
    }

    /// The reference's error class, for a case that must fail.
    pub fn error(&self) -> Option<&str> {
        self.json["error"].as_str()
    }

    /// True when the reference's answer depends on its kernels and need not match.
    pub fn undefined(&self) -> bool {
        self.json["undefined"] == true
    }

    /// True when all inputs form one list argument.
    pub fn input_list(&self) -> bool {
        self.json["input_list"] == true
    }

    /// `rtol` and `atol` of the case.
    pub fn tolerance(&self) -> Tolerance {
        let read = |key: &str| self.json[key].as_f64().unwrap_or(0.0);
        Tolerance { relative: read("rtol"), absolute: read("atol") }
    }

    /// The values listed under `role` (`inputs`, `outputs`, `grads`, `weights`, ...); `None` stands for null.
    /// An absent list is empty.
    pub fn values(&self, role: &str) -> Result<Vec<Option<Value>>, ConformanceError> {
        let named = |name: &Json| match name {
            Json::Null => Ok(None),
            Json::String(name) => Value::named(name, &self.arrays, &self.json["values"]).map(Some),
            other => Err(format!("{other} is not the name of a value")),
        };
        let list = self.json[role].as_array().map(Vec::as_slice).unwrap_or_default();
        let values: Result<_, String> = list.iter().map(named).collect();
        values.map_err(|e| ConformanceError::Case(format!("{role}: {e}")))
    }

    /// The dense arrays listed under `role`; an error when one is null or of another kind.
    pub fn arrays(&self, role: &str) -> Result<Vec<Array>, ConformanceError> {
        let dense = |(i, value): (usize, Option<Value>)| match value {
            Some(Value::Array(array)) => Ok(array),
            Some(other) => Err(ConformanceError::Case(format!("{role}[{i}] is {}, not dense", other.kind()))),
            None => Err(ConformanceError::Case(format!("{role}[{i}] is null"))),
        };
        self.values(role)?.into_iter().enumerate().map(dense).collect()
    }

    /// The inputs, none of them null.
    pub fn inputs(&self) -> Result<Vec<Value>, ConformanceError> {
        let present = |v: Option<Value>| v.ok_or_else(|| ConformanceError::Case("null input".to_string()));
        self.values("inputs")?.into_iter().map(present).collect()
    }

    /// An array by its full name, such as those that `attrs` of some cases mention.
    pub fn array(&self, name: &str) -> Result<&Array, ConformanceError> {
        self.arrays.get(name).ok_or_else(|| ConformanceError::Case(format!("no array {name}")))
    }
}
