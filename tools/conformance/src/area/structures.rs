//! Ragged and sparse values as cases write them, and back.

use gradus_ragged::{MaybeRagged, RaggedTensor};
use gradus_sparse::SparseTensor;
use gradus_tensor::Tensor;

use super::dense::{array, tensor};
use crate::golden::{Case, Value};
use crate::outcome::Outcome;
use crate::registry::ConformanceError;

/// The inputs of a case, each dense or ragged.
pub fn ragged_inputs(case: &Case) -> Result<Vec<MaybeRagged>, ConformanceError> {
    case.inputs()?.iter().map(maybe_ragged).collect()
}

/// A dense or ragged value of numbers.
pub fn maybe_ragged(value: &Value) -> Result<MaybeRagged, ConformanceError> {
    match value {
        Value::Array(a) => Ok(MaybeRagged::Dense(tensor(a)?)),
        Value::Ragged { row_splits, flat } => {
            let flat = maybe_ragged(flat)?.dense()?;
            Ok(MaybeRagged::Ragged(RaggedTensor::from_nested_row_splits(flat, row_splits.iter().cloned())?))
        }
        other => {
            Err(ConformanceError::NotImplemented(format!("{} among dense or ragged values", other.kind())))
        }
    }
}

/// A sparse value of numbers.
pub fn sparse(value: &Value) -> Result<SparseTensor, ConformanceError> {
    match value {
        Value::Sparse { indices, shape, flat } => {
            let Value::Array(flat) = flat.as_ref() else {
                return Err(ConformanceError::NotImplemented(format!("sparse {}", flat.kind())));
            };
            let indices = Tensor::from_vec(indices.concat(), [indices.len(), shape.len()])?;
            let shape: Result<Vec<usize>, _> = shape.iter().map(|&d| usize::try_from(d)).collect();
            let shape = shape.map_err(|e| ConformanceError::Case(format!("dense shape: {e}")))?;
            Ok(SparseTensor::new(indices, tensor(flat)?, shape)?)
        }
        other => Err(ConformanceError::Case(format!("expected sparse, found {}", other.kind()))),
    }
}

/// A dense value of numbers.
pub fn dense(value: &Value) -> Result<Tensor, ConformanceError> {
    match value {
        Value::Array(a) => tensor(a),
        other => Err(ConformanceError::Case(format!("expected an array, found {}", other.kind()))),
    }
}

/// Results as values to compare.
pub trait IntoValue {
    fn value(&self) -> Result<Value, ConformanceError>;
}

impl IntoValue for Tensor {
    fn value(&self) -> Result<Value, ConformanceError> {
        Ok(Value::Array(array(self)?))
    }
}

impl IntoValue for RaggedTensor {
    fn value(&self) -> Result<Value, ConformanceError> {
        Ok(Value::Ragged {
            row_splits: self.nested_row_splits().into_iter().map(<[i64]>::to_vec).collect(),
            flat: Box::new(self.flat_values().value()?),
        })
    }
}

impl IntoValue for MaybeRagged {
    fn value(&self) -> Result<Value, ConformanceError> {
        match self {
            MaybeRagged::Dense(dense) => dense.value(),
            MaybeRagged::Ragged(ragged) => ragged.value(),
        }
    }
}

impl IntoValue for SparseTensor {
    fn value(&self) -> Result<Value, ConformanceError> {
        let indices = self.indices().to_vec::<i64>()?;
        let indices = match self.rank() {
            0 => vec![Vec::new(); self.nnz()],
            rank => indices.chunks_exact(rank).map(<[i64]>::to_vec).collect(),
        };
        let shape = self.dense_shape().iter().map(|&d| d as i64).collect();
        Ok(Value::Sparse { indices, shape, flat: Box::new(self.values().value()?) })
    }
}

/// An outcome of these outputs, if every attribute was looked at.
pub fn outputs(case_attrs: &crate::Attrs<'_>, list: &[&dyn IntoValue]) -> Result<Outcome, ConformanceError> {
    let values = list.iter().map(|v| v.value()).collect::<Result<Vec<_>, _>>()?;
    Ok(Outcome::outputs(values).check("attributes", super::dense::all_used(case_attrs)))
}
