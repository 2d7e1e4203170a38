//! Initializers: exact values where they are fixed, else limits, moments and orthogonality of a large sample.

use gradus_nn::initializers::{self, compute_fans};
use gradus_tensor::{DType, Tensor};
use serde_json::json;

use super::dense::values;
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    for name in [
        "keras.initializers.Constant",
        "keras.initializers.GlorotNormal",
        "keras.initializers.GlorotUniform",
        "keras.initializers.HeNormal",
        "keras.initializers.HeUniform",
        "keras.initializers.Identity",
        "keras.initializers.LecunNormal",
        "keras.initializers.LecunUniform",
        "keras.initializers.Ones",
        "keras.initializers.Orthogonal",
        "keras.initializers.RandomNormal",
        "keras.initializers.RandomUniform",
        "keras.initializers.TruncatedNormal",
        "keras.initializers.VarianceScaling",
        "keras.initializers.Zeros",
    ] {
        r.run(Area::Initializers, name, run);
    }
}

/// What the reference measured, for information.
const MEASURED: [&str; 7] = [
    "sample_stddev_of_reference",
    "sample_mean_of_reference",
    "sample_min",
    "sample_max",
    "samples",
    "note",
    "flattened",
];

fn run(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.read_or("config", |c| Some(c.clone()), json!({}))?;
    let shape = attrs.usizes("shape")?;
    let class = case.op().rsplit('.').next();
    let initializer = initializers::from_config(&json!({ "class_name": class, "config": config }))?;
    let first = initializer.init(&shape, DType::F32)?;
    let expect = case.field("expect");
    let again = initializers::from_config(&initializer.config())?.config();
    let comes_back = match again == initializer.config() {
        true => Ok(()),
        false => Err(format!("it does not come back: {again}")),
    };
    let mut outcome = Outcome::new().check("configuration", comes_back);
    if case.field("outputs").as_array().is_some_and(|o| !o.is_empty()) {
        return Ok(outcome.with("outputs", values(&[first])?.into_iter().map(Some)));
    }
    for key in MEASURED {
        outcome = outcome.aside(key);
    }
    if expect.get("fan_in").is_some() {
        let (fan_in, fan_out) = compute_fans(&shape);
        outcome = outcome.fact("fan_in", fan_in).fact("fan_out", fan_out);
    }
    if let Some(side) = expect["orthonormal"].as_str() {
        let diagonal = expect["gram_diagonal"].as_f64().unwrap_or(f64::NAN);
        // In f64, so that it is the construction that is judged and not its rounding.
        let result = orthonormal(&initializer.init(&shape, DType::F64)?, side, diagonal);
        return Ok(outcome.aside("gram_diagonal").aside("orthonormal").check("orthonormal", result?));
    }
    let sample = Sample::draw(|| Ok(initializer.init(&shape, DType::F32)?))?;
    for (key, result) in sample.judge(expect) {
        outcome = outcome.aside(key).check(key, result);
    }
    Ok(outcome)
}

/// `m^T m` (or `m m^T`) is a multiple of the identity, `m` having all axes but the last flattened.
fn orthonormal(w: &Tensor, side: &str, diagonal: f64) -> Result<std::result::Result<(), String>> {
    let columns = w.shape().dims().last().copied().unwrap_or(1);
    let m = w.reshape([w.len() / columns.max(1), columns])?;
    let gram = m.matmul_t(&m, side == "columns", side != "columns")?;
    let n = gram.shape()[0];
    let wrong = gram.to_f64_vec()?.into_iter().enumerate().find(|(i, v)| {
        let wanted = if i % (n + 1) == 0 { diagonal } else { 0.0 };
        (v - wanted).abs() > 1e-12
    });
    Ok(match wrong {
        None => Ok(()),
        Some((i, v)) => {
            Err(format!("entry {i} of the {n} x {n} gram matrix of the {side} is {v}, diagonal {diagonal}"))
        }
    })
}

/// Moments and range of many draws.
struct Sample {
    count: f64,
    mean: f64,
    deviation: f64,
    low: f64,
    high: f64,
}

impl Sample {
    /// At least 30,000 numbers.
    fn draw(init: impl Fn() -> Result<Tensor>) -> Result<Sample> {
        let mut all = Vec::new();
        while all.len() < 30_000 {
            let more = init()?.to_f64_vec()?;
            if more.is_empty() {
                return Err(ConformanceError::Case("an empty shape".to_string()));
            }
            // A configuration without a seed is drawn anew each time; with one, repetition tells nothing more.
            let repeated = all.ends_with(&more);
            all.extend(more);
            if repeated {
                break;
            }
        }
        let count = all.len() as f64;
        let mean = all.iter().sum::<f64>() / count;
        let deviation = (all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Sample { count, mean, deviation, low, high })
    }

    /// Each stated fact with what the sample says. Moments may be off by five of their own deviations.
    fn judge(&self, expect: &serde_json::Value) -> Vec<(&'static str, std::result::Result<(), String>)> {
        let error = 5.0 * self.deviation / self.count.sqrt();
        let near = |what: f64, found: f64, by: f64| match (found - what).abs() <= by {
            true => Ok(()),
            false => Err(format!("expected {what}, found {found}, allowed {by:.2e}")),
        };
        let inside = |low: f64, high: f64| match self.low >= low && self.high <= high {
            true => Ok(()),
            false => Err(format!("expected {low}..{high}, found {}..{}", self.low, self.high)),
        };
        let rounding = 1.0 + 1e-6;
        let mut facts = Vec::new();
        let stated = |key: &str| expect[key].as_f64();
        if let Some(mean) = stated("mean") {
            facts.push(("mean", near(mean, self.mean, error)));
        }
        if let Some(deviation) = stated("stddev") {
            facts.push(("stddev", near(deviation, self.deviation, error)));
        }
        if let Some(limit) = stated("limit") {
            facts.push(("limit", inside(-limit * rounding, limit * rounding)));
        }
        if let Some(limit) = stated("truncation") {
            facts.push(("truncation", inside(-limit * rounding, limit * rounding)));
        }
        if let (Some(low), Some(high)) = (stated("min"), stated("max")) {
            facts.push(("min", inside(low, high)));
            facts.push(("max", inside(low, high)));
        }
        if let (Some(bounds), Some(mean), Some(deviation)) =
            (stated("bounds_in_stddev"), stated("mean"), stated("stddev"))
        {
            // The bound counts in deviations of the normal before it was cut, 0.8796 times which remain.
            let limit = bounds * deviation / 0.879_625_661_034_239_8 * rounding;
            facts.push(("bounds_in_stddev", inside(mean - limit, mean + limit)));
        }
        facts
    }
}
