//! Arithmetic and comparison of ragged tensors with ragged and dense ones, broadcast.

use std::ops::{Add, Div, Mul, Neg, Sub};

use gradus_tensor::{Result, Tensor};

use crate::{MaybeRagged, RaggedTensor, elementwise};

macro_rules! binary {
    ($($(#[$m:meta])* $name:ident;)*) => {
        impl RaggedTensor {$(
            $(#[$m])*
            ///
            /// The other operand is ragged or dense, and both are [broadcast](crate::elementwise).
            pub fn $name(&self, other: impl Into<MaybeRagged>) -> Result<RaggedTensor> {
                elementwise(&[self.into(), other.into()], |x| Tensor::$name(&x[0], &x[1]))
                    .and_then(MaybeRagged::ragged)
                    .map_err(|e| e.within(concat!("ragged ", stringify!($name))))
            }
        )*}
    };
}
binary! {
    /// The sum.
    add;
    /// The difference.
    sub;
    /// The product.
    mul;
    /// The quotient of floats.
    div;
    /// The quotient rounded down.
    floor_div;
    /// What is left of a division rounded down; it has the divisor's sign.
    floor_mod;
    /// The power.
    pow;
    /// The larger of two.
    maximum;
    /// The smaller of two.
    minimum;
    /// The square of the difference.
    squared_difference;
    /// The angle of the point `(other, self)`.
    atan2;
    /// Whether two are equal.
    equal;
    /// Whether two differ.
    not_equal;
    /// Whether the first is less.
    less;
    /// Whether the first is less or equal.
    less_equal;
    /// Whether the first is greater.
    greater;
    /// Whether the first is greater or equal.
    greater_equal;
    /// Whether both are true.
    logical_and;
    /// Whether any is true.
    logical_or;
    /// Whether exactly one is true.
    logical_xor;
}

macro_rules! operators {
    ($($trait:ident $method:ident;)*) => {$(
        impl<R: Into<MaybeRagged>> $trait<R> for &RaggedTensor {
            type Output = RaggedTensor;
            /// Panics where the named function errors.
            #[track_caller]
            fn $method(self, other: R) -> RaggedTensor {
                RaggedTensor::$method(self, other).unwrap_or_else(|e| panic!("{e}"))
            }
        }

        impl $trait<&RaggedTensor> for &Tensor {
            type Output = RaggedTensor;
            /// Panics where the named function errors.
            #[track_caller]
            fn $method(self, other: &RaggedTensor) -> RaggedTensor {
                elementwise(&[self.into(), other.into()], |x| Tensor::$method(&x[0], &x[1]))
                    .and_then(MaybeRagged::ragged)
                    .unwrap_or_else(|e| panic!("{e}"))
            }
        }
    )*};
}
operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
}

impl Neg for &RaggedTensor {
    type Output = RaggedTensor;
    /// Panics where the named function errors.
    #[track_caller]
    fn neg(self) -> RaggedTensor {
        RaggedTensor::neg(self).unwrap_or_else(|e| panic!("{e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_comparisons() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![4]]).unwrap();
        let two = Tensor::scalar(2);
        assert_eq!((&r + &r).to_text(), "[[2, 4], [], [8]]");
        assert_eq!((&two - &r).to_text(), "[[1, 0], [], [-2]]");
        assert_eq!((&r * &two).to_text(), "[[2, 4], [], [8]]");
        assert_eq!((-&r).to_text(), "[[-1, -2], [], [-4]]");
        assert_eq!(r.less(&two).unwrap().to_text(), "[[True, False], [], [False]]");
        let e = r.add(RaggedTensor::from_rows(vec![vec![1, 2], vec![3], vec![4]]).unwrap()).unwrap_err();
        assert!(e.to_string().contains("row 1"), "{e}");
        assert!(r.add(Tensor::scalar(1.5f32)).is_err(), "dtypes are never converted silently");
    }
}
