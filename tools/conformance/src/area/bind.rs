//! Short forms for bindings.

use gradus_tensor::{Axes, Tensor};

use crate::golden::Attrs;
use crate::registry::ConformanceError;

/// The inputs as an array of the length that the binding expects.
pub fn take<const N: usize>(inputs: &[Tensor]) -> Result<&[Tensor; N], ConformanceError> {
    let found = inputs.len();
    inputs.try_into().map_err(|_| ConformanceError::Case(format!("expected {N} inputs, found {found}")))
}

/// The axes of a reduction: all when the attribute is absent or null.
pub fn axes(attrs: &Attrs<'_>, name: &str) -> Result<Axes, ConformanceError> {
    Ok(match attrs.i64s_opt(name)? {
        Some(list) => Axes::List(list.iter().map(|&a| a as isize).collect()),
        None => Axes::All,
    })
}

/// Binds methods of one tensor without attributes: `unary!(r: "tf.exp" => exp, ..)`.
macro_rules! unary {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, _| {
            let [x] = $crate::area::bind::take(x)?;
            Ok(vec![x.$method()?])
        });
    )*};
}

/// Binds methods of two tensors without attributes: `binary!(r: "tf.add" => add, ..)`.
macro_rules! binary {
    ($r:ident: $($name:literal => $method:ident),* $(,)?) => {$(
        $r.op($name, |x, _| {
            let [a, b] = $crate::area::bind::take(x)?;
            Ok(vec![a.$method(b)?])
        });
    )*};
}

pub(crate) use {binary, unary};
