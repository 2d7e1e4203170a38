//! Keras's activations, regularizers and constraints, built by name and configuration.

use gradus_nn::{activations, constraints, regularizers};
use serde_json::{Value as Json, json};

use super::bind::take;
use super::dense::run_function;
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    for name in [
        "celu",
        "elu",
        "exponential",
        "gelu",
        "glu",
        "hard_shrink",
        "hard_sigmoid",
        "hard_silu",
        "hard_tanh",
        "leaky_relu",
        "linear",
        "log_sigmoid",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "soft_shrink",
        "softmax",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "sparsemax",
        "squareplus",
        "tanh",
        "tanh_shrink",
        "threshold",
    ] {
        r.run(Area::Layers, full_name("keras.activations.", name), activation);
    }
    for name in ["L1", "L1L2", "L2", "OrthogonalRegularizer"] {
        r.run(Area::Layers, full_name("keras.regularizers.", name), regularizer);
    }
    for name in ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"] {
        r.run(Area::Layers, full_name("keras.constraints.", name), constraint);
    }
}

/// Names of the table live as long as the program.
fn full_name(module: &str, name: &str) -> &'static str {
    Box::leak(format!("{module}{name}").into_boxed_str())
}

/// `class_name` and `config`, as Keras writes objects into files.
fn object(case: &Case, config: &Json) -> Json {
    json!({ "class_name": case.op().rsplit('.').next(), "config": config })
}

fn activation(case: &Case) -> Result<Outcome> {
    run_function(
        |x, attrs| {
            let [x] = take(x)?;
            Ok(vec![activations::from_config(&object(case, attrs.whole()))?.apply(x)?])
        },
        case,
    )
}

fn regularizer(case: &Case) -> Result<Outcome> {
    run_function(
        |x, attrs| {
            let [x] = take(x)?;
            let config = attrs.read("config", |c| Some(c.clone()))?;
            Ok(vec![regularizers::from_config(&object(case, &config))?.penalty(x)?])
        },
        case,
    )
}

fn constraint(case: &Case) -> Result<Outcome> {
    run_function(
        |x, attrs| {
            let [x] = take(x)?;
            let config = attrs.read("config", |c| Some(c.clone()))?;
            Ok(vec![constraints::from_config(&object(case, &config))?.project(x)?])
        },
        case,
    )
}
