//! Where a tensor is not zero, and the elements that a mask picks.

use crate::attr::OpDef;
use crate::op::{Op, Outputs, apply1};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, ErrorKind, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::threads::par_chunks_mut;
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Coordinates::DEF];

crate::op! {
    /// The coordinates of the elements that are not zero: `[n, rank]`, in row-major order.
    pub struct Coordinates {} = "coordinates"
}

/// The error of a shape or fill rule of an operation that has none.
pub(crate) fn dynamic(name: &str) -> Error {
    Error::new(ErrorKind::Trace, format!("{name}: the shape of the result depends on values"))
}

/// Elements that one thread looks through at a time.
const PIECE: usize = 1 << 15;

/// Where the elements lie that are not zero, in order.
fn positions<T: Element>(x: &[T]) -> Vec<i64> {
    let mut counts = vec![0usize; x.len().div_ceil(PIECE)];
    par_chunks_mut(&mut counts, 1, |piece, count| {
        let x = &x[piece * PIECE..x.len().min((piece + 1) * PIECE)];
        count[0] = x.iter().map(|&v| usize::from(v != T::ZERO)).sum();
    });
    let mut out = vec![0i64; counts.iter().sum()];
    // Every piece with the part of the result that is its own.
    let mut parts = Vec::with_capacity(counts.len());
    let mut rest = &mut out[..];
    for count in counts {
        let (part, later) = rest.split_at_mut(count);
        parts.push(part);
        rest = later;
    }
    par_chunks_mut(&mut parts, 1, |piece, part| {
        let (out, mut k) = (&mut *part[0], 0);
        for (i, &v) in (piece * PIECE..).zip(&x[piece * PIECE..]) {
            if k == out.len() {
                break;
            }
            // Written whether it is wanted or not: which elements are zero cannot be foreseen, so a branch would cost more.
            out[k] = i as i64;
            k += usize::from(v != T::ZERO);
        }
    });
    out
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
        let at;
        dispatch!(x[0].dtype(), T: all => { at = positions(x[0].as_slice::<T>()) });
        let count = at.len();
        if rank == 1 {
            return Ok(smallvec![Tensor::from_vec(at, [count, 1])?]);
        }
        let mut out = vec![0i64; count * rank];
        if rank > 0 {
            for (index, &at) in out.chunks_exact_mut(rank).zip(&at) {
                let mut rest = at as usize;
                for (i, &d) in index.iter_mut().zip(shape.iter()).rev() {
                    *i = (rest % d) as i64;
                    rest /= d;
                }
            }
        }
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
