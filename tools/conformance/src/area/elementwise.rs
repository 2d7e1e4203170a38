//! Elementwise operations of one, two and three tensors.

use gradus_tensor::ops::{add_n, clip_by_global_norm, global_norm};
use gradus_tensor::{DType, Tensor};

use super::bind::{axes, binary, take, unary};
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    arithmetic(r);
    functions(r);
    special(r);
    comparison(r);
    r.op("tf.cast", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.cast(attrs.dtype("dtype")?)?])
    });
    r.op("tf.saturate_cast", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.saturate_cast(attrs.dtype("dtype")?)?])
    });
    r.op("x.clip", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.clip(attrs.f64("lo")?, attrs.f64("hi")?)?])
    });
    r.op("tf.clip_by_norm", |x, attrs| {
        let [x] = take(x)?;
        Ok(vec![x.clip_by_norm(attrs.f64("clip_norm")?, axes(attrs, "axes")?)?])
    });
    r.op("x.clip_by_global_norm", |x, attrs| {
        let (mut clipped, norm) =
            clip_by_global_norm(&x.iter().collect::<Vec<_>>(), attrs.f64("clip_norm")?)?;
        clipped.push(norm);
        Ok(clipped)
    });
    r.op("tf.linalg.global_norm", |x, _| Ok(vec![global_norm(&x.iter().collect::<Vec<_>>())?]));
    // A tensor is immutable: sharing it is the identity.
    r.op("tf.identity", |x, _| take(x).map(|[x]| vec![x.clone()]));
}

fn arithmetic(r: &mut Registry) {
    unary!(r:
        "tf.abs" => abs,
        "tf.floor" => floor,
        "tf.math.ceil" => ceil,
        "tf.math.reciprocal" => reciprocal,
        "tf.math.reciprocal_no_nan" => reciprocal_no_nan,
        "tf.math.rint" => rint,
        "tf.negative" => neg,
        "tf.round" => round,
        "tf.sign" => sign,
        "tf.square" => square,
    );
    binary!(r:
        "tf.add" => add,
        "tf.math.floordiv" => floor_div,
        "tf.math.floormod" => floor_mod,
        "tf.math.mod" => floor_mod,
        "tf.math.multiply_no_nan" => mul_no_nan,
        "tf.math.squared_difference" => squared_difference,
        "tf.maximum" => maximum,
        "tf.minimum" => minimum,
        "tf.multiply" => mul,
        "tf.pow" => pow,
        "tf.subtract" => sub,
        "tf.truncatediv" => truncate_div,
        "tf.truncatemod" => truncate_mod,
    );
    r.op("tf.divide", |x, _| {
        let [a, b] = quotients(take(x)?)?;
        Ok(vec![a.div(&b)?])
    });
    r.op("tf.math.divide_no_nan", |x, _| {
        let [a, b] = quotients(take(x)?)?;
        Ok(vec![a.div_no_nan(&b)?])
    });
    for name in ["tf.add_n", "tf.math.accumulate_n"] {
        r.op(name, |x, _| Ok(vec![add_n(&x.iter().collect::<Vec<_>>())?]));
    }
}

/// Operands in the dtype that a quotient has in Python: a float for integers. Gradus leaves that step to the user.
pub fn quotients([a, b]: &[Tensor; 2]) -> Result<[Tensor; 2], ConformanceError> {
    let float = |t: &Tensor| match t.dtype() {
        DType::I8 | DType::U8 | DType::I16 | DType::U16 => t.cast(DType::F32),
        DType::I32 | DType::U32 | DType::I64 | DType::U64 => t.cast(DType::F64),
        _ => Ok(t.clone()),
    };
    if a.dtype() == b.dtype() { Ok([float(a)?, float(b)?]) } else { Ok([a.clone(), b.clone()]) }
}

fn functions(r: &mut Registry) {
    unary!(r:
        "tf.acos" => acos,
        "tf.acosh" => acosh,
        "tf.asin" => asin,
        "tf.asinh" => asinh,
        "tf.atan" => atan,
        "tf.atanh" => atanh,
        "tf.cos" => cos,
        "tf.cosh" => cosh,
        "tf.exp" => exp,
        "tf.math.acosh" => acosh,
        "tf.math.atanh" => atanh,
        "tf.math.expm1" => expm1,
        "tf.math.log" => log,
        "tf.math.log1p" => log1p,
        "tf.math.rsqrt" => rsqrt,
        "tf.sin" => sin,
        "tf.sinh" => sinh,
        "tf.sqrt" => sqrt,
        "tf.tan" => tan,
        "tf.tanh" => tanh,
    );
    binary!(r:
        "tf.atan2" => atan2,
        "tf.math.xdivy" => xdivy,
        "tf.math.xlog1py" => xlog1py,
        "tf.math.xlogy" => xlogy,
    );
}

fn special(r: &mut Registry) {
    unary!(r:
        "tf.math.bessel_i0" => bessel_i0,
        "tf.math.bessel_i0e" => bessel_i0e,
        "tf.math.bessel_i1" => bessel_i1,
        "tf.math.bessel_i1e" => bessel_i1e,
        "tf.math.special.bessel_j0" => bessel_j0,
        "tf.math.special.bessel_j1" => bessel_j1,
        "tf.math.special.bessel_k0" => bessel_k0,
        "tf.math.special.bessel_k0e" => bessel_k0e,
        "tf.math.special.bessel_k1" => bessel_k1,
        "tf.math.special.bessel_k1e" => bessel_k1e,
        "tf.math.special.bessel_y0" => bessel_y0,
        "tf.math.special.bessel_y1" => bessel_y1,
        "tf.math.digamma" => digamma,
        "tf.math.erf" => erf,
        "tf.math.erfc" => erfc,
        "tf.math.erfinv" => erfinv,
        "tf.math.lgamma" => lgamma,
        "tf.math.ndtri" => ndtri,
    );
    binary!(r:
        "tf.math.igamma" => igamma,
        "tf.math.igammac" => igammac,
        "tf.math.nextafter" => next_after,
        "tf.math.polygamma" => polygamma,
        "tf.math.zeta" => zeta,
    );
    r.op("tf.math.betainc", |x, _| {
        let [a, b, x] = take(x)?;
        Ok(vec![x.betainc(a, b)?])
    });
}

fn comparison(r: &mut Registry) {
    unary!(r:
        "tf.bitwise.invert" => invert,
        "tf.logical_not" => logical_not,
        "tf.math.is_finite" => is_finite,
        "tf.math.is_inf" => is_inf,
        "tf.math.is_nan" => is_nan,
    );
    binary!(r:
        "tf.bitwise.bitwise_and" => bitwise_and,
        "tf.bitwise.bitwise_or" => bitwise_or,
        "tf.bitwise.bitwise_xor" => bitwise_xor,
        "tf.bitwise.left_shift" => left_shift,
        "tf.bitwise.right_shift" => right_shift,
        "tf.equal" => equal,
        "tf.greater" => greater,
        "tf.greater_equal" => greater_equal,
        "tf.less" => less,
        "tf.less_equal" => less_equal,
        "tf.logical_and" => logical_and,
        "tf.logical_or" => logical_or,
        "tf.math.logical_xor" => logical_xor,
        "tf.not_equal" => not_equal,
    );
    r.op("tf.where", |x, _| match x {
        [condition] => Ok(vec![condition.coordinates()?]),
        _ => {
            let [condition, then, otherwise] = take(x)?;
            Ok(vec![condition.select(then, otherwise)?])
        }
    });
}
