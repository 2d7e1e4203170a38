//! Products of matrices and tensors, diagonals.

use gradus_tensor::ops::{Align, Diagonals, einsum};
use gradus_tensor::{DType, Tensor};

use super::bind::{binary, take, unary};
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    products(r);
    diagonals(r);
}

fn products(r: &mut Registry) {
    r.op("tf.matmul", |x, attrs| {
        let [a, b] = take(x)?;
        Ok(vec![a.matmul_t(b, transposed(attrs, "a")?, transposed(attrs, "b")?)?])
    });
    r.op("tf.linalg.matvec", |x, attrs| {
        let [a, b] = take(x)?;
        Ok(vec![a.matmul_t(&b.expand_dims(-1)?, transposed(attrs, "a")?, false)?.squeeze(-1)?])
    });
    r.op("x.einsum", |x, attrs| Ok(vec![einsum(attrs.str("equation")?, &x.iter().collect::<Vec<_>>())?]));
    r.op("tf.tensordot", |x, attrs| {
        let [a, b] = take(x)?;
        let (axes_a, axes_b) = contracted(attrs, a.rank())?;
        Ok(vec![a.tensordot(b, &axes_a, &axes_b)?])
    });
}

/// The adjoint of a real matrix is its transpose.
fn transposed(attrs: &Attrs<'_>, which: &str) -> Result<bool, ConformanceError> {
    let transpose = attrs.bool_or(&format!("transpose_{which}"), false)?;
    let adjoint = attrs.bool_or(&format!("adjoint_{which}"), false)?;
    Ok(transpose || adjoint)
}

/// `axes`: a number (the last of the left with the first of the right) or two lists.
fn contracted(attrs: &Attrs<'_>, rank: usize) -> Result<(Vec<isize>, Vec<isize>), ConformanceError> {
    let count = attrs.read("axes", |json| Some(json.as_u64()))?;
    if let Some(count) = count {
        let (count, rank) = (count as isize, rank as isize);
        return Ok(((rank - count..rank).collect(), (0..count).collect()));
    }
    // One axis each, or a list of axes each.
    let list = |json: &serde_json::Value| match json.as_i64() {
        Some(axis) => Some(vec![axis as isize]),
        None => json.as_array()?.iter().map(|a| a.as_i64().map(|a| a as isize)).collect::<Option<Vec<_>>>(),
    };
    attrs.read("axes", |json| Some((list(json.get(0)?)?, list(json.get(1)?)?)))
}

fn diagonals(r: &mut Registry) {
    unary!(r:
        "tf.linalg.tensor_diag" => tensor_diag,
        "tf.linalg.tensor_diag_part" => tensor_diag_part,
        "tf.linalg.trace" => trace,
    );
    binary!(r: "tf.linalg.cross" => cross);
    r.op("tf.linalg.set_diag", |x, attrs| {
        let [x, diagonals] = take(x)?;
        Ok(vec![x.set_diag(diagonals, diagonals_of(attrs)?)?])
    });
    r.op("tf.linalg.diag", |x, attrs| {
        let [x] = take(x)?;
        // -1: not given.
        let size = |name| Ok::<_, ConformanceError>(usize::try_from(attrs.i64_or(name, -1)?).ok());
        Ok(vec![x.diag_sized(diagonals_of(attrs)?, size("num_rows")?, size("num_cols")?)?])
    });
    r.op("tf.linalg.diag_part", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.diag_part(diagonals_of(attrs)?)?])
    });
    r.op("tf.linalg.band_part", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.band_part(attrs.i64("num_lower")? as isize, attrs.i64("num_upper")? as isize)?])
    });
    r.op("tf.eye", |x, attrs| {
        let [] = take(x)?;
        let rows = attrs.usize("num_rows")?;
        let columns = attrs.usize_or("num_columns", rows)?;
        let eye = Tensor::eye(rows, columns, attrs.dtype_or("dtype", DType::F32)?)?;
        let mut shape = attrs.read_or("batch_shape", sizes, Vec::new())?;
        shape.extend([rows, columns]);
        Ok(vec![eye.broadcast_to(shape)?])
    });
}

/// `k`, one number or two, with `align` and `padding_value`.
fn diagonals_of(attrs: &Attrs<'_>) -> Result<Diagonals, ConformanceError> {
    let k = match attrs.i64s_opt("k")?.as_deref() {
        None => Diagonals::from(0),
        // TensorFlow gives a band of one diagonal as a vector.
        Some(&[k]) => Diagonals::from(k as isize),
        Some(&[lower, upper]) if lower == upper => Diagonals::from(lower as isize),
        Some(&[lower, upper]) => Diagonals::from(lower as isize..=upper as isize),
        Some(other) => return Err(ConformanceError::Case(format!("k {other:?}"))),
    };
    let align = match attrs.str_or("align", "RIGHT_LEFT")? {
        "RIGHT_LEFT" => Align::RightLeft,
        "LEFT_RIGHT" => Align::LeftRight,
        "LEFT_LEFT" => Align::LeftLeft,
        "RIGHT_RIGHT" => Align::RightRight,
        other => return Err(ConformanceError::Case(format!("align {other}"))),
    };
    Ok(k.align(align).padding(attrs.f64_or("padding_value", 0.0)?))
}

fn sizes(json: &serde_json::Value) -> Option<Vec<usize>> {
    json.as_array()?.iter().map(|d| usize::try_from(d.as_u64()?).ok()).collect()
}
