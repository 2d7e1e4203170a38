//! The same elements under another shape: reshape, expand_dims, squeeze, flatten. Nothing is copied.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{Axes, Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Reshape::DEF];

crate::op! {
    /// The elements of the input, in the same order, under another shape.
    pub struct Reshape { shape: Shape } = "reshape"
}

impl Op for Reshape {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if self.shape.checked_len()? != x[0].len() {
            return Err(Error::shape(format!(
                "reshape: {} has {} elements, {} asks for {}",
                x[0].shape,
                x[0].len(),
                self.shape,
                self.shape.num_elements()
            )));
        }
        Ok(smallvec![x[0].reshaped(self.shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: all => { y[0].as_mut::<T>().copy_from_slice(x[0].as_slice::<T>()) });
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let dx = cx.dy(0)?.reshape(cx.x_spec(0).shape.clone())?;
        cx.give(0, dx)
    }
    fn lower(&self) -> Lower {
        Lower::Alias
    }
    fn alias(&self, _: &[&Spec]) -> Option<usize> {
        Some(0)
    }
}

impl Tensor {
    /// The same elements under another shape of as many elements.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if &shape == self.shape() {
            return Ok(self.clone());
        }
        apply1(&Reshape { shape }, &[self])
    }

    /// As [`Tensor::reshape`], where one size may be -1: what the others leave.
    ///
    /// Errors when two are -1, or when the elements do not divide.
    pub fn reshape_infer(&self, dims: &[isize]) -> Result<Tensor> {
        let known = Shape::from_iter(dims.iter().filter(|&&d| d >= 0).map(|&d| d as usize)).checked_len()?;
        let unknown = dims.iter().filter(|&&d| d == -1).count();
        if unknown > 1 || dims.iter().any(|&d| d < -1) {
            return Err(Error::shape(format!(
                "reshape: {dims:?} may have one -1 and no other negative size"
            )));
        }
        if unknown == 1 && (known == 0 || self.len() % known != 0) {
            return Err(Error::shape(format!(
                "reshape: {} has {} elements, which {dims:?} does not divide",
                self.shape(),
                self.len()
            )));
        }
        let shape: Shape =
            dims.iter().map(|&d| if d == -1 { self.len() / known } else { d as usize }).collect();
        self.reshape(shape)
    }

    /// The elements as a vector.
    pub fn flatten(&self) -> Result<Tensor> {
        self.reshape([self.len()])
    }

    /// An axis of size 1 inserted before `axis`; -1 appends one.
    pub fn expand_dims(&self, axis: isize) -> Result<Tensor> {
        let rank = self.rank() as isize;
        let at = if axis < 0 { axis + rank + 1 } else { axis };
        if !(0..=rank).contains(&at) {
            return Err(Error::shape(format!(
                "expand_dims: axis {axis} is out of range for shape {}",
                self.shape()
            )));
        }
        self.reshape(self.shape().with(at as usize, 1))
    }

    /// Axes of size 1 removed: all of them for `()`, else those named. Errors when a named one is not 1.
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        let axes = axes.into();
        let named = axes.resolve(self.shape())?;
        if let Axes::List(_) = axes {
            if let Some(&a) = named.iter().find(|&&a| self.shape()[a] != 1) {
                return Err(Error::shape(format!(
                    "squeeze: axis {a} of shape {} has size {}, expected 1",
                    self.shape(),
                    self.shape()[a]
                )));
            }
        }
        let keep = |i: &usize| !(named.contains(i) && self.shape()[*i] == 1);
        self.reshape((0..self.rank()).filter(keep).map(|i| self.shape()[i]).collect::<Shape>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let t = Tensor::range(12i32).unwrap();
        let u = t.reshape_infer(&[3, -1]).unwrap();
        assert_eq!(u.shape().dims(), [3, 4]);
        assert!(u.shares_storage(&t), "a reshape copies nothing");
        assert_eq!(u.expand_dims(-1).unwrap().shape().dims(), [3, 4, 1]);
        assert_eq!(u.expand_dims(0).unwrap().squeeze(()).unwrap().shape().dims(), [3, 4]);
        assert!(u.squeeze(0).is_err());
        assert!(t.reshape_infer(&[5, -1]).is_err());
        assert!(t.reshape_infer(&[0, -1]).is_err());
        assert!(t.reshape([usize::MAX, 2]).is_err());
    }
}
