//! The optimizers and schedules against what Keras 3.15 recorded.

use gradus_autograd::Variable;
use gradus_conformance::golden::{Array, Case, GoldenSet, Tolerance};
use gradus_conformance::registry::Area;
use gradus_optim::{Optimizer, from_config, schedules};
use gradus_tensor::{DType, Rows, Tensor};
use serde_json::json;
use std::path::Path;

type Check = Result<(), String>;

fn tensor(a: &Array) -> Tensor {
    Tensor::from_bytes(a.dtype(), a.shape().to_vec(), a.bytes()).unwrap()
}

/// Row `i` of an array of gradients, one row per step.
fn row(t: &Tensor, i: usize) -> Tensor {
    let shape = &t.shape().dims()[1..];
    let n: usize = shape.iter().product();
    Tensor::from_slice(&t.as_slice::<f32>().unwrap()[i * n..(i + 1) * n], shape).unwrap()
}

fn compare(what: &str, want: &Array, found: &Tensor, tolerance: Tolerance) -> Check {
    let want = tensor(want);
    if want.shape() != found.shape() {
        return Err(format!("{what}: expected shape {}, found {}", want.shape(), found.shape()));
    }
    let (w, f) = (want.to_f64_vec().unwrap(), found.to_f64_vec().unwrap());
    match w.iter().zip(&f).position(|(w, f)| !tolerance.admits(*w, *f)) {
        None => Ok(()),
        Some(i) => Err(format!("{what}[{i}]: expected {}, found {}", w[i], f[i])),
    }
}

fn optimizer(case: &Case) -> Box<dyn Optimizer> {
    let config = case.field("attrs")["config"].clone();
    let class = match case.op() {
        "x.row_gradients" => config["name"].as_str().unwrap().to_string(),
        op => op.rsplit('.').next().unwrap().to_string(),
    };
    let o = from_config(&class, &config).unwrap();
    let written = o.config();
    for (key, value) in config.as_object().unwrap() {
        let same = match (value.as_f64(), written[key].as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => key == "learning_rate" || &written[key] == value,
        };
        assert!(same, "{}: config {key}: expected {value}, found {}", case.name(), written[key]);
    }
    o
}

/// Twenty steps on two variables, with the weights after some of them and the slots at the end.
fn steps(case: &Case) -> Check {
    let inputs: Vec<Tensor> = case.arrays("inputs").unwrap().iter().map(tensor).collect();
    let wanted = case.arrays("outputs").unwrap();
    let stops: Vec<u64> = case.attrs().i64s("steps").unwrap().iter().map(|s| *s as u64).collect();
    let vars = [Variable::named("v0", inputs[0].clone()), Variable::named("v1", inputs[1].clone())];
    let mut o = optimizer(case);
    let mut out = 0;
    for step in 0..20 {
        let grads = [row(&inputs[2], step), row(&inputs[3], step)];
        o.apply_gradients(&grads, &vars).map_err(|e| e.to_string())?;
        if stops.contains(&(step as u64 + 1)) {
            for v in &vars {
                compare(
                    &format!("step {}, {}", step + 1, v.name()),
                    &wanted[out],
                    &v.value(),
                    case.tolerance(),
                )?;
                out += 1;
            }
        }
    }
    let names: Vec<String> = o.variables().iter().map(Variable::name).collect();
    if json!(names) != case.field("expect")["variables"] {
        return Err(format!("variables: expected {}, found {names:?}", case.field("expect")["variables"]));
    }
    for (want, v) in case.arrays("state_after").unwrap().iter().zip(o.variables()) {
        compare(&v.name(), want, &v.value(), case.tolerance())?;
    }
    let finals = case.arrays("after_finalize").unwrap();
    if !finals.is_empty() {
        o.finalize_variable_values(&vars).map_err(|e| e.to_string())?;
        for (want, v) in finals.iter().zip(&vars) {
            compare(&format!("final {}", v.name()), want, &v.value(), case.tolerance())?;
        }
    }
    Ok(())
}

/// Gradients of a lookup: rows, of which those for one place add up, while their squares are taken row by row.
fn rows(case: &Case) -> Check {
    let inputs: Vec<Tensor> = case.arrays("inputs").unwrap().iter().map(tensor).collect();
    let (n, width) = (inputs[0].shape()[0], inputs[0].shape()[1]);
    let (steps, count) = (inputs[1].shape()[0], inputs[1].shape()[1]);
    let table = gradus_tensor::Shape::from([n, width]);
    let v = Variable::named("v0", inputs[0].clone());
    let mut o = optimizer(case);
    for (step, want) in (0..steps).zip(case.arrays("outputs").unwrap()) {
        let values = row(&inputs[1], step);
        let indices = inputs[2].cast(DType::I64).unwrap().to_vec::<i64>().unwrap();
        let indices = Tensor::from_slice(&indices[step * count..(step + 1) * count], [count]).unwrap();
        let g = Rows { values, indices }.dense(table.clone()).unwrap();
        o.apply_gradients(&[g], std::slice::from_ref(&v)).map_err(|e| e.to_string())?;
        compare(&format!("step {}", step + 1), &want, &v.value(), case.tolerance())?;
    }
    Ok(())
}

fn schedule(case: &Case) -> Check {
    let config = case.field("attrs")["config"].clone();
    let class = case.op().rsplit('.').next().unwrap();
    let s = schedules::deserialize(&json!({"class_name": class, "config": config})).unwrap();
    let steps = tensor(&case.arrays("inputs").unwrap()[0]);
    let plain: Vec<f32> = steps.to_f64_vec().unwrap().iter().map(|t| s.at(*t as i64).unwrap()).collect();
    let found = Tensor::from_slice(&plain, steps.shape().clone()).unwrap();
    let want = &case.arrays("outputs").unwrap()[0];
    compare("numbers", want, &found, case.tolerance())?;
    let found = s.rate(&steps.cast(DType::F32).unwrap()).map_err(|e| e.to_string())?;
    compare("tensors", want, &found, case.tolerance())
}

#[test]
fn recorded_cases() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/conformance/golden");
    let set = GoldenSet::read(&directory, Area::Optimizers).unwrap();
    let mut failed = Vec::new();
    for case in &set.cases {
        let result = match case.op() {
            "x.row_gradients" => rows(case),
            op if op.contains(".schedules.") => schedule(case),
            _ => steps(case),
        };
        if let Err(e) = result {
            failed.push(format!("{}: {e}", case.name()));
        }
    }
    println!("{} of {} cases pass", set.cases.len() - failed.len(), set.cases.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
