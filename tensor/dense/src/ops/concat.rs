//! Joining tensors along an axis, and taking them apart again.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Attributes, Op, apply, apply1, same_dtype};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::layout;
use smallvec::{SmallVec, smallvec};

pub(super) const DEFS: &[OpDef] = &[Concat::DEF, Split::DEF];

crate::op! {
    /// The inputs one after the other along an axis.
    pub struct Concat { axis: usize } = "concat"
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let first = x.first().ok_or_else(|| Error::value("concat: no tensors"))?;
        same_dtype(Self::NAME, x)?;
        let mut size = 0usize;
        for s in x {
            let fits = s.shape.rank() == first.shape.rank()
                && self.axis < s.shape.rank()
                && (0..s.shape.rank()).all(|a| a == self.axis || s.shape[a] == first.shape[a]);
            if !fits {
                return Err(Error::shape(format!(
                    "concat: shapes {} and {} differ outside of axis {}",
                    first.shape, s.shape, self.axis
                )));
            }
            size = size.saturating_add(s.shape[self.axis]);
        }
        let shape = first.shape.replaced(self.axis, size);
        shape.checked_len()?;
        Ok(smallvec![first.reshaped(shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (outer, _, inner) = y[0].shape().around(self.axis);
        dispatch!(y[0].dtype(), T: all => {
            let parts: SmallVec<[(&[T], usize); 8]> =
                x.iter().map(|v| (v.as_slice::<T>(), v.shape()[self.axis])).collect();
            layout::concat::<T>(&parts, y[0].as_mut(), outer, inner);
        });
        Ok(())
    }
    fn by_rows(&self, x: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        (self.axis > 0 && x.len() < 64).then(|| (self.boxed(), (1 << x.len()) - 1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let sizes: Vec<usize> = (0..cx.inputs()).map(|i| cx.x_spec(i).shape[self.axis]).collect();
        let parts = apply(&Split { axis: self.axis, sizes }, &[&cx.dy(0)?])?;
        for (i, g) in parts.into_iter().enumerate() {
            cx.give(i, g)?;
        }
        Ok(())
    }
}

crate::op! {
    /// Pieces of the given sizes along an axis.
    pub struct Split { axis: usize, sizes: Vec<usize> } = "split"
}

impl Op for Split {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let shape = &x[0].shape;
        let total = self.sizes.iter().try_fold(0usize, |n, &s| n.checked_add(s));
        if self.axis >= shape.rank() || total != Some(shape[self.axis]) {
            return Err(Error::shape(format!(
                "split: pieces of {:?} do not make up axis {} of shape {shape}",
                self.sizes, self.axis
            )));
        }
        Ok(self.sizes.iter().map(|&s| x[0].reshaped(shape.replaced(self.axis, s))).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (outer, _, inner) = x[0].shape().around(self.axis);
        dispatch!(x[0].dtype(), T: all => {
            let mut parts: SmallVec<[(&mut [T], usize); 8]> =
                y.iter_mut().zip(&self.sizes).map(|(y, &n)| (y.as_mut::<T>(), n)).collect();
            layout::split::<T>(x[0].as_slice(), &mut parts, outer, inner);
        });
        Ok(())
    }
    fn by_rows(&self, _: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        (self.axis > 0).then(|| (self.boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let pieces = (0..self.sizes.len()).map(|k| cx.dy(k)).collect::<Result<Vec<_>>>()?;
        let g = apply1(&Concat { axis: self.axis }, &pieces.iter().collect::<Vec<_>>())?;
        cx.give(0, g)
    }
}

impl Tensor {
    /// Tensors one after the other along an axis; all other axes must agree. Errors for an empty list.
    pub fn concat(tensors: &[&Tensor], axis: isize) -> Result<Tensor> {
        let first = tensors.first().ok_or_else(|| Error::value("concat: no tensors"))?;
        apply1(&Concat { axis: first.shape().axis(axis)? }, tensors)
    }

    /// Tensors of one shape side by side along a new axis; -1 makes it the last.
    pub fn stack(tensors: &[&Tensor], axis: isize) -> Result<Tensor> {
        let first = tensors.first().ok_or_else(|| Error::value("stack: no tensors"))?;
        if let Some(t) = tensors.iter().find(|t| t.shape() != first.shape()) {
            return Err(Error::shape(format!("stack: shapes differ: {} and {}", first.shape(), t.shape())));
        }
        let parts = tensors.iter().map(|t| t.expand_dims(axis)).collect::<Result<Vec<_>>>()?;
        let axis = if axis < 0 { axis + first.rank() as isize + 1 } else { axis };
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), axis)
    }

    /// The tensors that [`Tensor::stack`] would join to this one.
    pub fn unstack(&self, axis: isize) -> Result<Vec<Tensor>> {
        let axis = self.shape().axis(axis)?;
        let shape: Shape = self.shape().without(axis);
        let parts = apply(&Split { axis, sizes: vec![1; self.shape()[axis]] }, &[self])?;
        parts.into_iter().map(|p| p.reshape(shape.clone())).collect()
    }

    /// `pieces` parts of equal size along an axis. Errors when the axis does not divide.
    pub fn split(&self, pieces: usize, axis: isize) -> Result<Vec<Tensor>> {
        let n = self.shape()[self.shape().axis(axis)?];
        if pieces == 0 || n % pieces != 0 {
            return Err(Error::shape(format!(
                "split: axis {axis} of shape {} does not divide into {pieces} pieces",
                self.shape()
            )));
        }
        self.split_sizes(&vec![n / pieces; pieces], axis)
    }

    /// Parts of the given sizes along an axis; they must make up the axis.
    pub fn split_sizes(&self, sizes: &[usize], axis: isize) -> Result<Vec<Tensor>> {
        let axis = self.shape().axis(axis)?;
        Ok(apply(&Split { axis, sizes: sizes.to_vec() }, &[self])?.into_vec())
    }
}
