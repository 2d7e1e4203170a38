//! Where the extremes are.

use crate::attr::OpDef;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[ArgMax::DEF, ArgMin::DEF];

/// Calls `better(candidate, best so far)` along the middle of (outer, n, inner) and gives the first best index.
fn search<T: Element>(x: &[T], around: (usize, usize, usize), y: &mut [i64], better: impl Fn(T, T) -> bool) {
    let (outer, n, inner) = around;
    for o in 0..outer {
        let block = &x[o * n * inner..(o + 1) * n * inner];
        for i in 0..inner {
            let mut at = 0;
            let mut best = block[i];
            for k in 1..n {
                let v = block[k * inner + i];
                if better(v, best) {
                    (at, best) = (k, v);
                }
            }
            y[o * inner + i] = at as i64;
        }
    }
}

macro_rules! arg_op {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $less:tt) => {
        crate::op! { $(#[$m])* pub struct $name { axis: usize } = $s }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                if x[0].dtype.is_complex() {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                if x[0].shape[self.axis] == 0 {
                    return Err(Error::shape(format!("{}: axis {} of shape {} is empty", $s, self.axis, x[0].shape)));
                }
                Ok(smallvec![Spec::new(DType::I64, x[0].shape.without(self.axis))])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                let (around, y) = (x[0].shape().around(self.axis), y[0].as_mut::<i64>());
                if x[0].dtype() == DType::Bool {
                    search::<bool>(x[0].as_slice(), around, y, |a, b| (a as u8) $less (b as u8));
                    return Ok(());
                }
                dispatch!(x[0].dtype(), T: real => {
                    search::<T>(x[0].as_slice(), around, y, |a, b| a $less b);
                    Ok(())
                } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
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
    ArgMax = "argmax", argmax, >
}
arg_op! {
    /// The index of the smallest value along an axis.
    ArgMin = "argmin", argmin, <
}
