//! Where a tensor is not zero, and the elements that a mask picks.

use crate::attr::OpDef;
use crate::op::{Op, Outputs, apply1};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, ErrorKind, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::{SmallVec, smallvec};

pub(super) const DEFS: &[OpDef] = &[Coordinates::DEF];

crate::op! {
    /// The coordinates of the elements that are not zero: `[n, rank]`, in row-major order.
    pub struct Coordinates {} = "coordinates"
}

/// The error of a shape or fill rule of an operation that has none.
pub(crate) fn dynamic(name: &str) -> Error {
    Error::new(ErrorKind::Trace, format!("{name}: the shape of the result depends on values"))
}

impl Op for Coordinates {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, _: &[&Spec]) -> Result<Specs> {
        Err(dynamic(Self::NAME))
    }
    fn forward(&self, _: &[View<'_>], _: &mut [ViewMut<'_>]) -> Result<()> {
        Err(dynamic(Self::NAME))
    }
    fn is_dynamic(&self) -> bool {
        true
    }
    fn evaluate(&self, x: &[View<'_>]) -> Result<Outputs> {
        let shape = x[0].shape();
        let rank = shape.rank();
        let mut index: SmallVec<[i64; 6]> = SmallVec::from_elem(0, rank);
        let mut out: Vec<i64> = Vec::new();
        let mut count = 0;
        dispatch!(x[0].dtype(), T: all => {
            for v in x[0].as_slice::<T>() {
                if *v != T::ZERO {
                    out.extend_from_slice(&index);
                    count += 1;
                }
                for a in (0..rank).rev() {
                    index[a] += 1;
                    if (index[a] as usize) < shape[a] { break; }
                    index[a] = 0;
                }
            }
        });
        Ok(smallvec![Tensor::from_vec(out, [count, rank])?])
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Tensor {
    /// The coordinates of the elements that are not zero (or true), in row-major order: i64, `[n, rank]`.
    ///
    /// This is `tf.where` with one argument; with three it is [`Tensor::select`]. Errors for a scalar, which has none.
    pub fn coordinates(&self) -> Result<Tensor> {
        if self.rank() == 0 {
            return Err(Error::shape("coordinates: a scalar has no coordinates"));
        }
        apply1(&Coordinates {}, &[self])
    }

    /// The slices along an axis where a bool mask is true; the mask covers as many axes as it has, from `axis` on.
    ///
    /// Errors when the mask's shape differs from that of the axes.
    pub fn boolean_mask(&self, mask: &Tensor, axis: isize) -> Result<Tensor> {
        if mask.dtype() != DType::Bool {
            return Err(Error::dtype(format!("boolean_mask: the mask is {}, expected bool", mask.dtype())));
        }
        let axis = self.shape().axis(axis)?;
        let end = axis + mask.rank();
        if mask.rank() == 0 || end > self.rank() || self.shape()[axis..end] != mask.shape()[..] {
            return Err(Error::shape(format!(
                "boolean_mask: a mask of shape {} from axis {axis} on of shape {}",
                mask.shape(),
                self.shape()
            )));
        }
        let merged: Shape = self.shape()[..axis]
            .iter()
            .copied()
            .chain([mask.len()])
            .chain(self.shape()[end..].iter().copied())
            .collect();
        let at = mask.flatten()?.coordinates()?;
        let at = at.reshape([at.len()])?;
        self.reshape(merged)?.gather(&at, axis as isize)
    }
}
