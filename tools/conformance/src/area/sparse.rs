//! Sparse tensors: `tf.sparse` and arithmetic with dense ones.

use gradus_sparse::{Bincount, SparseTensor, segment_mean, segment_sqrt_n, segment_sum};
use gradus_tensor::{Axes, DType, Tensor};

use super::bind::{axes, take};
use super::structures::{IntoValue, dense, outputs, sparse};
use crate::golden::{Attrs, Case, Value};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Found<T = SparseTensor> = Result<T, ConformanceError>;

/// Binds functions of one sparse input and attributes with one output.
macro_rules! unary {
    ($r:ident: $($name:literal => $f:expr),* $(,)?) => {$(
        $r.run(Area::Structures, $name, |case| {
            let f: fn(&SparseTensor, &Attrs<'_>) -> Found<Box<dyn IntoValue>> = $f;
            let (attrs, inputs) = (case.attrs(), case.inputs()?);
            let found = f(&sparse(first(&inputs)?)?, &attrs)?;
            outputs(&attrs, &[found.as_ref()])
        });
    )*};
}

/// Binds functions of two inputs and attributes with one output.
macro_rules! binary {
    ($r:ident: $($name:literal => $f:expr),* $(,)?) => {$(
        $r.run(Area::Structures, $name, |case| {
            let f: fn(&Value, &Value, &Attrs<'_>) -> Found<Box<dyn IntoValue>> = $f;
            let (attrs, inputs) = (case.attrs(), case.inputs()?);
            let [a, b] = &inputs[..] else {
                return Err(ConformanceError::Case(format!("expected 2 inputs, found {}", inputs.len())));
            };
            let found = f(a, b, &attrs)?;
            outputs(&attrs, &[found.as_ref()])
        });
    )*};
}

fn first(inputs: &[Value]) -> Found<&Value> {
    inputs.first().ok_or_else(|| ConformanceError::Case("expected an input".to_string()))
}

fn boxed(x: impl IntoValue + 'static) -> Found<Box<dyn IntoValue>> {
    Ok(Box::new(x))
}

fn default(attrs: &Attrs<'_>, dtype: DType) -> Found<Tensor> {
    let number = |v: &serde_json::Value| v.as_bool().map(|b| f64::from(u8::from(b))).or_else(|| v.as_f64());
    Ok(Tensor::scalar_of(dtype, attrs.read_or("default_value", number, 0.0)?))
}

pub fn register(r: &mut Registry) {
    unary!(r:
        "tf.sparse.to_dense" => |x, attrs| {
            let default = default(attrs, x.dtype())?;
            match attrs.bool_or("validate_indices", true)? {
                true => boxed(x.to_dense_with(&default)?),
                false => boxed(x.to_dense_unchecked(&default)?),
            }
        },
        "tf.sparse.reorder" => |x, _| boxed(x.reorder()?),
        "tf.sparse.slice" => |x, attrs| boxed(x.slice(&attrs.usizes("start")?, &attrs.usizes("size")?)?),
        "tf.sparse.reduce_sum" => |x, attrs| {
            let (axes, keepdims) = reduced(attrs)?;
            match attrs.bool_or("output_is_sparse", false)? {
                true => boxed(x.reduce_sum_sparse(axes, keepdims)?),
                false => boxed(x.reduce_sum(axes, keepdims)?),
            }
        },
        "tf.sparse.reduce_max" => |x, attrs| {
            let (axes, keepdims) = reduced(attrs)?;
            match attrs.bool_or("output_is_sparse", false)? {
                true => boxed(x.reduce_max_sparse(axes, keepdims)?),
                false => boxed(x.reduce_max(axes, keepdims)?),
            }
        },
        "tf.sparse.transpose" => |x, attrs| {
            let perm = if attrs.has("perm") { attrs.usizes("perm")? } else { Vec::new() };
            boxed(x.transpose(&perm)?)
        },
        "tf.sparse.reshape" => |x, attrs| {
            let shape: Vec<isize> = attrs.i64s("shape")?.into_iter().map(|d| d as isize).collect();
            boxed(x.reshape(&shape)?)
        },
        "tf.sparse.expand_dims" => |x, attrs| boxed(x.expand_dims(attrs.i64_or("axis", -1)? as isize)?),
        "tf.sparse.reset_shape" => |x, attrs| {
            let shape = if attrs.has("new_shape") { Some(attrs.usizes("new_shape")?) } else { None };
            boxed(x.reset_shape(shape.as_deref())?)
        },
        "tf.sparse.to_indicator" => |x, attrs| boxed(x.to_indicator(attrs.usize("vocab_size")?)?),
        "tf.sparse.softmax" => |x, _| boxed(x.softmax()?),
    );
    binary!(r:
        "tf.sparse.add" => |a, b, attrs| match (a, b) {
            (Value::Sparse { .. }, Value::Sparse { .. }) => {
                let threshold = attrs.f64_or("threshold", 0.0)?;
                let (a, b) = (sparse(a)?, sparse(b)?);
                if threshold == 0.0 { boxed(a.add(&b)?) } else { boxed(a.add_above(&b, threshold)?) }
            }
            (Value::Sparse { .. }, _) => boxed(sparse(a)?.add_dense(&dense(b)?)?),
            _ => boxed(sparse(b)?.add_dense(&dense(a)?)?),
        },
        "tf.sparse.maximum" => |a, b, _| boxed(sparse(a)?.maximum(&sparse(b)?)?),
        "tf.sparse.minimum" => |a, b, _| boxed(sparse(a)?.minimum(&sparse(b)?)?),
        "tf.sparse.sparse_dense_matmul" => |a, b, attrs| {
            let (adjoint_a, adjoint_b) = (attrs.bool_or("adjoint_a", false)?, attrs.bool_or("adjoint_b", false)?);
            match (a, b) {
                (Value::Sparse { .. }, _) => boxed(sparse(a)?.matmul_t(&dense(b)?, adjoint_a, adjoint_b)?),
                // A dense matrix times a sparse one is the transpose of the product the other way round.
                _ => boxed(sparse(b)?.matmul_t(&dense(a)?, !adjoint_b, !adjoint_a)?.t()?),
            }
        },
        "tf.sparse.retain" => |x, keep, _| boxed(sparse(x)?.retain(dense(keep)?.as_slice::<bool>()?)?),
        "x.sparse_times_dense" => |x, d, _| boxed(sparse(x)?.mul_dense(&dense(d)?)?),
        "x.sparse_div_dense" => |x, d, _| boxed(sparse(x)?.div_dense(&dense(d)?)?),
        "x.sparse_sparse_matmul" => |a, b, _| boxed(sparse(a)?.matmul_sparse(&sparse(b)?)?),
    );
    r.run(Area::Structures, "tf.sparse.from_dense", |case| {
        let inputs = case.inputs()?;
        outputs(&case.attrs(), &[&SparseTensor::from_dense(&dense(first(&inputs)?)?)?])
    });
    r.run(Area::Structures, "tf.sparse.eye", |case| {
        let attrs = case.attrs();
        let rows = attrs.usize("num_rows")?;
        let columns = attrs.usize_or("num_columns", rows)?;
        outputs(&attrs, &[&SparseTensor::eye(rows, columns, attrs.dtype_or("dtype", DType::F32)?)?])
    });
    r.run(Area::Structures, "tf.sparse.concat", |case| {
        let (attrs, list) = (case.attrs(), sparse_inputs(case)?);
        let list: Vec<&SparseTensor> = list.iter().collect();
        let axis = attrs.i64("axis")? as isize;
        let found = match attrs.bool_or("expand_nonconcat_dims", false)? {
            true => SparseTensor::concat_expanding(&list, axis)?,
            false => SparseTensor::concat(&list, axis)?,
        };
        outputs(&attrs, &[&found])
    });
    r.run(Area::Structures, "tf.sparse.split", |case| {
        let (attrs, list) = (case.attrs(), sparse_inputs(case)?);
        let [x] = &list[..] else { return Err(ConformanceError::Case("expected 1 input".into())) };
        let pieces = x.split(attrs.usize("num_split")?, attrs.i64_or("axis", 0)? as isize)?;
        outputs(&attrs, &pieces.iter().map(|p| p as &dyn IntoValue).collect::<Vec<_>>())
    });
    r.run(Area::Structures, "tf.sparse.fill_empty_rows", |case| {
        let (attrs, list) = (case.attrs(), sparse_inputs(case)?);
        let [x] = &list[..] else { return Err(ConformanceError::Case("expected 1 input".into())) };
        let (filled, empty) = x.fill_empty_rows(&default(&attrs, x.dtype())?)?;
        outputs(&attrs, &[&filled, &empty])
    });
    r.run(Area::Structures, "tf.sparse.bincount", bincount);
    r.run(Area::Structures, "tf.sparse.segment_sum", |case| segments(case, segment_sum));
    r.run(Area::Structures, "tf.sparse.segment_mean", |case| segments(case, segment_mean));
    r.run(Area::Structures, "tf.sparse.segment_sqrt_n", |case| segments(case, segment_sqrt_n));
}

fn reduced(attrs: &Attrs<'_>) -> Found<(Axes, bool)> {
    Ok((axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?))
}

fn sparse_inputs(case: &Case) -> Found<Vec<SparseTensor>> {
    case.inputs()?.iter().map(sparse).collect()
}

fn segments(
    case: &Case,
    f: fn(&Tensor, &Tensor, &Tensor, Option<usize>) -> gradus_tensor::Result<Tensor>,
) -> Result<Outcome, ConformanceError> {
    let attrs = case.attrs();
    let inputs = case.inputs()?.iter().map(dense).collect::<Found<Vec<_>>>()?;
    let [data, indices, ids] = take(&inputs)?;
    let count = attrs.i64_opt("num_segments")?.map(|n| n as usize);
    outputs(&attrs, &[&f(data, indices, ids, count)?])
}

fn bincount(case: &Case) -> Result<Outcome, ConformanceError> {
    let (attrs, inputs) = (case.attrs(), case.inputs()?);
    let mut b = Bincount::new();
    if let Some(weights) = inputs.get(1) {
        b = b.weights(&match weights {
            Value::Sparse { .. } => sparse(weights)?.values().clone(),
            other => dense(other)?,
        });
    }
    if let Some(n) = attrs.i64_opt("minlength")? {
        b = b.min_length(n as usize);
    }
    if let Some(n) = attrs.i64_opt("maxlength")? {
        b = b.max_length(n as usize);
    }
    if attrs.bool_or("binary_output", false)? {
        b = b.binary();
    }
    let by_row = attrs.i64_or("axis", 0)? == -1;
    let found = match first(&inputs)? {
        x @ Value::Sparse { .. } if by_row => b.rows(&sparse(x)?)?,
        x @ Value::Sparse { .. } => b.all(sparse(x)?.values())?,
        x if by_row => b.dense_rows(&dense(x)?)?,
        x => b.all(&dense(x)?)?,
    };
    outputs(&attrs, &[&found])
}
