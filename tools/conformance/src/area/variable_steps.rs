//! Variables changed step by step. The steps are told in words: `assign(2*v); v[0,1]=42; scatter_nd_update [[0,0]] <- [1]`.

use gradus_autograd::Variable;
use gradus_tensor::Tensor;
use gradus_tensor::ops::Index;

use super::dense::{tensors, values};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    r.run(Area::Structures, "tf.Variable", run);
}

fn run(case: &Case) -> Result<Outcome> {
    let inputs = tensors(case, "inputs")?;
    let Some(initial) = inputs.first() else {
        return Err(ConformanceError::Case("no initial value".to_string()));
    };
    let variable = Variable::new(initial.clone());
    if case.note().contains("another shape") {
        variable.assign(&Tensor::zeros(initial.shape().with(0, 2), initial.dtype())?)?;
        return Ok(Outcome::new());
    }
    let mut outputs = Vec::new();
    for step in case.note().split(';') {
        change(&variable, step.trim())?;
        outputs.push(variable.value());
    }
    Ok(Outcome::outputs(values(&outputs)?))
}

fn change(variable: &Variable, step: &str) -> Result<()> {
    let unknown = || ConformanceError::NotImplemented(format!("a variable's {step:?}"));
    let dtype = variable.dtype();
    // A number, a list of them, `ones`, or a multiple of the value: what stands on the right of a step.
    let operand = |text: &str| -> Result<Tensor> {
        let text = text.trim();
        if text == "ones" {
            return Ok(variable.value().ones_like()?);
        }
        if let Some(factor) = text.strip_suffix("*v") {
            let factor: f64 = factor.parse().map_err(|_| unknown())?;
            return Ok(variable.value().mul(&Tensor::scalar_of(dtype, factor))?);
        }
        let json: serde_json::Value = serde_json::from_str(text).map_err(|_| unknown())?;
        match json.as_array() {
            None => Ok(Tensor::scalar_of(dtype, json.as_f64().ok_or_else(unknown)?)),
            Some(list) => {
                let list: Option<Vec<f64>> = list.iter().map(serde_json::Value::as_f64).collect();
                let list = list.ok_or_else(unknown)?;
                Ok(Tensor::from_slice(&list, [list.len()])?.cast(dtype)?)
            }
        }
    };
    if let Some(rest) = step.strip_prefix("v[") {
        let (place, value) = rest.split_once("]=").ok_or_else(unknown)?;
        let items = place.split(',').map(|item| match item.trim() {
            ":" => Ok(Index::Range { begin: None, end: None, step: 1 }),
            at => at.parse().map(Index::At).map_err(|_| unknown()),
        });
        variable.slice(items.collect::<Result<Vec<_>>>()?).assign(&operand(value)?)?;
    } else if let Some(rest) = step.strip_prefix("scatter_nd_update") {
        let (places, updates) = rest.split_once("<-").ok_or_else(unknown)?;
        let rows: Vec<Vec<i64>> = serde_json::from_str(places.trim()).map_err(|_| unknown())?;
        variable.scatter_nd_update(&Tensor::new(rows)?, &operand(updates)?)?;
    } else if let Some(value) = step.strip_prefix("assign(").and_then(|s| s.strip_suffix(')')) {
        variable.assign(&operand(value)?)?;
    } else if let Some(value) = step.strip_prefix("assign_add") {
        let value = operand(value)?.broadcast_to(variable.shape().clone())?;
        variable.assign_add(&value)?;
    } else if let Some(value) = step.strip_prefix("assign_sub") {
        let value = operand(value)?.broadcast_to(variable.shape().clone())?;
        variable.assign_sub(&value)?;
    } else {
        return Err(unknown());
    }
    Ok(())
}
