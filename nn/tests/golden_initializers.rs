//! Initializers against the limits, deviations and structure that Keras 3.15's have.

use gradus_conformance::golden::{Case, GoldenSet};
use gradus_conformance::registry::Area;
use gradus_nn::initializers::{self, Initializer, compute_fans};
use gradus_tensor::{DType, Tensor};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

type Check = Result<(), String>;

fn make(case: &Case) -> Result<Arc<dyn Initializer>, String> {
    let class = case.op().rsplit('.').next().unwrap();
    let config = match &case.field("attrs")["config"] {
        Value::Null => json!({}),
        config => config.clone(),
    };
    let i = initializers::from_config(&json!({"class_name": class, "config": config}))
        .map_err(|e| e.to_string())?;
    let again = initializers::from_config(&i.config()).map_err(|e| e.to_string())?;
    if again.config() != i.config() {
        return Err(format!("the configuration does not come back: {}", i.config()));
    }
    Ok(i)
}

fn near(what: &str, want: f64, found: f64, tolerance: f64) -> Check {
    if (want - found).abs() <= tolerance {
        return Ok(());
    }
    Err(format!("{what}: expected {want}, found {found}, tolerance {tolerance}"))
}

/// Means, deviations and bounds, over as many draws as the reference made.
fn distribution(case: &Case, shape: &[usize]) -> Check {
    let expect = case.field("expect");
    let get = |key: &str| expect[key].as_f64();
    let count = shape.iter().product::<usize>().max(1);
    let draws = (get("samples").unwrap_or(20_000.0) as usize).div_ceil(count).max(1);
    let i = make(case)?;
    let mut all = Vec::new();
    for _ in 0..draws {
        all.extend(i.init(shape, DType::F32).map_err(|e| e.to_string())?.to_f64_vec().unwrap());
    }
    let n = all.len() as f64;
    let mean = all.iter().sum::<f64>() / n;
    let deviation = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let wanted = get("stddev").unwrap();
    // Five standard errors: of a mean, and of a deviation (at most that of a normal sample).
    near("mean", get("mean").unwrap(), mean, 5.0 * wanted / n.sqrt())?;
    near("deviation", wanted, deviation, 5.0 * wanted / (2.0 * n).sqrt())?;
    let largest = all.iter().map(|x| (x - get("mean").unwrap()).abs()).fold(0.0, f64::max);
    for key in ["limit", "truncation"] {
        if let Some(bound) = get(key) {
            // Rounding to f32 may step over the bound by half a unit.
            if largest > bound * (1.0 + 1e-6) {
                return Err(format!("{key}: {largest} exceeds {bound}"));
            }
        }
    }
    if let (Some(low), Some(high)) = (get("min"), get("max")) {
        if let Some(x) = all.iter().find(|x| !(low..=high).contains(*x)) {
            return Err(format!("{x} is outside of [{low}, {high}]"));
        }
    }
    if let (Some(fan_in), Some(fan_out)) = (get("fan_in"), get("fan_out")) {
        if compute_fans(shape) != (fan_in, fan_out) {
            return Err(format!("fans: expected {fan_in} and {fan_out}, found {:?}", compute_fans(shape)));
        }
    }
    Ok(())
}

/// Vectors of length `gain`, at right angles.
fn orthogonal(case: &Case, shape: &[usize]) -> Check {
    let w = make(case)?.init(shape, DType::F64).map_err(|e| e.to_string())?;
    let expect = case.field("expect");
    let flat: Vec<usize> =
        expect["flattened"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let m = w.reshape(flat).unwrap();
    let m = if expect["orthonormal"] == "columns" { m.t().unwrap() } else { m };
    let gram = m.matmul(&m.t().unwrap()).unwrap();
    let n = gram.shape()[0];
    for (i, found) in gram.to_vec::<f64>().unwrap().into_iter().enumerate() {
        let want = if i / n == i % n { expect["gram_diagonal"].as_f64().unwrap() } else { 0.0 };
        near("product", want, found, 1e-12)?;
    }
    Ok(())
}

fn run(case: &Case) -> Check {
    let shape: Vec<usize> = match &case.field("attrs")["shape"] {
        Value::Array(dims) => dims.iter().map(|d| d.as_u64().unwrap() as usize).collect(),
        // The defaults of layers are checked where the layers are.
        _ => return Ok(()),
    };
    if case.error().is_some() {
        return match make(case).and_then(|i| i.init(&shape, DType::F32).map_err(|e| e.to_string())) {
            Err(_) => Ok(()),
            Ok(_) => Err("expected an error".into()),
        };
    }
    if case.op().ends_with("Orthogonal") {
        return orthogonal(case, &shape);
    }
    if case.field("expect")["stddev"].is_number() {
        return distribution(case, &shape);
    }
    let want = case.arrays("outputs").unwrap();
    let want = want.first().ok_or("neither outputs nor facts to compare with")?;
    let want = Tensor::from_bytes(want.dtype(), want.shape().to_vec(), want.bytes()).unwrap();
    let found = make(case)?.init(&shape, want.dtype()).map_err(|e| e.to_string())?;
    if found.shape() == want.shape() && found.to_f64_vec().unwrap() == want.to_f64_vec().unwrap() {
        return Ok(());
    }
    Err(format!("expected {want}, found {found}"))
}

#[test]
fn recorded_cases() {
    gradus_nn::set_random_seed(20);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/conformance/golden");
    let set = GoldenSet::read(&directory, Area::Initializers).unwrap();
    let failed: Vec<String> = set
        .cases
        .iter()
        .filter_map(|case| run(case).err().map(|e| format!("{}: {e}", case.name())))
        .collect();
    println!("{} of {} cases pass", set.cases.len() - failed.len(), set.cases.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_global_seed_repeats_and_advances() {
    let draw = || {
        initializers::get("glorot_uniform")
            .unwrap()
            .init(&[4, 3], DType::F32)
            .unwrap()
            .to_vec::<f32>()
            .unwrap()
    };
    gradus_nn::set_random_seed(7);
    let (a, b) = (draw(), draw());
    gradus_nn::set_random_seed(7);
    assert_eq!((draw(), draw()), (a.clone(), b.clone()), "the same seed gives the same weights");
    assert_ne!(a, b, "two layers start differently");
    let fixed = initializers::GlorotUniform::new().seed(3);
    assert_eq!(
        fixed.init(&[4, 3], DType::F32).unwrap().to_vec::<f32>().unwrap(),
        fixed.init(&[4, 3], DType::F32).unwrap().to_vec::<f32>().unwrap(),
        "a fixed seed gives the same values every time"
    );
}
