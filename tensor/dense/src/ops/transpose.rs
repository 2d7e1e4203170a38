//! Axes in another order.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1};
use crate::view::{View, ViewMut};
use crate::{Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::layout;
use smallvec::{SmallVec, smallvec};

pub(super) const DEFS: &[OpDef] = &[Transpose::DEF];

crate::op! {
    /// Axis `i` of the output is axis `perm[i]` of the input.
    pub struct Transpose { perm: Vec<usize> } = "transpose"
}

impl Op for Transpose {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let rank = x[0].shape.rank();
        let mut sorted = self.perm.clone();
        sorted.sort_unstable();
        if sorted.len() != rank || sorted.iter().enumerate().any(|(i, &p)| i != p) {
            return Err(Error::shape(format!(
                "transpose: {:?} is no permutation of the axes of shape {}",
                self.perm, x[0].shape
            )));
        }
        Ok(smallvec![x[0].reshaped(self.perm.iter().map(|&p| x[0].shape[p]).collect::<Shape>())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: all => {
            Ok(layout::transpose::<T>(x[0].as_slice(), x[0].shape(), &self.perm, y[0].as_mut())?)
        })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?.transpose(&inverse(&self.perm))?;
        cx.give(0, g)
    }
    fn lower(&self) -> Lower {
        Lower::Transpose(SmallVec::from_slice(&self.perm))
    }
}

/// The permutation that undoes one.
pub(crate) fn inverse(perm: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; perm.len()];
    for (i, &p) in perm.iter().enumerate() {
        inverse[p] = i;
    }
    inverse
}

impl Tensor {
    /// Axes in another order: axis `i` of the result is axis `perm[i]` of this tensor.
    pub fn transpose(&self, perm: &[usize]) -> Result<Tensor> {
        if perm.iter().enumerate().all(|(i, &p)| i == p) && perm.len() == self.rank() {
            return Ok(self.clone());
        }
        apply1(&Transpose { perm: perm.to_vec() }, &[self])
    }

    /// The last two axes swapped: the transpose of every matrix of a batch.
    pub fn matrix_transpose(&self) -> Result<Tensor> {
        let rank = self.rank();
        if rank < 2 {
            return Err(Error::shape(format!(
                "matrix_transpose: expected matrices, found shape {}",
                self.shape()
            )));
        }
        let mut perm: Vec<usize> = (0..rank).collect();
        perm.swap(rank - 2, rank - 1);
        self.transpose(&perm)
    }

    /// One axis moved to another place; the others keep their order.
    pub fn move_axis(&self, from: isize, to: isize) -> Result<Tensor> {
        let (from, to) = (self.shape().axis(from)?, self.shape().axis(to)?);
        let mut perm: Vec<usize> = (0..self.rank()).filter(|&a| a != from).collect();
        perm.insert(to, from);
        self.transpose(&perm)
    }

    /// All axes in reverse order: the transpose of a matrix.
    pub fn t(&self) -> Result<Tensor> {
        self.transpose(&(0..self.rank()).rev().collect::<Vec<_>>())
    }
}
