//! Reductions of bools: any, all, and the count of what is not zero.

use super::reduce::reduced_shape;
use crate::attr::OpDef;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Axes, DType, Keep, Result, Spec, Specs, Tensor};
use gradus_kernels::reduce::Reduce;
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[ReduceAny::DEF, ReduceAll::DEF];

macro_rules! bool_reduction {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $kernel:ident) => {
        crate::op! {
            $(#[$m])*
            pub struct $name { axes: Vec<usize>, keepdims: bool } = $s
        }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                if x[0].dtype != DType::Bool {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                Ok(smallvec![x[0].reshaped(reduced_shape(&x[0].shape, &self.axes, self.keepdims))])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                super::reduce::forward(Reduce::$kernel, &self.axes, x, y)
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
            /// `axes`: `()` for all, one axis, or a list; negative axes count from the end. With `keepdims`
            /// the reduced axes stay with size 1.
            pub fn $method(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
                let axes = axes.into().resolve(self.shape())?.to_vec();
                apply1(&$name { axes, keepdims }, &[self])
            }
        }
    };
}

bool_reduction! {
    /// True where any bool over the axes is; false over an empty axis.
    ReduceAny = "reduce_any", reduce_any, Any
}
bool_reduction! {
    /// True where every bool over the axes is; true over an empty axis.
    ReduceAll = "reduce_all", reduce_all, All
}

impl Tensor {
    /// How many elements over the axes are not zero, as i64.
    pub fn count_nonzero(&self, axes: impl Into<Axes>, keepdims: bool) -> Result<Tensor> {
        self.cast(DType::Bool)?.cast(DType::I64)?.reduce_sum(axes, keepdims)
    }

    /// The share of elements that are zero, as f32.
    pub fn zero_fraction(&self) -> Result<Tensor> {
        let zeros = self.cast(DType::Bool)?.logical_not()?;
        zeros.cast(DType::F32)?.reduce_mean((), false)
    }
}
