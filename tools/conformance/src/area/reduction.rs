//! Reductions over axes, moments and norms, cumulative operations.

use gradus_tensor::ops::Norm;
use gradus_tensor::{Axes, DType};

use super::bind::{axes, take, unary};
use crate::golden::Attrs;
use crate::registry::{ConformanceError, Registry};

/// Binds reductions with `axis` and `keepdims`.
macro_rules! reductions {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, attrs| {
            let [x] = take(x)?;
            Ok(vec![x.$method(axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?)?])
        });
    )*};
}

/// Binds cumulative operations with `axis`, `exclusive` and `reverse`.
macro_rules! cumulative {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, attrs| {
            let [x] = take(x)?;
            let axis = attrs.i64_or("axis", 0)? as isize;
            Ok(vec![x.$method(axis, attrs.bool_or("exclusive", false)?, attrs.bool_or("reverse", false)?)?])
        });
    )*};
}

pub fn register(r: &mut Registry) {
    reductions!(r:
        "tf.math.reduce_std" => reduce_std,
        "tf.math.reduce_variance" => reduce_variance,
        "tf.reduce_all" => reduce_all,
        "tf.reduce_any" => reduce_any,
        "tf.reduce_logsumexp" => reduce_logsumexp,
        "tf.reduce_max" => reduce_max,
        "tf.reduce_mean" => reduce_mean,
        "tf.reduce_min" => reduce_min,
        "tf.reduce_prod" => reduce_prod,
        "tf.reduce_sum" => reduce_sum,
    );
    r.op("tf.math.reduce_euclidean_norm", |x, attrs| {
        let [x] = take(x)?;
        let (axes, keepdims) = (axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?);
        if !x.dtype().is_int() {
            return Ok(vec![x.reduce_euclidean_norm(axes, keepdims)?]);
        }
        // The root of an integer, cut off, as its user has to ask for it here.
        let sum = x.mul(x)?.reduce_sum(axes, keepdims)?;
        Ok(vec![sum.cast(DType::F64)?.sqrt()?.cast(x.dtype())?])
    });
    r.op("tf.math.count_nonzero", |x, attrs| {
        let [x] = take(x)?;
        let counts = x.count_nonzero(axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?)?;
        Ok(vec![counts.cast(attrs.dtype_or("dtype", counts.dtype())?)?])
    });
    cumulative!(r:
        "tf.cumsum" => cumsum,
        "tf.math.cumprod" => cumprod,
        "tf.math.cumulative_logsumexp" => cumulative_logsumexp,
    );
    unary!(r:
        "tf.nn.l2_loss" => l2_loss,
        "tf.nn.zero_fraction" => zero_fraction,
    );
    r.op("tf.nn.moments", |x, attrs| {
        let [x] = take(x)?;
        let (mean, variance) = x.moments(axes(attrs, "axes")?, attrs.bool_or("keepdims", false)?)?;
        Ok(vec![mean, variance])
    });
    r.op("x.weighted_moments", |x, attrs| {
        let [x, weights] = take(x)?;
        let (mean, variance) =
            x.weighted_moments(axes(attrs, "axes")?, weights, attrs.bool_or("keepdims", false)?)?;
        Ok(vec![mean, variance])
    });
    r.op("tf.math.l2_normalize", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.l2_normalize(axes(attrs, "axis")?, attrs.f64_or("epsilon", 1e-12)?)?])
    });
    for name in ["tf.norm", "x.norm"] {
        r.op(name, |x, attrs| {
            let [x] = take(x)?;
            let (norm, axes, keepdims) =
                (norm(attrs)?, axes(attrs, "axis")?, attrs.bool_or("keepdims", false)?);
            match &axes {
                Axes::List(list) if list.len() == 2 && norm == Norm::P(2.0) => {
                    Ok(vec![super::linalg::spectral_norm(x, list, keepdims)?])
                }
                _ => Ok(vec![x.norm(norm, axes, keepdims)?]),
            }
        });
    }
}

/// `ord`: a name or the exponent.
fn norm(attrs: &Attrs<'_>) -> Result<Norm, ConformanceError> {
    let read = |json: &serde_json::Value| match json.as_str() {
        Some("euclidean" | "fro") => Some(Norm::Euclidean),
        Some("inf" | "Infinity") => Some(Norm::Infinity),
        Some(_) => None,
        None => json.as_f64().map(Norm::P),
    };
    attrs.read_or("ord", read, Norm::Euclidean)
}
