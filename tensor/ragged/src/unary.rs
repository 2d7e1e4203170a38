//! Functions of one ragged tensor, element by element.

use gradus_tensor::{DType, Result};

use crate::RaggedTensor;

macro_rules! unary {
    ($($(#[$m:meta])* $name:ident;)*) => {
        impl RaggedTensor {$(
            $(#[$m])*
            pub fn $name(&self) -> Result<RaggedTensor> {
                self.map_flat_values(|x| x.$name())
            }
        )*}
    };
}
unary! {
    /// The negative.
    neg;
    /// The magnitude.
    abs;
    /// -1, 0 or 1.
    sign;
    /// The exponential.
    exp;
    /// The natural logarithm.
    log;
    /// The natural logarithm of `1 + x`.
    log1p;
    /// The square root.
    sqrt;
    /// One over the square root.
    rsqrt;
    /// The square.
    square;
    /// One over the element.
    reciprocal;
    /// Rounded to the nearest integer, halves to the even one.
    round;
    /// Rounded down.
    floor;
    /// Rounded up.
    ceil;
    /// The sine.
    sin;
    /// The cosine.
    cos;
    /// The hyperbolic tangent.
    tanh;
    /// `1 / (1 + exp(-x))`.
    sigmoid;
    /// The larger of 0 and the element.
    relu;
    /// The other truth value.
    logical_not;
    /// Whether the element is NaN.
    is_nan;
    /// Zeros in the same rows.
    zeros_like;
    /// Ones in the same rows.
    ones_like;
    /// The same values, through which no gradient flows.
    stop_gradient;
}

impl RaggedTensor {
    /// The elements in another dtype.
    pub fn cast(&self, dtype: DType) -> Result<RaggedTensor> {
        self.map_flat_values(|x| x.cast(dtype))
    }

    /// The elements pressed into `low..=high`.
    pub fn clip(&self, low: f64, high: f64) -> Result<RaggedTensor> {
        self.map_flat_values(|x| x.clip(low, high))
    }

    /// Every integer as a float32 vector of `depth` zeros with a one at its place; all zeros when it is outside.
    pub fn one_hot(&self, depth: usize) -> Result<RaggedTensor> {
        self.map_flat_values(|x| x.one_hot(depth))
    }
}
