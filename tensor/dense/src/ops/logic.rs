//! Logic on bools, operations on the bits of integers, and tests of floats. None has a gradient.

use super::elementwise::{binary_op, unary_op};
use crate::attr::OpDef;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{DType, Keep, Lower, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::elementwise::{Test, test};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[
    LogicalNot::DEF,
    LogicalAnd::DEF,
    LogicalOr::DEF,
    LogicalXor::DEF,
    Invert::DEF,
    BitwiseAnd::DEF,
    BitwiseOr::DEF,
    BitwiseXor::DEF,
    LeftShift::DEF,
    RightShift::DEF,
    IsNan::DEF,
    IsInf::DEF,
    IsFinite::DEF,
];

unary_op! {
    /// Not, of bools.
    LogicalNot = "logical_not", logical_not, LogicalNot
}
binary_op! {
    /// And, of bools.
    LogicalAnd = "logical_and", logical_and, LogicalAnd
}
binary_op! {
    /// Or, of bools.
    LogicalOr = "logical_or", logical_or, LogicalOr
}
binary_op! {
    /// Exclusive or, of bools.
    LogicalXor = "logical_xor", logical_xor, LogicalXor
}
unary_op! {
    /// All bits flipped, of integers.
    Invert = "invert", invert, Invert
}
binary_op! {
    /// And of bits, of integers.
    BitwiseAnd = "bitwise_and", bitwise_and, BitAnd
}
binary_op! {
    /// Or of bits, of integers.
    BitwiseOr = "bitwise_or", bitwise_or, BitOr
}
binary_op! {
    /// Exclusive or of bits, of integers.
    BitwiseXor = "bitwise_xor", bitwise_xor, BitXor
}
binary_op! {
    /// `x << y` of integers; `y` is kept between 0 and the width less one.
    LeftShift = "left_shift", left_shift, ShiftLeft
}
binary_op! {
    /// `x >> y` of integers, arithmetic for signed ones; `y` is kept between 0 and the width less one.
    RightShift = "right_shift", right_shift, ShiftRight
}

macro_rules! test_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident) => {
        crate::op! { $(#[$m])* pub struct $name {} = $s }
        impl Op for $name {
            fn name(&self) -> &'static str { Self::NAME }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                Ok(smallvec![Spec::new(DType::Bool, x[0].shape.clone())])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                dispatch!(x[0].dtype(), T: all => { test::<T>(Test::$name, x[0].as_slice(), y[0].as_mut()) });
                Ok(())
            }
            fn lower(&self) -> Lower { Lower::Test(Test::$name) }
            fn keep(&self) -> Keep { Keep::NONE }
            fn differentiable(&self) -> bool { false }
        }
        impl Tensor {
            $(#[$m])*
            pub fn $method(&self) -> Result<Tensor> { apply1(&$name {}, &[self]) }
        }
    };
}

test_op! {
    /// True where the value is NaN.
    IsNan = "is_nan", is_nan
}
test_op! {
    /// True where the value is infinite.
    IsInf = "is_inf", is_inf
}
test_op! {
    /// True where the value is neither infinite nor NaN.
    IsFinite = "is_finite", is_finite
}
