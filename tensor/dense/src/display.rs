//! Printing as TensorFlow prints: `tf.Tensor([1. 2.], shape=(2,), dtype=float32)`.
//!
//! The elements are laid out by [`numpy_text`](crate::numpy_text), so a printed tensor can be compared with the
//! output of a Python session letter by letter.

use crate::{Tensor, numpy_text, recorder};
use std::fmt;

impl Tensor {
    /// The elements as `str` of a NumPy array: `[[1. 2.]\n [3. 4.]]`, a bare number for a scalar.
    pub fn to_text(&self) -> String {
        recorder::suspended(|| numpy_text::plain(self))
    }

    /// The elements as `repr` of a NumPy array: `array([1., 2.], dtype=float32)`, a bare number for a scalar.
    pub fn to_code(&self) -> String {
        recorder::suspended(|| numpy_text::code(self))
    }

    /// `shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)`: what a variable's text says of its value.
    pub fn described(&self) -> String {
        let code = self.to_code();
        let line = if code.contains('\n') { "\n" } else { "" };
        format!("shape={} dtype={}, numpy={line}{code}", tuple(self.shape()), self.dtype())
    }
}

/// A shape as Python writes a tuple.
pub(crate) fn tuple(dims: &[usize]) -> String {
    match dims {
        [one] => format!("({one},)"),
        _ => format!("({})", dims.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_text();
        let line = if text.contains('\n') { "\n" } else { "" };
        write!(f, "tf.Tensor({line}{text}, shape={}, dtype={})", tuple(self.shape()), self.dtype())
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({})", self.spec())
    }
}
