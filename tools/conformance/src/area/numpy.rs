//! `tf.experimental.numpy`: the same operations with NumPy's dtypes.
//!
//! Gradus converts no dtype silently. The bindings cast as a user would who wants NumPy's results.

use gradus_tensor::{DType, Result as TensorResult, Tensor};

use super::bind::{axes, take};
use super::elementwise::quotients;
use crate::registry::Registry;

/// Binds operations of two tensors after casting both to NumPy's common dtype.
macro_rules! promoted {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, _| {
            let (a, b) = common(take(x)?)?;
            Ok(vec![a.$method(&b)?])
        });
    )*};
}

/// Binds reductions after casting to the dtype that the function gives.
macro_rules! reductions {
    ($r:ident: $($name:literal => $method:ident after $cast:ident),* $(,)?) => {$(
        $r.op($name, |x, attrs| {
            let [x] = take(x)?;
            let x = x.cast($cast(x.dtype()))?;
            Ok(vec![x.$method(axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?)?])
        });
    )*};
}

pub fn register(r: &mut Registry) {
    promoted!(r:
        "tf.experimental.numpy.add" => add,
        "tf.experimental.numpy.hypot" => hypot,
        "tf.experimental.numpy.logaddexp" => logaddexp,
        "tf.experimental.numpy.matmul" => matmul,
    );
    reductions!(r:
        "tf.experimental.numpy.mean" => reduce_mean after float,
        "tf.experimental.numpy.std" => reduce_std after float,
        "tf.experimental.numpy.sum" => reduce_sum after wide,
        "tf.experimental.numpy.var" => reduce_variance after float,
    );
    r.op("tf.experimental.numpy.true_divide", |x, _| {
        let (a, b) = common(take(x)?)?;
        let number = |t: Tensor| if t.dtype() == DType::Bool { t.cast(DType::F64) } else { Ok(t) };
        let [a, b] = quotients(&[number(a)?, number(b)?])?;
        Ok(vec![a.div(&b)?])
    });
    r.op("tf.experimental.numpy.cumsum", |x, attrs| {
        let [x] = take(x)?;
        // NumPy would widen bytes to uint64; TensorFlow's running sums are int64.
        let wide = if x.dtype().is_float() { x.dtype() } else { DType::I64 };
        let x = x.cast(wide)?;
        Ok(vec![match attrs.i64_opt("axis")? {
            Some(axis) => x.cumsum(axis as isize, false, false)?,
            None => x.flatten()?.cumsum(0, false, false)?,
        }])
    });
    r.op("tf.experimental.numpy.dot", |x, _| {
        let (a, b) = common(take(x)?)?;
        if a.rank() == 0 || b.rank() == 0 {
            return Ok(vec![a.mul(&b)?]);
        }
        let inner = if b.rank() > 1 { -2 } else { -1 };
        Ok(vec![a.tensordot(&b, &[-1], &[inner])?])
    });
    r.op("tf.experimental.numpy.allclose", |x, attrs| {
        let (a, b) = common(take(x)?)?;
        let number = |v| Tensor::scalar_of(a.dtype(), v);
        let (relative, absolute) = (attrs.f64_or("rtol", 1e-5)?, attrs.f64_or("atol", 1e-8)?);
        let allowed = b.abs()?.mul(&number(relative))?.add(&number(absolute))?;
        Ok(vec![a.sub(&b)?.abs()?.less_equal(&allowed)?.reduce_all((), false)?])
    });
}

/// Both operands in NumPy's common dtype.
fn common([a, b]: &[Tensor; 2]) -> TensorResult<(Tensor, Tensor)> {
    let dtype = promote(a.dtype(), b.dtype());
    Ok((a.cast(dtype)?, b.cast(dtype)?))
}

/// NumPy's result type of two real dtypes.
fn promote(a: DType, b: DType) -> DType {
    if a == b || b == DType::Bool {
        return a;
    }
    if a == DType::Bool {
        return b;
    }
    match (a.is_float(), b.is_float()) {
        (true, true) => {
            if a.size() >= b.size() {
                a
            } else {
                b
            }
        }
        (true, false) => with_integer(a, b),
        (false, true) => with_integer(b, a),
        (false, false) => integers(a, b),
    }
}

/// A float and an integer: the float if its mantissa holds the integer, else the next one that does.
fn with_integer(float: DType, integer: DType) -> DType {
    match (float, integer.size()) {
        (DType::F32, 4..) => DType::F64,
        (DType::F16 | DType::BF16, 2) => DType::F32,
        (DType::F16 | DType::BF16, 4..) => DType::F64,
        _ => float,
    }
}

fn integers(a: DType, b: DType) -> DType {
    let unsigned = |d: DType| matches!(d, DType::U8 | DType::U16 | DType::U32 | DType::U64);
    let (large, small) = if a.size() >= b.size() { (a, b) } else { (b, a) };
    if unsigned(a) == unsigned(b) || (!unsigned(large) && large.size() > small.size()) {
        return large;
    }
    match large.size() {
        1 => DType::I16,
        2 => DType::I32,
        4 => DType::I64,
        _ => DType::F64,
    }
}

/// The dtype of a mean: float64 for integers.
fn float(dtype: DType) -> DType {
    if dtype.is_float() { dtype } else { DType::F64 }
}

/// The dtype of a sum: int64 for narrower signed integers and bools.
fn wide(dtype: DType) -> DType {
    match dtype {
        DType::Bool | DType::I8 | DType::I16 | DType::I32 => DType::I64,
        DType::U8 | DType::U16 | DType::U32 => DType::U64,
        other => other,
    }
}
