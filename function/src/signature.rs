//! What a function says its inputs are.

use crate::arguments::Argument;
use gradus_tensor::{DType, Error, Result};
use std::fmt;

/// Dtype and shape of an input, with `None` for dimensions that may be of any size.
///
/// One graph serves all sizes of an unknown dimension. Memory is planned and kernels are chosen for each size when it
/// first comes, without running the function's body again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSpec {
    dtype: DType,
    dims: Vec<Option<usize>>,
}

impl InputSpec {
    /// `InputSpec::new(DType::F32, [None, Some(10)])`: rows of ten numbers.
    pub fn new(dtype: DType, dims: impl Into<Vec<Option<usize>>>) -> InputSpec {
        InputSpec { dtype, dims: dims.into() }
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dimensions, `None` where any size goes.
    pub fn dims(&self) -> &[Option<usize>] {
        &self.dims
    }

    /// The dimensions, with this size in the place of those that are unknown.
    pub(crate) fn sizes(&self, unknown: usize) -> Vec<usize> {
        self.dims.iter().map(|d| d.unwrap_or(unknown)).collect()
    }

    fn fits(&self, a: &Argument) -> bool {
        let s = a.tensor().spec();
        s.dtype == self.dtype
            && s.shape.rank() == self.dims.len()
            && s.shape.iter().zip(&self.dims).all(|(n, d)| d.is_none_or(|d| d == *n))
    }
}

impl fmt::Display for InputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.dims.iter().map(|d| d.map_or("?".into(), |d| d.to_string())).collect();
        write!(f, "{}[{}]", self.dtype, dims.join(", "))
    }
}

/// Unknown dimensions: input and axis.
pub(crate) fn open(signature: &[InputSpec]) -> Vec<(usize, usize)> {
    let of = |(i, s): (usize, &InputSpec)| -> Vec<(usize, usize)> {
        let axes = s.dims.iter().enumerate().filter(|(_, d)| d.is_none());
        axes.map(|(axis, _)| (i, axis)).collect()
    };
    signature.iter().enumerate().flat_map(of).collect()
}

/// Errors, naming the first argument that does not fit.
pub(crate) fn check(signature: &[InputSpec], arguments: &[Argument]) -> Result<()> {
    if signature.len() != arguments.len() {
        return Err(Error::value(format!(
            "expected {} arguments, found {}",
            signature.len(),
            arguments.len()
        )));
    }
    for (i, (s, a)) in signature.iter().zip(arguments).enumerate() {
        if !s.fits(a) {
            return Err(Error::shape(format!(
                "argument {i} is {}, the signature says {s}",
                a.tensor().spec()
            )));
        }
    }
    Ok(())
}
