//! Explicit conversion between dtypes.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{DType, Keep, Lower, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::convert::convert;
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Cast::DEF];

crate::op! {
    /// Every element converted to another dtype.
    pub struct Cast { dtype: DType } = "cast"
}

impl Op for Cast {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(self.dtype, x[0].shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), A: all => {
            dispatch!(self.dtype, B: all => { convert::<A, B>(x[0].as_slice::<A>(), y[0].as_mut::<B>()) })
        });
        Ok(())
    }
    fn lower(&self) -> Lower {
        Lower::Cast
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let to = cx.x_spec(0).dtype;
        let passes = |d: DType| d.is_float() || d.is_complex();
        if passes(to) && passes(self.dtype) {
            let g = cx.dy(0)?.cast(to)?;
            cx.give(0, g)?;
        }
        Ok(())
    }
}

impl Tensor {
    /// Every element converted to `dtype`, as Rust's `as`: floats to integers truncate toward zero and saturate,
    /// NaN becomes 0; integers wrap to narrower ones; zero is false, all else true; complex numbers keep their
    /// real part. The gradient passes between floats and is nothing elsewhere.
    pub fn cast(&self, dtype: DType) -> Result<Tensor> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        apply1(&Cast { dtype }, &[self])
    }
}
