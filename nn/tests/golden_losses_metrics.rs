//! Losses and metrics against what Keras 3.15 recorded.

use gradus_autograd::GradientTape;
use gradus_conformance::golden::{Array, Case, GoldenSet, Tolerance};
use gradus_conformance::registry::Area;
use gradus_nn::losses::{self, Loss, Reduction};
use gradus_nn::metrics::{self, IntoMetric};
use gradus_tensor::{Result, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

type Check = std::result::Result<(), String>;

fn tensor(a: &Array) -> Tensor {
    Tensor::from_bytes(a.dtype(), a.shape().to_vec(), a.bytes()).unwrap()
}

fn compare(what: &str, want: &Tensor, found: &Tensor, tolerance: Tolerance) -> Check {
    if want.shape() != found.shape() {
        return Err(format!("{what}: expected shape {}, found {}", want.shape(), found.shape()));
    }
    let (w, f) = (want.to_f64_vec().unwrap(), found.to_f64_vec().unwrap());
    match w.iter().zip(&f).position(|(w, f)| !tolerance.admits(*w, *f)) {
        None => Ok(()),
        Some(i) => Err(format!("{what}[{i}]: expected {}, found {}", w[i], f[i])),
    }
}

fn class(case: &Case) -> &str {
    case.op().rsplit('.').next().unwrap()
}

/// The value and the gradient with respect to the predictions of whatever `f` computes.
fn value_and_gradient(case: &Case, f: impl Fn(&Tensor, &Tensor, Option<&Tensor>) -> Result<Tensor>) -> Check {
    let inputs: Vec<Tensor> = case.arrays("inputs").unwrap().iter().map(tensor).collect();
    let weight = inputs.get(2);
    let tape = GradientTape::new();
    let float = inputs[1].dtype().is_float();
    if float {
        tape.watch(&inputs[1]).unwrap();
    }
    let y = match (f(&inputs[0], &inputs[1], weight), case.error()) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(_)) => return Err("expected an error".into()),
        (Err(e), None) => return Err(e.to_string()),
        (Ok(y), None) => y,
    };
    compare("value", &tensor(&case.arrays("outputs").unwrap()[0]), &y, case.tolerance())?;
    if let Some(Some(want)) = case.values("grads").unwrap().get(1) {
        let gradus_conformance::Value::Array(want) = want else { return Err("not an array".into()) };
        let upstream: Vec<Tensor> = case.arrays("upstream").unwrap().iter().map(tensor).collect();
        let g = match upstream.first() {
            Some(up) => tape.gradient((&y, up), &inputs[1]),
            None => tape.gradient(&y, &inputs[1]),
        };
        let g = g.map_err(|e| e.to_string())?;
        compare("gradient", &tensor(want), &g, case.tolerance())?;
    }
    Ok(())
}

fn loss(case: &Case) -> Check {
    let loss = losses::from_config(class(case), &case.field("attrs")["config"]).map_err(|e| e.to_string())?;
    let mut config = loss.config().unwrap().1;
    let again = losses::from_config(class(case), &config).map_err(|e| e.to_string())?;
    if again.config().unwrap().1 != config.take() {
        return Err("the configuration does not come back".into());
    }
    value_and_gradient(case, |t, p, w| loss.call(t, p, w))
}

fn function(case: &Case) -> Check {
    let f: fn(&Tensor, &Tensor) -> Result<Tensor> = match class(case) {
        "mean_squared_error" => losses::mean_squared_error,
        "mean_absolute_error" => losses::mean_absolute_error,
        "mean_absolute_percentage_error" => losses::mean_absolute_percentage_error,
        "mean_squared_logarithmic_error" => losses::mean_squared_logarithmic_error,
        "cosine_similarity" => |t, p| losses::cosine_similarity(t, p, -1),
        "log_cosh" => losses::log_cosh,
        "huber" => |t, p| losses::huber(t, p, 1.0),
        "hinge" => losses::hinge,
        "squared_hinge" => losses::squared_hinge,
        "categorical_hinge" => losses::categorical_hinge,
        "kl_divergence" => losses::kl_divergence,
        "poisson" => losses::poisson,
        "binary_crossentropy" => losses::binary_crossentropy,
        "categorical_crossentropy" => losses::categorical_crossentropy,
        "sparse_categorical_crossentropy" => losses::sparse_categorical_crossentropy,
        "binary_focal_crossentropy" => losses::binary_focal_crossentropy,
        "categorical_focal_crossentropy" => losses::categorical_focal_crossentropy,
        other => return Err(format!("no function {other}")),
    };
    value_and_gradient(case, |t, p, _| f(t, p))
}

/// Three updates with a result after each, the state at the end, and the result after a reset.
fn updates(case: &Case, metric: &mut dyn metrics::Metric) -> Check {
    let all = |role: &str| -> Vec<Tensor> { case.arrays(role).unwrap().iter().map(tensor).collect() };
    let (y_true, y_pred, weight) = (all("y_true"), all("y_pred"), all("sample_weight"));
    let outputs = all("outputs");
    for (i, (t, p)) in y_true.iter().zip(&y_pred).enumerate() {
        metric.update_state(t, p, weight.get(i)).map_err(|e| e.to_string())?;
        let found = metric.result().map_err(|e| e.to_string())?;
        compare(&format!("result {i}"), &outputs[i], &found, case.tolerance())?;
    }
    let variables = metric.variables();
    let names: Vec<String> = variables.iter().map(|v| v.name()).collect();
    let wanted = &case.field("expect")["variables"];
    if wanted.is_array() && serde_json::json!(names) != *wanted {
        return Err(format!("variables: expected {wanted}, found {names:?}"));
    }
    for (want, v) in all("state_after").iter().zip(&variables) {
        compare(&v.name(), want, &v.value(), case.tolerance())?;
    }
    if let Some(want) = all("after_reset").first() {
        metric.reset_state().map_err(|e| e.to_string())?;
        compare("after reset", want, &metric.result().map_err(|e| e.to_string())?, case.tolerance())?;
    }
    Ok(())
}

/// `Mean` and `Sum` take values rather than truth and prediction.
fn reduction(case: &Case) -> Check {
    let all = |role: &str| -> Vec<Tensor> { case.arrays(role).unwrap().iter().map(tensor).collect() };
    let (values, weight, outputs) = (all("inputs"), all("sample_weight"), all("outputs"));
    let (mut mean, mut sum) = (metrics::Mean::default(), metrics::Sum::default());
    let is_mean = class(case) == "Mean";
    for (i, want) in outputs.iter().enumerate() {
        let found = if is_mean {
            mean.update_state(&values[i], weight.get(i)).and_then(|()| mean.result())
        } else {
            sum.update_state(&values[i], weight.get(i)).and_then(|()| sum.result())
        };
        compare(&format!("result {i}"), want, &found.map_err(|e| e.to_string())?, case.tolerance())?;
    }
    Ok(())
}

/// Huber's values element by element: what a user's own loss or metric computes.
fn huber(t: &Tensor, p: &Tensor, threshold: f64) -> Result<Tensor> {
    let error = t.cast(p.dtype())?.sub(p)?;
    let size = error.abs()?;
    let square = error.square()? * 0.5;
    let linear = &size * threshold - threshold * threshold / 2.0;
    size.less_equal(&size.like(threshold)?)?.select(&square, &linear)
}

/// A loss of the user's own, made of two methods.
struct HuberLoss {
    threshold: f64,
    reduction: Reduction,
}

impl Loss for HuberLoss {
    fn name(&self) -> &str {
        "huber"
    }
    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        huber(y_true, y_pred, self.threshold)
    }
    fn reduction(&self) -> Reduction {
        self.reduction
    }
}

fn custom(case: &Case) -> Check {
    let all = |role: &str| -> Vec<Tensor> { case.arrays(role).unwrap().iter().map(tensor).collect() };
    let config = &case.field("attrs")["config"];
    let threshold = config["threshold"].as_f64().unwrap_or(1.0);
    match class(case) {
        "HuberLoss" => {
            let reduction = Reduction::from_name(config["reduction"].as_str().unwrap()).unwrap();
            let loss = HuberLoss { threshold, reduction };
            value_and_gradient(case, |t, p, w| loss.call(t, p, w))
        }
        "HuberMetric" => {
            let inputs = all("inputs");
            let mut m =
                ("huber", move |t: &Tensor, p: &Tensor| huber(t, p, threshold)).into_metric().unwrap();
            for (i, want) in all("outputs").iter().enumerate() {
                let (t, p) = (&inputs[2 * i], &inputs[2 * i + 1]);
                m.update_state(t, p, None).map_err(|e| e.to_string())?;
                compare(&format!("result {i}"), want, &m.result().unwrap(), case.tolerance())?;
            }
            Ok(())
        }
        "masked_loss" => {
            let inputs = all("inputs");
            let mse = losses::MeanSquaredError::new();
            let y =
                mse.call_masked(&inputs[0], &inputs[1], None, Some(&inputs[2])).map_err(|e| e.to_string())?;
            compare("value", &all("outputs")[0], &y, case.tolerance())
        }
        other => Err(format!("no program for {other}")),
    }
}

fn run(case: &Case) -> Check {
    let op = case.op();
    if op == "keras.metrics.Mean" || op == "keras.metrics.Sum" {
        reduction(case)
    } else if op == "x.compile_metric" {
        let all = |role: &str| -> Vec<Tensor> { case.arrays(role).unwrap().iter().map(tensor).collect() };
        let (t, p) = (all("y_true"), all("y_pred"));
        let name = case.field("attrs")["metric"].as_str().unwrap().to_string();
        let first =
            |v: Vec<Tensor>, k: usize| v.into_iter().next().or_else(|| all("inputs").into_iter().nth(k));
        let (t0, p0) = (first(t, 0).unwrap(), first(p, 1).unwrap());
        let mut m = metrics::resolve(&name, t0.shape(), p0.shape()).map_err(|e| e.to_string())?;
        m.update_state(&t0, &p0, None).map_err(|e| e.to_string())?;
        let found = m.result().map_err(|e| e.to_string())?;
        compare("result", &all("outputs")[0], &found, case.tolerance())
    } else if op.starts_with("keras.metrics.") {
        let mut m =
            metrics::from_config(class(case), &case.field("attrs")["config"]).map_err(|e| e.to_string())?;
        updates(case, &mut *m)
    } else if op.starts_with("keras.losses.") {
        if class(case).starts_with(char::is_uppercase) { loss(case) } else { function(case) }
    } else {
        custom(case)
    }
}

#[test]
fn recorded_cases() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/conformance/golden");
    let set = GoldenSet::read(&directory, Area::LossesMetrics).unwrap();
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for case in &set.cases {
        if case.undefined() {
            continue;
        }
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(case)))
            .unwrap_or_else(|_| Err("panicked".into()));
        if let Err(e) = result {
            count += 1;
            failed.entry(case.op().to_string()).or_default().push(format!("{}: {e}", case.name()));
        }
    }
    println!("{} of {} cases pass", set.cases.len() - count, set.cases.len());
    let lines: Vec<String> = failed.values().flatten().cloned().collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
