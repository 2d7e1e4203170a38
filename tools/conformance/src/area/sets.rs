//! Sets: rows of dense or sparse arrays in, sparse arrays out.

use gradus_collections::{SetValues, Sets};
use gradus_tensor::{Tensor, bail_value};
use gradus_text::StringTensor;

use super::dense::{all_used, array, tensor};
use super::text::{string_tensor, strings};
use crate::golden::{Attrs, Case, Value};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    r.run(Area::Structures, "tf.sets.union", |case| run(case, |_| Ok(Operation::Union)));
    r.run(Area::Structures, "tf.sets.intersection", |case| run(case, |_| Ok(Operation::Intersection)));
    r.run(Area::Structures, "tf.sets.difference", |case| {
        run(case, |attrs| {
            let first = attrs.bool_or("aminusb", true)?;
            Ok(if first { Operation::Difference } else { Operation::DifferenceOfSecond })
        })
    });
    r.run(Area::Structures, "tf.sets.size", |case| run(case, |_| Ok(Operation::Size)));
    r.run(Area::Structures, "x.sets_to_dense", |case| run(case, |_| Ok(Operation::DenseUnion)));
}

#[derive(Clone, Copy)]
enum Operation {
    Union,
    Intersection,
    Difference,
    DifferenceOfSecond,
    Size,
    DenseUnion,
}

fn run(case: &Case, operation: impl Fn(&Attrs<'_>) -> Result<Operation>) -> Result<Outcome> {
    let attrs = case.attrs();
    // Whether an input's indices are checked for order; ours need none.
    attrs.bool_or("validate_indices", true)?;
    let operation = operation(&attrs)?;
    let inputs = case.inputs()?;
    let text = inputs.iter().any(|v| matches!(flat(v), Value::Strings { .. }));
    let outputs = if text {
        let sets = inputs.iter().map(|v| sets(v, text_values)).collect::<Result<Vec<_>>>()?;
        apply(operation, &sets, b"".to_vec(), |t: &StringTensor| Ok(strings(t)))?
    } else {
        let sets = inputs.iter().map(|v| sets(v, numbers)).collect::<Result<Vec<_>>>()?;
        apply(operation, &sets, 0, |t: &Tensor| Ok(array(t)?.into()))?
    };
    Ok(Outcome::outputs([outputs]).check("attributes", all_used(&attrs)))
}

fn flat(value: &Value) -> &Value {
    match value {
        Value::Sparse { flat, .. } => flat,
        other => other,
    }
}

fn numbers(value: &Value) -> Result<Tensor> {
    match value {
        Value::Array(a) => tensor(a),
        other => Err(ConformanceError::Case(format!("sets of numbers, found {}", other.kind()))),
    }
}

fn text_values(value: &Value) -> Result<StringTensor> {
    match value {
        Value::Strings { shape, values } => string_tensor(shape, values),
        other => Err(ConformanceError::Case(format!("sets of strings, found {}", other.kind()))),
    }
}

fn sets<V: SetValues>(value: &Value, read: impl Fn(&Value) -> Result<V>) -> Result<Sets<V>> {
    match value {
        Value::Sparse { indices, shape, flat } => {
            let size = |&d: &i64| usize::try_from(d).map_err(|e| ConformanceError::Rejected(e.to_string()));
            let dims = shape.iter().map(size).collect::<Result<Vec<_>>>()?;
            let indices = Tensor::from_vec(indices.concat(), [indices.len(), dims.len()])?;
            Ok(Sets::of_sparse(&indices, &read(flat)?, dims)?)
        }
        other => Ok(Sets::of_rows(&read(other)?)?),
    }
}

fn apply<V: SetValues>(
    operation: Operation,
    inputs: &[Sets<V>],
    blank: V::Key,
    write: impl Fn(&V) -> Result<Value>,
) -> Result<Value> {
    let pair = || match inputs {
        [a, b] => Ok((a, b)),
        _ => bail_value!("sets: expected 2 inputs, found {}", inputs.len()),
    };
    let result = match operation {
        Operation::Size => {
            let sets = inputs.first().ok_or_else(|| ConformanceError::Case("no input".to_string()))?;
            return Ok(array(&sets.size()?)?.into());
        }
        Operation::DenseUnion => {
            let (a, b) = pair()?;
            return write(&a.union(b)?.to_dense(blank)?);
        }
        Operation::Union => pair().and_then(|(a, b)| a.union(b))?,
        Operation::Intersection => pair().and_then(|(a, b)| a.intersection(b))?,
        Operation::Difference => pair().and_then(|(a, b)| a.difference(b))?,
        Operation::DifferenceOfSecond => pair().and_then(|(a, b)| b.difference(a))?,
    };
    let shape = result.dense_shape();
    let indices = result.indices()?.to_vec::<i64>()?;
    Ok(Value::Sparse {
        indices: indices.chunks(shape.rank()).map(<[i64]>::to_vec).collect(),
        shape: shape.iter().map(|&d| d as i64).collect(),
        flat: Box::new(write(result.values())?),
    })
}
