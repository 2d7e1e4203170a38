//! Products of matrices, with batches, transposes, and a bias and activation folded in.

use super::linear::{Activation, Linear, LinearAdd};
use super::packed::gemm_repeated;
use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Attributes, Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::elementwise::Binary;
use gradus_kernels::gemm::{Epilogue, Gemm, Number, gemm};
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

impl MatMul {
    fn shape(&self, p: &Product) -> Gemm {
        let shape = Gemm::new(p.m, p.n, p.k);
        let shape = if self.transpose_a { shape.trans_a() } else { shape };
        if self.transpose_b { shape.trans_b() } else { shape }
    }

    fn run<T: Number>(&self, p: &Product, x: &[View<'_>], c: &mut [T]) {
        let (a, b) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
        let mut shape = self.shape(p);
        let (na, nb, nc) = (p.m * p.k, p.k * p.n, p.m * p.n);
        let batches = p.batch.num_elements();
        let stride = |shape: &Shape, size: usize| {
            let own = shape[..shape.rank() - 2].iter().product::<usize>();
            if own == batches {
                Some(size)
            } else if own == 1 {
                Some(0)
            } else {
                None
            }
        };
        match (stride(x[0].shape(), na), stride(x[1].shape(), nb)) {
            // A stack of rows against one matrix is one tall product.
            (Some(sa), Some(0)) if sa == na && !self.transpose_a && batches > 1 => {
                shape.m = p.m * batches;
                gemm(&shape, a, b, c, &Epilogue::NONE);
            }
            (Some(sa), Some(sb)) => gemm(&shape.batch(batches, sa, sb, nc), a, b, c, &Epilogue::NONE),
            _ => {
                let (ia, ib) = (batch_indices(x[0].shape(), &p.batch), batch_indices(x[1].shape(), &p.batch));
                for (i, c) in c.chunks_exact_mut(nc.max(1)).enumerate() {
                    gemm(&shape, &a[ia[i] * na..], &b[ib[i] * nb..], c, &Epilogue::NONE);
                }
            }
        }
    }
}

/// For each product of the batch, which matrix of a stack that broadcasts to it.
fn batch_indices(shape: &Shape, batch: &Shape) -> Vec<usize> {
    let own = Shape::new(&shape[..shape.rank() - 2]);
    let strides = own.strides();
    let extra = batch.rank() - own.rank();
    (0..batch.num_elements())
        .map(|i| {
            let mut rest = i;
            let mut at = 0;
            for axis in (0..batch.rank()).rev() {
                let index = rest % batch[axis];
                rest /= batch[axis];
                if axis >= extra && own[axis - extra] != 1 {
                    at += index * strides[axis - extra];
                }
            }
            at
        })
        .collect()
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if x[0].dtype == DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        let p = self.product(x[0], x[1])?;
        let shape: Shape = p.batch.iter().copied().chain([p.m, p.n]).collect();
        shape.checked_len()?;
        Ok(smallvec![Spec::new(x[0].dtype, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let p = self.product(x[0].spec(), x[1].spec())?;
        // Rows against one matrix: a weight, as a rule. The second factor of A^T B is a gradient, used once.
        if x[0].dtype() == DType::F32 && x[1].shape().rank() == 2 && !self.transpose_a {
            let shape = Gemm { m: p.m * p.batch.num_elements(), ..self.shape(&p) };
            gemm_repeated(&shape, x[0].as_slice(), &x[1], y[0].as_mut::<f32>(), &Epilogue::NONE);
            return Ok(());
        }
        dispatch!(x[0].dtype(), T: number => {
            self.run::<T>(&p, x, y[0].as_mut::<T>());
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
        if cx.needs(0) {
            let da = match (self.transpose_a, self.transpose_b) {
                (false, false) => mul(false, true, &g, cx.x(1))?,
                (false, true) => mul(false, false, &g, cx.x(1))?,
                (true, false) => mul(false, true, cx.x(1), &g)?,
                (true, true) => mul(true, true, cx.x(1), &g)?,
            };
            cx.give(0, da)?;
        }
        if cx.needs(1) {
            let db = match (self.transpose_a, self.transpose_b) {
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
    fn summed(&self) -> Option<[isize; 2]> {
        Some([if self.transpose_a { -2 } else { -1 }, if self.transpose_b { -1 } else { -2 }])
    }
    fn by_rows(&self, x: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        let (a, b) = (x[0].shape.rank(), x[1].shape.rank());
        (b == 2 && (a > 2 || a == 2 && !self.transpose_a)).then(|| (self.boxed(), 0b1))
    }
    fn columns(&self) -> Option<usize> {
        (!self.transpose_b).then_some(1)
    }
    fn absorb(&self, _: usize, tail: &Lower) -> Option<Box<dyn Op>> {
        let plain = !self.transpose_a && !self.transpose_b;
        (plain && *tail == Lower::Binary(Binary::Add))
            .then(|| Linear { activation: Activation::None }.boxed())
    }
    fn accumulating(&self) -> Option<Box<dyn Op>> {
        let plain = !self.transpose_a && !self.transpose_b;
        plain.then(|| LinearAdd { activation: Activation::None }.boxed())
    }
    fn transposed(&self, input: usize) -> Option<Box<dyn Op>> {
        let MatMul { transpose_a: a, transpose_b: b } = *self;
        let op = MatMul { transpose_a: a != (input == 0), transpose_b: b != (input == 1) };
        (input < 2).then(|| op.boxed())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_broadcast() {
        let a = Tensor::range(2 * 3 * 4).unwrap().cast(DType::F64).unwrap().reshape([2, 1, 3, 4]).unwrap();
        let b = Tensor::range(5 * 4 * 2).unwrap().cast(DType::F64).unwrap().reshape([5, 4, 2]).unwrap();
        let c = a.matmul(&b).unwrap();
        assert_eq!(c.shape().dims(), [2, 5, 3, 2]);
        let (a, b, c) = (a.to_vec::<f64>().unwrap(), b.to_vec::<f64>().unwrap(), c.to_vec::<f64>().unwrap());
        for (i, &found) in c.iter().enumerate() {
            let (n, m, s, r) = (i % 2, i / 2 % 3, i / 6 % 5, i / 30);
            let want: f64 = (0..4).map(|k| a[r * 12 + m * 4 + k] * b[s * 8 + k * 2 + n]).sum();
            assert_eq!(found, want, "element {i}");
        }
    }

    #[test]
    fn mismatches_are_named() {
        let a = Tensor::zeros([2, 3], DType::F32).unwrap();
        let b = Tensor::zeros([4, 5], DType::F32).unwrap();
        assert_eq!(a.matmul(&b).unwrap_err().to_string(), "matmul: inner dimensions differ: [2, 3] x [4, 5]");
        assert!(a.matmul(&b.cast(DType::F64).unwrap()).unwrap_err().to_string().contains("float64"));
    }
}
