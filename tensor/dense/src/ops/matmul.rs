//! Products of matrices, with batches, transposes, and a bias and activation folded in.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Element, Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[MatMul::DEF];

crate::op! {
    /// The matrix product over the last two axes; leading axes are batches and broadcast.
    pub struct MatMul { transpose_a: bool, transpose_b: bool } = "matmul"
}

/// Rows, columns and inner size of a product, and the batch shape.
pub(crate) struct Product {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub batch: Shape,
}

impl MatMul {
    pub(crate) fn product(&self, a: &Spec, b: &Spec) -> Result<Product> {
        let mismatch = || {
            let t = |yes: bool| if yes { "^T" } else { "" };
            Error::shape(format!(
                "matmul: inner dimensions differ: {}{} x {}{}",
                a.shape,
                t(self.transpose_a),
                b.shape,
                t(self.transpose_b)
            ))
        };
        if a.shape.rank() < 2 || b.shape.rank() < 2 {
            return Err(Error::shape(format!(
                "matmul: expected matrices, found shapes {} and {}",
                a.shape, b.shape
            )));
        }
        let (ra, rb) = (a.shape.rank(), b.shape.rank());
        let (mut m, mut ka) = (a.shape[ra - 2], a.shape[ra - 1]);
        if self.transpose_a {
            std::mem::swap(&mut m, &mut ka);
        }
        let (mut kb, mut n) = (b.shape[rb - 2], b.shape[rb - 1]);
        if self.transpose_b {
            std::mem::swap(&mut kb, &mut n);
        }
        if ka != kb {
            return Err(mismatch());
        }
        let batch =
            Shape::new(&a.shape[..ra - 2]).broadcast(&Shape::new(&b.shape[..rb - 2])).map_err(|_| {
                Error::shape(format!("matmul: batch axes of {} and {} do not broadcast", a.shape, b.shape))
            })?;
        Ok(Product { m, n, k: ka, batch })
    }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if x[0].dtype == crate::DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        let p = self.product(x[0], x[1])?;
        let shape: Shape = p.batch.iter().copied().chain([p.m, p.n]).collect();
        shape.checked_len()?;
        Ok(smallvec![Spec::new(x[0].dtype, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let p = self.product(x[0].spec(), x[1].spec())?;
        dispatch!(x[0].dtype(), T: real => {
            let (a, b) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
            let c = y[0].as_mut::<T>();
            let batches = p.batch.num_elements();
            let (na, nb) = (a.len() / (p.m * p.k).max(1), b.len() / (p.k * p.n).max(1));
            for i in 0..batches {
                let (ia, ib) = (if na == batches { i } else { 0 }, if nb == batches { i } else { 0 });
                let (a, b) = (&a[ia * p.m * p.k..], &b[ib * p.k * p.n..]);
                for r in 0..p.m {
                    for s in 0..p.n {
                        let mut acc = 0.0;
                        for k in 0..p.k {
                            let u = if self.transpose_a { a[k * p.m + r] } else { a[r * p.k + k] };
                            let v = if self.transpose_b { b[s * p.k + k] } else { b[k * p.n + s] };
                            acc += u.to_f64() * v.to_f64();
                        }
                        c[i * p.m * p.n + r * p.n + s] = T::from_f64(acc);
                    }
                }
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = cx.dy(0)?;
        let mul =
            |ta, tb, a: &Tensor, b: &Tensor| apply1(&MatMul { transpose_a: ta, transpose_b: tb }, &[a, b]);
        let (a, b) = (cx.x_spec(0).shape.rank() >= 2, self.transpose_b);
        debug_assert!(a);
        if cx.needs(0) {
            let da = match (self.transpose_a, b) {
                (false, false) => mul(false, true, &g, cx.x(1))?,
                (false, true) => mul(false, false, &g, cx.x(1))?,
                (true, false) => mul(false, true, cx.x(1), &g)?,
                (true, true) => mul(true, true, cx.x(1), &g)?,
            };
            cx.give(0, da)?;
        }
        if cx.needs(1) {
            let db = match (self.transpose_a, b) {
                (false, false) => mul(true, false, cx.x(0), &g)?,
                (false, true) => mul(true, false, &g, cx.x(0))?,
                (true, false) => mul(false, false, cx.x(0), &g)?,
                (true, true) => mul(true, true, &g, cx.x(0))?,
            };
            cx.give(1, db)?;
        }
        Ok(())
    }
    fn lower(&self) -> Lower {
        Lower::Contract
    }
}

impl Tensor {
    /// The matrix product over the last two axes; leading axes are batches and broadcast.
    ///
    /// `[.., m, k] x [.., k, n]` gives `[.., m, n]`.
    pub fn matmul(&self, other: &Tensor) -> Result<Tensor> {
        self.matmul_t(other, false, false)
    }

    /// As [`Tensor::matmul`], with either matrix taken as its transpose; nothing is copied for that.
    pub fn matmul_t(&self, other: &Tensor, transpose_a: bool, transpose_b: bool) -> Result<Tensor> {
        apply1(&MatMul { transpose_a, transpose_b }, &[self, other])
    }
}
