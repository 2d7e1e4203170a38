//! Traced functions: how often they are recorded, and what they give.

use gradus_function::{Argument, Function};
use gradus_tensor::{DType, Tensor};
use serde_json::Value as Json;

use super::tape::{differentiate, one};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    r.run(Area::Structures, "tf.function", cubes);
    r.run(Area::Gradients, "tape.graph_while", graph_while);
}

fn unclear(text: &str) -> ConformanceError {
    ConformanceError::Case(format!("not a call of the cube: {text}"))
}

/// A call as it is written in the case: `2`, `2.5`, `constant([1.0, 2.0])`, `constant float64 1.0`.
fn argument(text: &str) -> Result<Argument> {
    let number = |s: &str| s.parse::<f64>().map_err(|_| unclear(text));
    if let Some(rest) = text.strip_prefix("constant ") {
        let (dtype, value) = rest.split_once(' ').ok_or_else(|| unclear(text))?;
        let dtype = match dtype {
            "float64" => DType::F64,
            "float32" => DType::F32,
            "int64" => DType::I64,
            "int32" => DType::I32,
            _ => return Err(unclear(text)),
        };
        return Ok(Tensor::scalar_of(dtype, number(value)?).into());
    }
    if let Some(inner) = text.strip_prefix("constant(").and_then(|t| t.strip_suffix(')')) {
        let dtype = if inner.contains('.') { DType::F32 } else { DType::I32 };
        let Some(list) = inner.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else {
            return Ok(Tensor::scalar_of(dtype, number(inner)?).into());
        };
        let values: Vec<f64> = list.split(',').map(|v| number(v.trim())).collect::<Result<_>>()?;
        let n = values.len();
        return Ok(Tensor::from_vec(values, [n])?.cast(dtype)?.into());
    }
    match text.contains('.') {
        true => Ok((number(text)? as f32).into()),
        false => Ok((number(text)? as i32).into()),
    }
}

fn cubes(case: &Case) -> Result<Outcome> {
    let cube = Function::new(|x: &[Tensor]| x[0].mul(&x[0])?.mul(&x[0])).named("cube");
    let calls = case.field("calls").as_array().cloned().unwrap_or_default();
    if calls.is_empty() {
        return Err(unclear("no calls"));
    }
    let mut outcome = Outcome::new();
    for wanted in &calls {
        let text = wanted["call"].as_str().unwrap_or_default();
        let y = cube.call([argument(text)?])?;
        let found = serde_json::json!({
            "call": text,
            "traces": cube.trace_count(),
            "dtype": y.dtype().to_string(),
            "shape": y.shape().dims(),
            "value": value(&y)?,
        });
        let same = same(wanted, &found);
        outcome =
            outcome.check(text, if same { Ok(()) } else { Err(format!("found {found}, expected {wanted}")) });
    }
    Ok(outcome)
}

/// Keys with equal texts and shapes, and numbers equal to within rounding in f32.
fn same(wanted: &Json, found: &Json) -> bool {
    match (wanted, found) {
        (Json::Number(w), Json::Number(f)) => {
            let (w, f) = (w.as_f64().unwrap_or(f64::NAN), f.as_f64().unwrap_or(f64::NAN));
            (w - f).abs() <= 1e-6 + 1e-5 * w.abs()
        }
        (Json::Array(w), Json::Array(f)) => w.len() == f.len() && w.iter().zip(f).all(|(w, f)| same(w, f)),
        (Json::Object(w), Json::Object(f)) => {
            w.len() == f.len() && w.iter().all(|(k, w)| f.get(k).is_some_and(|f| same(w, f)))
        }
        _ => wanted == found,
    }
}

fn value(t: &Tensor) -> Result<Json> {
    let v = t.to_f64_vec()?;
    Ok(if t.rank() == 0 { v[0].into() } else { v.into() })
}

/// `v = sin(v) + v` a number of times, in a recorded function.
fn graph_while(case: &Case) -> Result<Outcome> {
    let text = case.attrs().str("function").unwrap_or_default().to_string();
    let times = text.split(' ').next().and_then(|n| n.parse::<usize>().ok()).ok_or_else(|| unclear(&text))?;
    let _ = one(case)?;
    let f = Function::new(move |x: &[Tensor]| {
        let mut v = x[0].clone();
        for _ in 0..times {
            v = v.sin()?.add(&v)?;
        }
        Ok(v)
    });
    differentiate(case, |x| Ok(vec![f.call(x)?]))
}
