//! Operations that move elements without computing.

use gradus_tensor::ops::{PadMode, meshgrid};
use gradus_tensor::{DType, Tensor};

use super::bind::{axes, take};
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    shapes(r);
    pieces(r);
    repetition(r);
}

fn shapes(r: &mut Registry) {
    r.op("tf.reshape", |x, attrs| {
        let [x] = take(x)?;
        let shape: Vec<isize> = attrs.i64s("shape")?.iter().map(|&d| d as isize).collect();
        Ok(vec![x.reshape_infer(&shape)?])
    });
    r.op("tf.expand_dims", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.expand_dims(attrs.i64("axis")? as isize)?])
    });
    r.op("tf.squeeze", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.squeeze(axes(attrs, "axis")?)?])
    });
    r.op("tf.broadcast_to", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.broadcast_to(attrs.usizes("shape")?)?])
    });
    r.op("tf.transpose", |x, attrs| {
        let [x] = take(x)?;
        let perm: Vec<usize> = match attrs.i64s_opt("perm")? {
            Some(perm) => {
                perm.iter().map(|&a| x.shape().axis(a as isize)).collect::<std::result::Result<_, _>>()?
            }
            None => (0..x.rank()).rev().collect(),
        };
        Ok(vec![x.transpose(&perm)?])
    });
    r.op("tf.linalg.matrix_transpose", |x, _| {
        let [x] = take(x)?;
        let mut perm: Vec<usize> = (0..x.rank()).collect();
        perm.swap(x.shape().axis(-1)?, x.shape().axis(-2)?);
        Ok(vec![x.transpose(&perm)?])
    });
    r.op("tf.shape", |x, attrs| {
        let [x] = take(x)?;
        let dims: Vec<i64> = x.shape().dims().iter().map(|&d| d as i64).collect();
        let shape = Tensor::from_slice(&dims, [dims.len()])?;
        Ok(vec![shape.cast(attrs.dtype_or("out_type", DType::I32)?)?])
    });
    r.op("tf.size", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![Tensor::scalar(x.len() as i64).cast(attrs.dtype_or("out_type", DType::I32)?)?])
    });
    r.op("tf.rank", |x, _| take(x).map(|[x]| vec![Tensor::scalar(x.rank() as i32)]));
}

fn pieces(r: &mut Registry) {
    r.op("tf.concat", |x, attrs| {
        Ok(vec![Tensor::concat(&x.iter().collect::<Vec<_>>(), attrs.i64("axis")? as isize)?])
    });
    r.op("tf.stack", |x, attrs| {
        Ok(vec![Tensor::stack(&x.iter().collect::<Vec<_>>(), attrs.i64_or("axis", 0)? as isize)?])
    });
    r.op("tf.unstack", |x, attrs| {
        let [x] = take(x)?;
        Ok(x.unstack(attrs.i64_or("axis", 0)? as isize)?)
    });
    r.op("tf.split", |x, attrs| {
        let [x] = take(x)?;
        let axis = attrs.i64_or("axis", 0)? as isize;
        match attrs.read("num_or_size_splits", |json| Some(json.as_u64()))? {
            Some(pieces) => Ok(x.split(pieces as usize, axis)?),
            None => Ok(x.split_sizes(&sizes(attrs, x.shape()[x.shape().axis(axis)?])?, axis)?),
        }
    });
    r.op("tf.meshgrid", |x, attrs| {
        let matrix = attrs.str_or("indexing", "xy")? == "ij";
        Ok(meshgrid(&x.iter().collect::<Vec<_>>(), matrix)?)
    });
}

/// The sizes of pieces, where -1 stands for what the others leave.
fn sizes(attrs: &Attrs<'_>, whole: usize) -> Result<Vec<usize>> {
    let asked = attrs.i64s("num_or_size_splits")?;
    let given: usize = asked.iter().map(|&s| usize::try_from(s).unwrap_or(0)).sum();
    Ok(asked.iter().map(|&s| usize::try_from(s).unwrap_or(whole.saturating_sub(given))).collect())
}

fn repetition(r: &mut Registry) {
    r.op("tf.tile", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.tile(&attrs.usizes("multiples")?)?])
    });
    r.op("tf.repeat", |x, attrs| {
        let [x] = take(x)?;
        let (x, axis) = match attrs.i64_opt("axis")? {
            Some(axis) => (x.clone(), axis as isize),
            None => (x.flatten()?, 0),
        };
        let times = attrs.usizes("repeats")?;
        Ok(vec![match times.as_slice() {
            &[times] => x.repeat(times, axis)?,
            times => x.repeat_each(times, axis)?,
        }])
    });
    r.op("tf.roll", |x, attrs| {
        let [x] = take(x)?;
        let (shifts, axes) = (attrs.i64s("shift")?, attrs.i64s("axis")?);
        let mut y = x.clone();
        for (shift, axis) in shifts.iter().zip(axes) {
            y = y.roll(*shift as isize, axis as isize)?;
        }
        Ok(vec![y])
    });
    r.op("tf.reverse", |x, attrs| {
        let [x] = take(x)?;
        let axes: Vec<isize> = attrs.i64s("axis")?.iter().map(|&a| a as isize).collect();
        Ok(vec![x.reverse(&axes)?])
    });
    r.op("tf.pad", |x, attrs| {
        let [x] = take(x)?;
        let paddings: Vec<_> = attrs.pairs("paddings")?.iter().map(|&[a, b]| (a, b)).collect();
        // True is 1, as it is in Python.
        let number = |v: &serde_json::Value| v.as_f64().or(v.as_bool().map(|b| f64::from(u8::from(b))));
        let value = attrs.read_or("constant_values", number, 0.0)?;
        let mode = match attrs.str_or("mode", "CONSTANT")?.to_ascii_uppercase().as_str() {
            "CONSTANT" => PadMode::Constant(value),
            "REFLECT" => PadMode::Reflect,
            "SYMMETRIC" => PadMode::Symmetric,
            other => return Err(ConformanceError::NotImplemented(format!("padding mode {other}"))),
        };
        Ok(vec![x.pad(&paddings, mode)?])
    });
}
