//! Optimizers over twenty recorded gradients, and learning-rate schedules.

use gradus_autograd::Variable;
use gradus_optim::schedules::{self, Schedule};
use gradus_tensor::{DType, Rows, Tensor};
use serde_json::{Value as Json, json};

use super::dense::{all_used, tensor, tensors, values};
use crate::golden::{Array, Case, Value};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    for name in [
        "keras.optimizers.SGD",
        "keras.optimizers.RMSprop",
        "keras.optimizers.Adam",
        "keras.optimizers.AdamW",
        "keras.optimizers.Adadelta",
        "keras.optimizers.Adagrad",
        "keras.optimizers.Adamax",
        "keras.optimizers.Adafactor",
        "keras.optimizers.Nadam",
        "keras.optimizers.Ftrl",
        "keras.optimizers.Lion",
        "keras.optimizers.Lamb",
    ] {
        r.run(Area::Optimizers, name, optimize);
    }
    r.run(Area::Optimizers, "x.row_gradients", rows);
    for name in [
        "keras.optimizers.schedules.ExponentialDecay",
        "keras.optimizers.schedules.PiecewiseConstantDecay",
        "keras.optimizers.schedules.PolynomialDecay",
        "keras.optimizers.schedules.InverseTimeDecay",
        "keras.optimizers.schedules.CosineDecay",
        "keras.optimizers.schedules.CosineDecayRestarts",
    ] {
        r.run(Area::Optimizers, name, schedule);
    }
}

/// The class at the end of a dotted name.
fn class(case: &Case) -> &str {
    case.op().rsplit('.').next().unwrap_or_default()
}

/// Inputs: the variables, then for each its gradients with the step as first axis.
fn optimize(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.read("config", |c| Some(c.clone()))?;
    let mut optimizer = gradus_optim::from_config(class(case), &config)?;
    let inputs = case.arrays("inputs")?;
    let (initial, gradients) = inputs.split_at(inputs.len() / 2);
    let names = (0..initial.len()).map(|i| format!("v{i}"));
    let vars: Vec<_> =
        initial.iter().zip(names).map(|(v, n)| Ok(Variable::named(n, tensor(v)?))).collect::<Result<_>>()?;
    let steps = attrs.usizes("steps")?;
    let mut outputs = Vec::new();
    for step in 1..=steps.iter().copied().max().unwrap_or(0) {
        let grads: Vec<_> = gradients.iter().map(|g| row(g, step - 1)).collect::<Result<_>>()?;
        optimizer.apply_gradients(&grads, &vars)?;
        if steps.contains(&step) {
            outputs.extend(vars.iter().map(Variable::peek));
        }
    }
    let state = optimizer.variables();
    let names: Vec<_> = state.iter().map(Variable::name).collect();
    let mut outcome = Outcome::outputs(values(&outputs)?)
        .with("state_after", held(&state)?)
        .fact("variables", json!(names))
        .check("attributes", all_used(&attrs))
        .check("configuration", written(&config, &optimizer.config()));
    if case.field("after_finalize").is_array() {
        optimizer.finalize_variable_values(&vars)?;
        outcome = outcome.with("after_finalize", held(&vars)?);
    }
    Ok(outcome)
}

/// Every setting that was given is written again; a rate is its value, whatever it was given as.
fn written(given: &Json, found: &Json) -> std::result::Result<(), String> {
    for (key, value) in given.as_object().into_iter().flatten() {
        let same = match (value.as_f64(), found[key].as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => key == "learning_rate" || &found[key] == value,
        };
        if !same {
            return Err(format!("{key}: expected {value}, found {}", found[key]));
        }
    }
    Ok(())
}

/// Gradients that are rows of a table: inputs are the table, then rows and their places with the step as first axis.
fn rows(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.read("config", |c| Some(c.clone()))?;
    let name = config["name"].as_str().unwrap_or_default();
    let mut optimizer = gradus_optim::from_config(name, &config)?;
    let inputs = case.arrays("inputs")?;
    let [table, values_of, places] = &inputs[..] else {
        return Err(ConformanceError::Case(format!("{} inputs, expected 3", inputs.len())));
    };
    let table = Variable::named("v0", tensor(table)?);
    let steps = places.shape().first().copied().unwrap_or(0);
    let mut outputs = Vec::new();
    for step in 0..steps {
        let rows = Rows { values: row(values_of, step)?, indices: row(places, step)? };
        let gradient = rows.dense(table.shape().clone())?;
        optimizer.apply_gradients(&[gradient], std::slice::from_ref(&table))?;
        outputs.push(table.peek());
    }
    let config = written(&config, &optimizer.config());
    Ok(Outcome::outputs(values(&outputs)?)
        .check("attributes", all_used(&attrs))
        .check("configuration", config))
}

fn held(vars: &[Variable]) -> Result<Vec<Option<Value>>> {
    let held: Vec<_> = vars.iter().map(Variable::peek).collect();
    Ok(values(&held)?.into_iter().map(Some).collect())
}

/// Entry `i` along the first axis of a recorded array.
fn row(array: &Array, i: usize) -> Result<Tensor> {
    let [rows, inner @ ..] = array.shape() else {
        return Err(ConformanceError::Case("gradients without an axis of steps".to_string()));
    };
    let size = array.bytes().len() / rows.max(&1);
    let bytes = array.bytes().get(i * size..(i + 1) * size);
    let bytes = bytes.ok_or_else(|| ConformanceError::Case(format!("step {i} of {rows}")))?;
    Ok(Tensor::from_bytes(array.dtype(), inner.to_vec(), bytes)?)
}

/// Inputs: steps; outputs: the rate at each.
fn schedule(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.read("config", |c| Some(c.clone()))?;
    let schedule = schedules::deserialize(&json!({ "class_name": class(case), "config": config }))?;
    let steps = tensors(case, "inputs")?;
    let rates = steps.iter().map(|s| rates(schedule.as_ref(), s)).collect::<Result<Vec<_>>>()?;
    let mut outcome = Outcome::outputs(values(&rates)?).check("attributes", all_used(&attrs));
    for (steps, rates) in steps.iter().zip(&rates) {
        outcome = outcome.check("of tensors", of_tensors(schedule.as_ref(), steps, rates, case)?);
    }
    Ok(outcome)
}

/// Traced steps take the rate of a tensor: the same numbers.
fn of_tensors(
    schedule: &dyn Schedule,
    steps: &Tensor,
    rates: &Tensor,
    case: &Case,
) -> Result<std::result::Result<(), String>> {
    let found = schedule.rate(&steps.cast(DType::F32)?)?.to_f64_vec()?;
    let wanted = rates.to_f64_vec()?;
    let wrong = wanted.iter().zip(&found).position(|(w, f)| !case.tolerance().admits(*w, *f));
    Ok(match wrong.or((wanted.len() != found.len()).then_some(0)) {
        None => Ok(()),
        Some(i) => Err(format!("step {i}: expected {wanted:?}, found {found:?}")),
    })
}

fn rates(schedule: &dyn Schedule, steps: &Tensor) -> Result<Tensor> {
    let rates: Vec<f32> =
        steps.to_f64_vec()?.iter().map(|&s| schedule.at(s as i64)).collect::<gradus_tensor::Result<_>>()?;
    Ok(Tensor::from_vec(rates, steps.shape().clone())?)
}
