//! Indices as vectors with a single one.

use super::indices::{check_dtype, integers};
use crate::attr::OpDef;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::layout;
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[OneHot::DEF];

crate::op! {
    /// `on` where the position along the new axis is the index, `off` elsewhere.
    pub struct OneHot { depth: usize, axis: usize, dtype: DType, on: f64, off: f64 } = "one_hot"
}

impl Op for OneHot {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_dtype(Self::NAME, x[0].dtype)?;
        let shape = x[0].shape.with(self.axis, self.depth);
        shape.checked_len()?;
        Ok(smallvec![Spec::new(self.dtype, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let inner: usize = x[0].shape()[self.axis..].iter().product();
        let index = integers(Self::NAME, &x[0])?;
        dispatch!(self.dtype, T: all => {
            let (on, off) = (T::from_f64(self.on), T::from_f64(self.off));
            layout::one_hot::<T>(&index, self.depth, inner, on, off, y[0].as_mut());
        });
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Tensor {
    /// Vectors of length `depth` along a new last axis, 1 at the index and 0 elsewhere, as f32; all 0 for an index
    /// outside of `0..depth`. The tensor holds integers.
    pub fn one_hot(&self, depth: usize) -> Result<Tensor> {
        self.one_hot_with(depth, -1, DType::F32, 1.0, 0.0)
    }

    /// As [`Tensor::one_hot`], with the new axis (-1: last), the dtype and both values chosen.
    pub fn one_hot_with(&self, depth: usize, axis: isize, dtype: DType, on: f64, off: f64) -> Result<Tensor> {
        let rank = self.rank() as isize;
        let at = if axis < 0 { axis + rank + 1 } else { axis };
        if !(0..=rank).contains(&at) {
            return Err(Error::shape(format!(
                "one_hot: axis {axis} is out of range for shape {}",
                self.shape()
            )));
        }
        apply1(&OneHot { depth, axis: at as usize, dtype, on, off }, &[self])
    }
}
