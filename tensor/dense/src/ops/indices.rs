//! Reading index tensors: any integer dtype, every index checked against its axis.

use crate::op::unsupported_dtype;
use crate::view::View;
use crate::{DType, Element, Error, Result, dispatch};
use std::borrow::Cow;

/// The error when an index tensor is not of an integer dtype.
pub(crate) fn check_dtype(name: &str, dtype: DType) -> Result<()> {
    if dtype.is_int() { Ok(()) } else { Err(unsupported_dtype(&format!("{name}, as indices"), dtype)) }
}

/// Calls `f(position, index)` for every index, or errs at the first that is not below `limit`.
pub(crate) fn each(
    name: &str,
    v: &View<'_>,
    limit: usize,
    mut f: impl FnMut(usize, usize) -> Result<()>,
) -> Result<()> {
    let mut check = |p: usize, i: i64| match usize::try_from(i) {
        Ok(index) if index < limit => f(p, index),
        _ => Err(Error::value(format!("{name}: index {i} at position {p} is not in 0..{limit}"))),
    };
    if v.dtype() == DType::I32 {
        return v.as_slice::<i32>().iter().enumerate().try_for_each(|(p, &i)| check(p, i64::from(i)));
    }
    integers(name, v)?.iter().enumerate().try_for_each(|(p, &i)| check(p, i))
}

/// Errs at the first index that is not below `limit`.
pub(crate) fn check(name: &str, v: &View<'_>, limit: usize) -> Result<()> {
    each(name, v, limit, |_, _| Ok(()))
}

/// All integers as i64, those from 2^63 on wrapped to negative ones; nothing is copied when they are i64.
pub(crate) fn integers<'a>(name: &str, v: &View<'a>) -> Result<Cow<'a, [i64]>> {
    if v.dtype() == DType::I64 {
        return Ok(Cow::Borrowed(v.as_slice::<i64>()));
    }
    dispatch!(v.dtype(), I: int => {
        Ok(Cow::Owned(v.as_slice::<I>().iter().map(|i| i.to_i128() as i64).collect()))
    } else { Err(check_dtype(name, v.dtype()).err().unwrap_or_else(|| unsupported_dtype(name, v.dtype()))) })
}
