//! Ragged tensors: `tf.ragged`, `tf.RaggedTensor`, and the generic operations on ragged values.

use gradus_ragged::{MaybeRagged, RaggedTensor, concat, elementwise, select, stack};
use gradus_tensor::{Axes, Tensor, s};
use serde_json::Value as Json;

use super::bind::axes;
use super::structures::{IntoValue, maybe_ragged, outputs, ragged_inputs, sparse};
use crate::golden::{Attrs, Case, Kind};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Found = Result<MaybeRagged, ConformanceError>;

/// Binds functions of dense and ragged inputs and attributes with one output, for cases with a ragged input.
macro_rules! ragged {
    ($r:ident: $($name:literal => $f:expr),* $(,)?) => {$(
        $r.on(Kind::Ragged, $name, |case| {
            let attrs = case.attrs();
            let f: fn(&[MaybeRagged], &Attrs<'_>) -> Found = $f;
            let found = f(&ragged_inputs(case)?, &attrs)?;
            outputs(&attrs, &[&found])
        });
    )*};
}

/// As `ragged!`, whatever the inputs are made of.
macro_rules! any {
    ($r:ident: $($name:literal => $f:expr),* $(,)?) => {$(
        $r.run(Area::Structures, $name, |case| {
            let attrs = case.attrs();
            let f: fn(&[MaybeRagged], &Attrs<'_>) -> Found = $f;
            let found = f(&ragged_inputs(case)?, &attrs)?;
            outputs(&attrs, &[&found])
        });
    )*};
}

macro_rules! elementwise {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {
        any!($r: $($name => |x, _| Ok(elementwise(two(x)?, |v| v[0].$method(&v[1]))?)),*);
    };
}

macro_rules! reductions {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {
        ragged!($r: $($name => |x, attrs| {
            let axes: Axes = axes(attrs, "axis")?;
            Ok(one(x)?.$method(axes, attrs.bool_or("keepdims", false)?)?)
        }),*);
    };
}

fn one(x: &[MaybeRagged]) -> Result<RaggedTensor, ConformanceError> {
    match x {
        [one] => Ok(one.clone().ragged()?),
        _ => Err(ConformanceError::Case(format!("expected 1 input, found {}", x.len()))),
    }
}

fn two(x: &[MaybeRagged]) -> Result<&[MaybeRagged; 2], ConformanceError> {
    x.try_into().map_err(|_| ConformanceError::Case(format!("expected 2 inputs, found {}", x.len())))
}

pub fn register(r: &mut Registry) {
    constructors(r);
    parts(r);
    elementwise!(r:
        "x.ragged_add" => add, "x.ragged_subtract" => sub, "x.ragged_sub" => sub, "x.ragged_multiply" => mul,
        "x.ragged_mul" => mul, "x.ragged_divide" => div, "x.ragged_div" => div, "x.ragged_pow" => pow,
        "x.ragged_floordiv" => floor_div, "x.ragged_mod" => floor_mod, "x.ragged_maximum" => maximum,
        "x.ragged_minimum" => minimum, "x.ragged_less" => less, "x.ragged_less_equal" => less_equal,
        "x.ragged_greater" => greater, "x.ragged_greater_equal" => greater_equal, "x.ragged_equal" => equal,
        "x.ragged_not_equal" => not_equal,
    );
    reductions!(r:
        "tf.reduce_sum" => reduce_sum, "tf.reduce_mean" => reduce_mean, "tf.reduce_max" => reduce_max,
        "tf.reduce_min" => reduce_min, "tf.reduce_prod" => reduce_prod, "tf.reduce_any" => reduce_any,
        "tf.reduce_all" => reduce_all, "tf.math.reduce_std" => reduce_std,
        "tf.math.reduce_variance" => reduce_variance,
    );
    ragged!(r:
        "tf.add" => |x, _| Ok(elementwise(two(x)?, |v| v[0].add(&v[1]))?),
        "tf.concat" => |x, attrs| Ok(concat(x, attrs.i64("axis")? as isize)?),
        "tf.stack" => |x, attrs| Ok(stack(x, attrs.i64_or("axis", 0)? as isize)?),
        "tf.gather" => |x, attrs| {
            let [x, indices] = two(x)?;
            let batch = attrs.usize_or("batch_dims", 0)?;
            let axis = attrs.i64_or("axis", batch as i64)? as isize;
            Ok(x.gather_batch(indices, axis, batch)?)
        },
        "tf.gather_nd" => |x, _| {
            let [x, indices] = two(x)?;
            match x {
                MaybeRagged::Ragged(x) => Ok(x.gather_nd(indices)?),
                MaybeRagged::Dense(_) => Err(ConformanceError::NotImplemented("gather_nd of dense by ragged".into())),
            }
        },
        "tf.tile" => |x, attrs| Ok(one(x)?.tile(&attrs.usizes("multiples")?)?.into()),
        "tf.expand_dims" => |x, attrs| Ok(one(x)?.expand_dims(attrs.i64("axis")? as isize)?.into()),
        "tf.reverse" => |x, attrs| {
            let axes: Vec<isize> = attrs.i64s("axis")?.into_iter().map(|a| a as isize).collect();
            Ok(one(x)?.reverse(&axes)?.into())
        },
        "tf.cast" => |x, attrs| Ok(one(x)?.cast(attrs.dtype("dtype")?)?.into()),
        "tf.one_hot" => |x, attrs| Ok(one(x)?.one_hot(attrs.usize("depth")?)?.into()),
        "tf.size" => |x, _| Ok(Tensor::scalar(one(x)?.size() as i32).into()),
        "tf.rank" => |x, _| Ok(Tensor::scalar(one(x)?.rank() as i32).into()),
        "tf.where" => |x, _| match x {
            [condition] => Ok(condition.clone().ragged()?.coordinates()?.into()),
            [condition, then, otherwise] => Ok(select(condition, then, otherwise)?),
            _ => Err(ConformanceError::Case(format!("expected 1 or 3 inputs, found {}", x.len()))),
        },
    );
    any!(r:
        "tf.ragged.boolean_mask" => |x, _| {
            let [x, mask] = two(x)?;
            Ok(x.boolean_mask(mask)?)
        },
        "tf.ragged.stack" => |x, attrs| Ok(stack(x, attrs.i64_or("axis", 0)? as isize)?),
        "tf.ragged.stack_dynamic_partitions" => |x, attrs| {
            let [x, partitions] = two(x)?;
            Ok(x.stack_dynamic_partitions(partitions, attrs.usize("num_partitions")?)?.into())
        },
        "tf.ragged.range" => range,
        // The function is `exp` of one input and `maximum` of two.
        "tf.ragged.map_flat_values" => |x, _| match x {
            [x] => Ok(x.clone().ragged()?.map_flat_values(Tensor::exp)?.into()),
            [a, b] => {
                let (a, b) = (a.clone().ragged()?, b.clone().ragged()?);
                Ok(RaggedTensor::map_flat_values_of(&[&a, &b], |v| v[0].maximum(v[1]))?.into())
            }
            _ => Err(ConformanceError::Case(format!("expected 1 or 2 inputs, found {}", x.len()))),
        },
    );
}

/// Values and one encoding of their rows: as a second input, or as an attribute.
fn rows(
    x: &[MaybeRagged],
    attrs: &Attrs<'_>,
    name: &str,
) -> Result<(MaybeRagged, Vec<i64>), ConformanceError> {
    match x {
        [values] => Ok((values.clone(), attrs.i64s(name)?)),
        [values, rows] => {
            let rows = rows.clone().dense()?.cast(gradus_tensor::DType::I64)?.to_vec::<i64>()?;
            Ok((values.clone(), rows))
        }
        _ => Err(ConformanceError::Case(format!("expected 1 or 2 inputs, found {}", x.len()))),
    }
}

/// A list of lists of integers.
fn nested(attrs: &Attrs<'_>, name: &str) -> Result<Vec<Vec<i64>>, ConformanceError> {
    let list = |v: &Json| v.as_array()?.iter().map(Json::as_i64).collect::<Option<Vec<i64>>>();
    attrs.read(name, |v| v.as_array()?.iter().map(list).collect())
}

fn constructors(r: &mut Registry) {
    any!(r:
        "tf.RaggedTensor.from_row_splits" => |x, attrs| {
            let (values, splits) = rows(x, attrs, "row_splits")?;
            Ok(RaggedTensor::from_row_splits(values, splits)?.into())
        },
        "tf.RaggedTensor.from_row_lengths" => |x, attrs| {
            let (values, lengths) = rows(x, attrs, "row_lengths")?;
            Ok(RaggedTensor::from_row_lengths(values, lengths)?.into())
        },
        "tf.RaggedTensor.from_row_starts" => |x, attrs| {
            let (values, starts) = rows(x, attrs, "row_starts")?;
            Ok(RaggedTensor::from_row_starts(values, starts)?.into())
        },
        "tf.RaggedTensor.from_row_limits" => |x, attrs| {
            let (values, limits) = rows(x, attrs, "row_limits")?;
            Ok(RaggedTensor::from_row_limits(values, limits)?.into())
        },
        "tf.RaggedTensor.from_value_rowids" => |x, attrs| {
            let (values, ids) = rows(x, attrs, "value_rowids")?;
            let nrows = attrs.i64_opt("nrows")?.map(|n| n as usize);
            Ok(RaggedTensor::from_value_rowids(values, &ids, nrows)?.into())
        },
        "tf.RaggedTensor.from_uniform_row_length" => |x, attrs| {
            let [values] = x else { return Err(ConformanceError::Case("expected 1 input".into())) };
            let nrows = attrs.i64_opt("nrows")?.map(|n| n as usize);
            Ok(RaggedTensor::from_uniform_row_length(values, attrs.usize("uniform_row_length")?, nrows)?.into())
        },
        "tf.RaggedTensor.from_nested_row_splits" => |x, attrs| {
            let [flat] = x else { return Err(ConformanceError::Case("expected 1 input".into())) };
            let splits = nested(attrs, "nested_row_splits")?;
            Ok(RaggedTensor::from_nested_row_splits(flat.clone().dense()?, splits)?.into())
        },
        "tf.RaggedTensor.from_nested_row_lengths" => |x, attrs| {
            let [flat] = x else { return Err(ConformanceError::Case("expected 1 input".into())) };
            let lengths = nested(attrs, "nested_row_lengths")?;
            Ok(RaggedTensor::from_nested_row_lengths(flat.clone().dense()?, lengths)?.into())
        },
        "tf.RaggedTensor.from_nested_value_rowids" => |x, attrs| {
            let [flat] = x else { return Err(ConformanceError::Case("expected 1 input".into())) };
            let counts = attrs.i64s_opt("nested_nrows")?;
            let mut values = flat.clone();
            for (i, ids) in nested(attrs, "nested_value_rowids")?.iter().enumerate().rev() {
                let nrows = counts.as_ref().and_then(|c| c.get(i)).map(|&n| n as usize);
                values = RaggedTensor::from_value_rowids(values, ids, nrows)?.into();
            }
            Ok(values)
        },
        "tf.RaggedTensor.from_tensor" => from_tensor,
    );
    r.run(Area::Structures, "tf.RaggedTensor.from_sparse", |case| {
        let inputs = case.inputs()?;
        let [x] = &inputs[..] else { return Err(ConformanceError::Case("expected 1 input".into())) };
        outputs(&case.attrs(), &[&RaggedTensor::from_sparse(&sparse(x)?)?])
    });
}

fn from_tensor(x: &[MaybeRagged], attrs: &Attrs<'_>) -> Found {
    let dense =
        x.first().ok_or_else(|| ConformanceError::Case("expected an input".into()))?.clone().dense()?;
    let rank = attrs.usize_or("ragged_rank", 1)?;
    if let Some(padding) = attrs.read_or("padding", |v| Some(Some(v.clone())), None)? {
        let padding = numbers(&padding, dense.dtype())?;
        return Ok(RaggedTensor::from_tensor_padded(dense, &padding, rank)?.into());
    }
    if let [_, lengths] = x {
        let lengths = lengths.clone().dense()?.cast(gradus_tensor::DType::I64)?.to_vec::<i64>()?;
        return Ok(RaggedTensor::from_tensor_lengths(dense, &lengths, rank)?.into());
    }
    if attrs.has("lengths") {
        if let Ok(lengths) = attrs.i64s("lengths") {
            return Ok(RaggedTensor::from_tensor_lengths(dense, &lengths, rank)?.into());
        }
        let lengths = nested(attrs, "lengths")?;
        let lengths: Vec<&[i64]> = lengths.iter().map(Vec::as_slice).collect();
        return Ok(RaggedTensor::from_tensor_nested_lengths(dense, &lengths)?.into());
    }
    Ok(RaggedTensor::from_tensor(dense, rank)?.into())
}

/// A number, or nested lists of numbers, of that dtype.
fn numbers(json: &Json, dtype: gradus_tensor::DType) -> Result<Tensor, ConformanceError> {
    fn collect(json: &Json, flat: &mut Vec<f64>, shape: &mut Vec<usize>, depth: usize) -> Option<()> {
        match json {
            Json::Array(list) => {
                if shape.len() == depth {
                    shape.push(list.len());
                }
                list.iter().try_for_each(|v| collect(v, flat, shape, depth + 1))
            }
            Json::Bool(b) => {
                flat.push(f64::from(u8::from(*b)));
                Some(())
            }
            other => {
                flat.push(other.as_f64()?);
                Some(())
            }
        }
    }
    let (mut flat, mut shape) = (Vec::new(), Vec::new());
    collect(json, &mut flat, &mut shape, 0)
        .ok_or_else(|| ConformanceError::Case(format!("no numbers: {json}")))?;
    Ok(Tensor::from_vec(flat, shape)?.cast(dtype)?)
}

/// Limits; starts and limits; or starts, limits and deltas: as inputs, or as attributes.
fn range(x: &[MaybeRagged], attrs: &Attrs<'_>) -> Found {
    let mut given: Vec<(&str, Tensor)> = Vec::new();
    let names: &[&str] = match x.len() {
        0 => &[],
        1 => &["limits"],
        2 => &["starts", "limits"],
        _ => &["starts", "limits", "deltas"],
    };
    for (name, x) in names.iter().zip(x) {
        given.push((name, x.clone().dense()?));
    }
    for name in ["starts", "limits", "deltas"] {
        if let Some(json) = attrs.read_or(name, |v| Some(Some(v.clone())), None)? {
            let fraction = |v: &Json| v.as_f64().is_some() && v.as_i64().is_none();
            let floats = fraction(&json) || json.as_array().is_some_and(|l| l.iter().any(fraction));
            let dtype = if floats { gradus_tensor::DType::F32 } else { gradus_tensor::DType::I32 };
            given.push((name, numbers(&json, dtype)?));
        }
    }
    let dtype = given.iter().map(|(_, t)| t.dtype()).find(|d| *d != gradus_tensor::DType::I32);
    let dtype = dtype.unwrap_or(gradus_tensor::DType::I32);
    let get = |name: &str, default: Option<f64>| {
        let found = given.iter().find(|(n, _)| *n == name).map(|(_, t)| t.cast(dtype));
        match (found, default) {
            (Some(t), _) => Ok(t?),
            (None, Some(v)) => Ok(Tensor::scalar_of(dtype, v)),
            (None, None) => Err(ConformanceError::Case(format!("range without {name}"))),
        }
    };
    // With starts alone they are the limits, as in Python's range.
    let alone = !given.iter().any(|(n, _)| *n == "limits");
    let (starts, limits) = match alone {
        true => (Tensor::scalar_of(dtype, 0.0), get("starts", None)?),
        false => (get("starts", Some(0.0))?, get("limits", None)?),
    };
    Ok(RaggedTensor::range(&starts, &limits, &get("deltas", Some(1.0))?)?.into())
}

fn parts(r: &mut Registry) {
    let mut several = |name: &'static str, run: crate::registry::Run| r.run(Area::Structures, name, run);
    several("x.ragged_row_lengths", |case| {
        let x = only(case)?;
        let vector = |v: &[i64]| Tensor::from_slice(v, [v.len()]);
        outputs(
            &case.attrs(),
            &[
                &vector(&x.row_lengths())?,
                &Tensor::scalar(x.nrows() as i64),
                &vector(x.row_starts())?,
                &vector(x.row_limits())?,
                &vector(&x.value_rowids())?,
            ],
        )
    });
    several("x.ragged_bounding_shape", |case| {
        let shape: Vec<i64> = only(case)?.bounding_shape().into_iter().map(|d| d as i64).collect();
        outputs(&case.attrs(), &[&Tensor::from_slice(&shape, [shape.len()])?])
    });
    several("x.ragged_to_tensor", |case| {
        let (x, attrs) = (only(case)?, case.attrs());
        let default = attrs.read_or("default_value", |v| Some(Some(v.clone())), None)?;
        let default = default.map(|v| numbers(&v, x.dtype())).transpose()?;
        let dim = |v: &Json| match v {
            Json::Null => Some(None),
            v => match v.as_i64()? {
                -1 => Some(None),
                d => usize::try_from(d).ok().map(Some),
            },
        };
        let shape = attrs.read_or(
            "shape",
            |v| v.as_array()?.iter().map(dim).collect::<Option<Vec<_>>>().map(Some),
            None,
        )?;
        outputs(&attrs, &[&x.to_tensor_with(default.as_ref(), shape.as_deref())?])
    });
    several("x.ragged_to_sparse", |case| outputs(&case.attrs(), &[&only(case)?.to_sparse()?]));
    several("x.ragged_index", |case| {
        let x = only(case)?;
        let at = |i: isize| x.slice(s![i]);
        outputs(&case.attrs(), &[&at(0)?, &at(1)?, &at(-1)?])
    });
    several("x.ragged_slice", |case| {
        let x = only(case)?;
        let items: [&[_]; 5] = [&s![1..], &s![.., ..2], &s![.., -1..], &s![..;2], &s![.., ..;-1]];
        several_outputs(case, items.iter().map(|items| x.slice(items)))
    });
    several("x.merge_dims", |case| {
        let x = only(case)?;
        several_outputs(case, [(0, 1), (1, 2), (0, 2)].map(|(a, b)| x.merge_dims(a, b)))
    });
}

fn several_outputs(
    case: &Case,
    found: impl IntoIterator<Item = gradus_tensor::Result<MaybeRagged>>,
) -> Result<Outcome, ConformanceError> {
    let found = found.into_iter().collect::<gradus_tensor::Result<Vec<_>>>()?;
    outputs(&case.attrs(), &found.iter().map(|v| v as &dyn IntoValue).collect::<Vec<_>>())
}

fn only(case: &Case) -> Result<RaggedTensor, ConformanceError> {
    match &case.inputs()?[..] {
        [x] => Ok(maybe_ragged(x)?.ragged()?),
        other => Err(ConformanceError::Case(format!("expected 1 input, found {}", other.len()))),
    }
}
