//! Operations through which no gradient flows: asking for one is an error that says why.

use gradus_autograd::GradientTape;
use gradus_tensor::op::{self, Op};
use gradus_tensor::ops::{ActivatedBatchNorm, ActivatedBatchNormGrad, Rectifier};
use gradus_tensor::{DType, Error, Result, Tensor};

/// Name of the operation, a function of a vector that uses it, and what the error must say.
type Row = (&'static str, fn(&Tensor) -> Result<Tensor>, &'static str);

const NO_RULE: &str = "this operation has no gradient";
const NOT_A_FLOAT: &str = "gradients exist for floats only";
const UNCONNECTED: &str = "the target does not depend on source 0";

fn half(x: &Tensor) -> Result<Tensor> {
    x.like(0.7)
}

fn whole(x: &Tensor) -> Result<Tensor> {
    x.abs()?.cast(DType::I32)
}

const ACTIVATED: ActivatedBatchNorm = ActivatedBatchNorm { epsilon: 1e-3, activation: Rectifier::Relu };
const ACTIVATED_GRAD: ActivatedBatchNormGrad =
    ActivatedBatchNormGrad { epsilon: 1e-3, activation: Rectifier::Relu6 };

/// Gamma, mean, variance and beta.
const BELOW: [f64; 4] = [1.0, 0.4, 0.5, 0.0];

/// x as one column, and what belongs to a column.
fn column(x: &Tensor, others: &[f64]) -> Result<Vec<Tensor>> {
    let column = x.reshape([3, 1])?;
    // A gradient reads what is above it and the input of the forward pass; others are per column.
    let columns = if others.len() > 2 { 2 } else { 1 };
    let others = others.iter().map(|&v| Tensor::new([v]));
    std::iter::repeat_n(Ok(column), columns).chain(others).collect()
}

fn truth(x: &Tensor) -> Result<Tensor> {
    x.greater(&x.like(0)?)
}

/// What replays put in place of operations whose gradients are recorded already, on x as one column.
fn replayed(op: &dyn Op, x: &Tensor, others: &[f64]) -> Result<Tensor> {
    let given = column(x, others)?;
    op::apply(op, &given.iter().collect::<Vec<_>>())?
        .into_iter()
        .next()
        .ok_or_else(|| Error::value("no output"))
}

/// The same as far as step `last` of its parts.
fn replayed_part(op: &dyn Op, last: usize, x: &Tensor, others: &[f64]) -> Result<Tensor> {
    let mut operands = column(x, others)?;
    let parts = op.in_parts(&operands.iter().map(Tensor::spec).collect::<Vec<_>>(), 2);
    let mut made = Vec::new();
    for step in parts.into_iter().flat_map(|p| p.steps).take(last + 1) {
        let given: Vec<&Tensor> = step.x.iter().map(|&k| &operands[k]).collect();
        made = op::apply(&*step.op, &given)?.into_vec();
        operands.extend(made.clone());
    }
    made.into_iter().next().ok_or_else(|| Error::value("no output"))
}

pub const TABLE: &[Row] = &[
    // Steps: their slope is 0 wherever it exists, and TensorFlow gives none.
    ("floor", |x| x.floor(), NO_RULE),
    ("ceil", |x| x.ceil(), NO_RULE),
    ("round", |x| x.round(), NO_RULE),
    ("rint", |x| x.rint(), NO_RULE),
    ("trunc", |x| x.trunc(), NO_RULE),
    ("floor_div", |x| x.floor_div(&half(x)?), NO_RULE),
    ("truncate_div", |x| x.truncate_div(&half(x)?), NO_RULE),
    ("truncate_mod", |x| x.truncate_mod(&half(x)?), NO_RULE),
    ("unique", |x| Ok(x.unique()?.values), NO_RULE),
    ("bincount", |x| Tensor::new([0i32, 1, 1])?.bincount(Some(x), Some(2), false), NO_RULE),
    // Integers and truth values.
    ("argmax", |x| x.argmax(0), NOT_A_FLOAT),
    ("argmin", |x| x.argmin(0), NOT_A_FLOAT),
    ("searchsorted", |x| x.sort(-1, false)?.searchsorted(x, false), NOT_A_FLOAT),
    ("coordinates", |x| truth(x)?.coordinates(), NOT_A_FLOAT),
    ("invert_permutation", |x| x.argsort(-1, false)?.invert_permutation(), NOT_A_FLOAT),
    ("equal", |x| x.equal(&half(x)?), NOT_A_FLOAT),
    ("not_equal", |x| x.not_equal(&half(x)?), NOT_A_FLOAT),
    ("greater", |x| x.greater(&half(x)?), NOT_A_FLOAT),
    ("greater_equal", |x| x.greater_equal(&half(x)?), NOT_A_FLOAT),
    ("less", |x| x.less(&half(x)?), NOT_A_FLOAT),
    ("less_equal", |x| x.less_equal(&half(x)?), NOT_A_FLOAT),
    ("is_finite", |x| x.is_finite(), NOT_A_FLOAT),
    ("is_inf", |x| x.is_inf(), NOT_A_FLOAT),
    ("is_nan", |x| x.is_nan(), NOT_A_FLOAT),
    ("reduce_all", |x| truth(x)?.reduce_all((), false), NOT_A_FLOAT),
    ("reduce_any", |x| truth(x)?.reduce_any((), false), NOT_A_FLOAT),
    ("logical_and", |x| truth(x)?.logical_and(&truth(x)?), NOT_A_FLOAT),
    ("logical_or", |x| truth(x)?.logical_or(&truth(x)?), NOT_A_FLOAT),
    ("logical_xor", |x| truth(x)?.logical_xor(&truth(x)?), NOT_A_FLOAT),
    ("logical_not", |x| truth(x)?.logical_not(), NOT_A_FLOAT),
    ("bitwise_and", |x| whole(x)?.bitwise_and(&whole(x)?), NOT_A_FLOAT),
    ("bitwise_or", |x| whole(x)?.bitwise_or(&whole(x)?), NOT_A_FLOAT),
    ("bitwise_xor", |x| whole(x)?.bitwise_xor(&whole(x)?), NOT_A_FLOAT),
    ("left_shift", |x| whole(x)?.left_shift(&whole(x)?), NOT_A_FLOAT),
    ("right_shift", |x| whole(x)?.right_shift(&whole(x)?), NOT_A_FLOAT),
    ("invert", |x| whole(x)?.invert(), NOT_A_FLOAT),
    // Made from no float.
    ("one_hot", |x| whole(x)?.one_hot_with(3, -1, DType::F64, 1.0, 0.0), UNCONNECTED),
    ("fill", |x| Tensor::full(x.shape().clone(), 2.0, DType::F64), UNCONNECTED),
    ("range", |x| Tensor::range(x.len() as f64), UNCONNECTED),
    (
        "random_uniform",
        |x| Tensor::random_uniform(x.shape().clone(), 0.0, 1.0, DType::F64, &Tensor::random_state(1, 0)),
        UNCONNECTED,
    ),
    (
        "random_normal",
        |x| Tensor::random_normal(x.shape().clone(), 0.0, 1.0, DType::F64, &Tensor::random_state(1, 0)),
        UNCONNECTED,
    ),
    ("stop_gradient", |x| x.stop_gradient(), UNCONNECTED),
    // Made by replays only.
    ("activated_batch_norm", |x| replayed(&ACTIVATED, x, &[1.0, 0.0]), NO_RULE),
    ("moments_of_ranges", |x| replayed_part(&ACTIVATED, 0, x, &[1.0, 0.0]), NO_RULE),
    ("join_moments", |x| replayed_part(&ACTIVATED, 1, x, &[1.0, 0.0]), NO_RULE),
    ("normalize", |x| replayed_part(&ACTIVATED, 2, x, &[1.0, 0.0]), NO_RULE),
    ("activated_batch_norm_grad", |x| replayed(&ACTIVATED_GRAD, x, &BELOW), NO_RULE),
    ("gradient_sums_of_ranges", |x| replayed_part(&ACTIVATED_GRAD, 0, x, &BELOW), NO_RULE),
    ("normalize_grad", |x| replayed_part(&ACTIVATED_GRAD, 2, x, &BELOW), NO_RULE),
    ("normalize_weight_grads", |x| replayed_part(&ACTIVATED_GRAD, 3, x, &BELOW), NO_RULE),
];

/// Gradients that are one operation, for which rules put plain formulas when a tape listens.
pub const FUSED_GRADIENTS: &[&str] = &["batch_norm_grad", "layer_norm_grad"];

/// Runs the table: what is wrong, and the list with its messages.
pub fn run() -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut list) = (Vec::new(), Vec::new());
    for (name, f, says) in TABLE {
        let x = Tensor::new([0.4f64, -1.7, 2.6]).unwrap();
        let tape = GradientTape::watching_nothing();
        tape.watch(&x).unwrap();
        let message = match f(&x) {
            Ok(y) => tape.gradient(&y, &x).map_or_else(|e| e.to_string(), |g| format!("a gradient: {g}")),
            Err(e) => format!("no value: {e}"),
        };
        let named = *says != NO_RULE || message.starts_with(name);
        if !message.contains(says) || !named {
            wrong.push(format!("{name}: expected an error with {says:?}, found {message}"));
        }
        list.push(format!("{name}: {message}"));
    }
    (wrong, list)
}
