//! A value through which no gradient flows.

use crate::attr::OpDef;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{Keep, Lower, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[StopGradient::DEF];

crate::op! {
    /// The input; to a tape it is a constant.
    pub struct StopGradient {} = "stop_gradient"
}

impl Op for StopGradient {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: all => { y[0].as_mut::<T>().copy_from_slice(x[0].as_slice::<T>()) });
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
    fn lower(&self) -> Lower {
        Lower::Stop
    }
    fn alias(&self, _: &[&Spec]) -> Option<usize> {
        Some(0)
    }
}

impl Tensor {
    /// The same values as a constant: no gradient flows through.
    pub fn stop_gradient(&self) -> Result<Tensor> {
        apply1(&StopGradient {}, &[self])
    }
}
