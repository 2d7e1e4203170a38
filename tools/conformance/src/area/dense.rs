//! Cases of operations on dense tensors: values, and gradients where a case has some.

use gradus_autograd::{GradientTape, Source};
use gradus_tensor::{ErrorKind, Tensor};

use crate::golden::{Array, Attrs, Case, Value};
use crate::outcome::Outcome;
use crate::registry::{ConformanceError, Op};

/// A recorded array as a tensor.
pub fn tensor(array: &Array) -> Result<Tensor, ConformanceError> {
    Ok(Tensor::from_bytes(array.dtype(), array.shape().to_vec(), array.bytes())?)
}

/// A tensor as an array to compare.
pub fn array(tensor: &Tensor) -> Result<Array, ConformanceError> {
    Array::new(tensor.dtype(), tensor.shape().dims().to_vec(), tensor.to_bytes()?)
        .map_err(ConformanceError::Case)
}

/// Tensors as values to compare.
pub fn values(tensors: &[Tensor]) -> Result<Vec<Value>, ConformanceError> {
    tensors.iter().map(|t| array(t).map(Value::Array)).collect()
}

/// Tensors that may be absent as values to compare.
pub fn optional_values(tensors: &[Option<Tensor>]) -> Result<Vec<Option<Value>>, ConformanceError> {
    tensors.iter().map(|t| t.as_ref().map(|t| array(t).map(Value::Array)).transpose()).collect()
}

/// The tensors listed under `role`.
pub fn tensors(case: &Case, role: &str) -> Result<Vec<Tensor>, ConformanceError> {
    case.arrays(role)?.iter().map(tensor).collect()
}

/// The tensors listed under `role`, `None` where the case has null.
pub fn optional_tensors(case: &Case, role: &str) -> Result<Vec<Option<Tensor>>, ConformanceError> {
    let read = |value: Option<Value>| match value {
        None => Ok(None),
        Some(Value::Array(array)) => tensor(&array).map(Some),
        Some(other) => Err(ConformanceError::Case(format!("{role}: {}, not dense", other.kind()))),
    };
    case.values(role)?.into_iter().map(read).collect()
}

/// Runs the operation on the inputs; under a tape when the case lists gradients.
pub fn run_op(op: Op, case: &Case) -> Result<Outcome, ConformanceError> {
    run_function(op, case)
}

/// As [`run_op`], for a function that knows more than the attributes.
pub fn run_function(
    op: impl Fn(&[Tensor], &Attrs<'_>) -> Result<Vec<Tensor>, ConformanceError>,
    case: &Case,
) -> Result<Outcome, ConformanceError> {
    let inputs = tensors(case, "inputs")?;
    let attrs = case.attrs();
    let wants_gradients = case.field("grads").as_array().is_some_and(|list| !list.is_empty());
    let outcome = if wants_gradients {
        let tape = GradientTape::watching_nothing();
        for x in inputs.iter().filter(|x| x.dtype().is_float()) {
            tape.watch(x)?;
        }
        let outputs = op(&inputs, &attrs)?;
        let grads = gradients(tape, case, &inputs, &outputs)?;
        Outcome::outputs(values(&outputs)?).with("grads", optional_values(&grads)?)
    } else {
        Outcome::outputs(values(&op(&inputs, &attrs)?)?)
    };
    Ok(outcome.check("attributes", all_used(&attrs)))
}

/// The gradients of the outputs, weighted by the case's `upstream` or by ones.
///
/// TensorFlow answers null where an operation on the way has no gradient; Gradus refuses by an error that says so.
/// Where the case wants nothing but nulls, that error is the same answer.
fn gradients(
    tape: GradientTape,
    case: &Case,
    inputs: &[Tensor],
    outputs: &[Tensor],
) -> Result<Vec<Option<Tensor>>, ConformanceError> {
    let upstream = optional_tensors(case, "upstream")?;
    let targets = if upstream.is_empty() {
        let floats = outputs.iter().filter(|y| y.dtype().is_float());
        floats.map(|y| Ok((y, y.ones_like()?))).collect::<Result<Vec<_>, ConformanceError>>()?
    } else {
        outputs.iter().zip(upstream).filter_map(|(y, dy)| Some((y, dy?))).collect()
    };
    let targets: Vec<_> = targets.iter().map(|(y, dy)| (*y, dy)).collect();
    // TensorFlow answers null for integers and bools, which Gradus refuses as sources.
    let sources: Vec<_> =
        inputs.iter().filter(|x| x.dtype().is_float()).map(|x| Source::Tensor(x.clone())).collect();
    match tape.gradient_or_none(targets, &sources) {
        Ok(grads) => {
            let mut grads = grads.into_iter();
            Ok(inputs
                .iter()
                .map(|x| if x.dtype().is_float() { grads.next().flatten() } else { None })
                .collect())
        }
        Err(e) if e.kind() == ErrorKind::Gradient && case.values("grads")?.iter().all(Option::is_none) => {
            Ok(vec![None; inputs.len()])
        }
        Err(e) => Err(e.into()),
    }
}

/// An error naming the attributes that a binding did not look at.
pub fn all_used(attrs: &Attrs<'_>) -> Result<(), String> {
    let unused = attrs.unused();
    if unused.is_empty() { Ok(()) } else { Err(format!("the binding did not look at {}", unused.join(", "))) }
}
