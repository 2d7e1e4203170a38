//! Where the extremes are.

use crate::attr::OpDef;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::reduce::{Arg, arg};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[ArgMax::DEF, ArgMin::DEF];

macro_rules! arg_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $which:ident) => {
        crate::op! { $(#[$m])* pub struct $name { axis: usize } = $s }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                if x[0].dtype.is_complex() || x[0].dtype == DType::Bool {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                if x[0].shape[self.axis] == 0 {
                    return Err(Error::shape(format!("{}: axis {} of shape {} is empty", $s, self.axis, x[0].shape)));
                }
                Ok(smallvec![Spec::new(DType::I64, x[0].shape.without(self.axis))])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                let (outer, n, inner) = x[0].shape().around(self.axis);
                dispatch!(x[0].dtype(), T: all => {
                    Ok(arg::<T>(Arg::$which, x[0].as_slice(), y[0].as_mut(), [outer, n, inner])?)
                })
            }
            fn keep(&self) -> Keep {
                Keep::NONE
            }
            fn differentiable(&self) -> bool {
                false
            }
        }
        impl Tensor {
            $(#[$m])*
            ///
            /// The result is i64 and lacks the axis; of equal values the first counts. NaN is never chosen unless it
            /// stands first. Errors when the axis is empty. TensorFlow's default axis is 0.
            pub fn $method(&self, axis: isize) -> Result<Tensor> {
                apply1(&$name { axis: self.shape().axis(axis)? }, &[self])
            }
        }
    };
}

arg_op! {
    /// The index of the largest value along an axis.
    ArgMax = "argmax", argmax, Max
}
arg_op! {
    /// The index of the smallest value along an axis.
    ArgMin = "argmin", argmin, Min
}
