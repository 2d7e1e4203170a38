//! Stretching to a larger shape.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::elementwise::Layout;
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[BroadcastTo::DEF];

crate::op! {
    /// The input, repeated along axes where its size is 1 or absent.
    pub struct BroadcastTo { shape: Shape } = "broadcast_to"
}

impl Op for BroadcastTo {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        self.shape.checked_len()?;
        match x[0].shape.broadcast(&self.shape) {
            Ok(s) if s == self.shape => Ok(smallvec![x[0].reshaped(s)]),
            _ => Err(Error::shape(format!(
                "broadcast_to: shape {} does not broadcast to {}",
                x[0].shape, self.shape
            ))),
        }
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = Layout::new(x[0].shape(), &self.shape)?;
        dispatch!(x[0].dtype(), T: all => { layout.read::<T>(x[0].as_slice(), 0, y[0].as_mut()) });
        Ok(())
    }
    fn lower(&self) -> Lower {
        Lower::Broadcast
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        // `give` sums over the stretched axes.
        let g = cx.dy(0)?;
        cx.give(0, g)
    }
}

impl Tensor {
    /// This tensor repeated along axes where its size is 1 or absent, to fill `shape`.
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if &shape == self.shape() {
            return Ok(self.clone());
        }
        apply1(&BroadcastTo { shape }, &[self])
    }
}
