//! Printing as TensorFlow prints: `tf.Tensor([1. 2.], shape=(2,), dtype=float32)`.

use crate::Tensor;
use std::fmt;

impl Tensor {
    /// `shape=(2, 3), dtype=float32, numpy=..`-like text of the tensor, as used in the display of a variable.
    pub fn described(&self) -> String {
        format!("shape={} dtype={}", tuple(self.shape()), self.dtype())
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
        write!(
            f,
            "tf.Tensor({:?}, shape={}, dtype={})",
            crate::recorder::suspended(|| self.to_f64_vec()),
            tuple(self.shape()),
            self.dtype()
        )
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({})", self.spec())
    }
}
