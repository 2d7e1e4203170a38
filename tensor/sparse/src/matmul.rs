//! A sparse matrix times a dense one.

use gradus_tensor::{Error, Result, Tensor};

use crate::SparseTensor;
use crate::product::sparse_product;

impl SparseTensor {
    /// The sizes of a matrix; an error for another rank.
    pub(crate) fn matrix(&self, what: &str) -> Result<[usize; 2]> {
        self.dense_shape().dims().try_into().map_err(|_| {
            Error::shape(format!("{what}: expected a sparse matrix, found shape {}", self.dense_shape()))
        })
    }

    /// The product with a dense matrix: `[m, k] x [k, n]` gives a dense `[m, n]` (`tf.sparse.sparse_dense_matmul`).
    ///
    /// Entries may be in any order; repeated ones add up. The work is that of the entries, `2 * nnz * n`. Gradients flow to
    /// the values and to the dense matrix. Errors when inner dimensions or dtypes differ.
    pub fn matmul(&self, dense: &Tensor) -> Result<Tensor> {
        self.matmul_t(dense, false, false)
    }

    /// As [`SparseTensor::matmul`], where either side may be transposed first. Nothing sparse is moved for that.
    pub fn matmul_t(&self, dense: &Tensor, adjoint_a: bool, adjoint_b: bool) -> Result<Tensor> {
        let shape = self.matrix("matmul")?;
        if dense.rank() != 2 {
            return Err(Error::shape(format!(
                "matmul: expected a dense matrix, found shape {}",
                dense.shape()
            )));
        }
        let dense = if adjoint_b { dense.t()? } else { dense.clone() };
        let inner = shape[usize::from(!adjoint_a)];
        if dense.shape()[0] != inner {
            let a = if adjoint_a { [shape[1], shape[0]] } else { shape };
            return Err(Error::shape(format!("matmul: inner dimensions differ: {a:?} x {}", dense.shape())));
        }
        sparse_product(self.indices(), self.values(), shape, &dense, adjoint_a)
    }

    /// The product of a dense matrix with this one: `[n, m] x [m, k]` gives a dense `[n, k]`.
    pub fn matmul_dense_left(&self, dense: &Tensor) -> Result<Tensor> {
        self.matmul_t(dense, true, true)?.t()
    }
}

#[cfg(test)]
mod tests {
    use gradus_tensor::DType;

    use super::*;

    #[test]
    fn transposes_and_misfits() {
        let a = SparseTensor::from_entries([[2, 0], [0, 1], [2, 0]], vec![1.0f64, 3.0, 4.0], [3, 2]).unwrap();
        let dense = a.reorder().unwrap();
        // Repeated entries add up.
        let dense_a = Tensor::new([[0.0f64, 3.0], [0.0, 0.0], [5.0, 0.0]]).unwrap();
        assert_eq!(dense.nnz(), 3);
        let b = |shape: [usize; 2]| {
            Tensor::range(shape[0] as i32 * shape[1] as i32)
                .unwrap()
                .cast(DType::F64)
                .unwrap()
                .reshape(shape)
                .unwrap()
        };
        for (shape, adjoint_a, adjoint_b) in
            [([2, 35], false, false), ([35, 2], false, true), ([3, 33], true, false), ([33, 3], true, true)]
        {
            let b = b(shape);
            let want = dense_a.matmul_t(&b, adjoint_a, adjoint_b).unwrap();
            let found = a.matmul_t(&b, adjoint_a, adjoint_b).unwrap();
            assert_eq!(found.shape(), want.shape());
            assert_eq!(
                found.to_vec::<f64>().unwrap(),
                want.to_vec::<f64>().unwrap(),
                "{adjoint_a} {adjoint_b}"
            );
        }
        let e = a.matmul(&b([3, 2])).unwrap_err();
        assert_eq!(e.to_string(), "matmul: inner dimensions differ: [3, 2] x [3, 2]");
        assert!(a.matmul(&Tensor::ones([2, 2], DType::F32).unwrap()).is_err());
        assert_eq!(a.matmul(&b([2, 0])).unwrap().shape().dims(), [3, 0]);
    }
}
