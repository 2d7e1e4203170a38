//! Matrices of the `nalgebra` crate, which stores them column by column.

use crate::{Element, Error, Result, Tensor};
use nalgebra::{DMatrix, Dim, Matrix, RawStorage, Scalar};

impl Tensor {
    /// A copy of a matrix (or vector: a matrix of one column) as `[rows, columns]`.
    pub fn from_nalgebra<T, R, C, S>(matrix: &Matrix<T, R, C, S>) -> Result<Tensor>
    where
        T: Element + Scalar,
        R: Dim,
        C: Dim,
        S: RawStorage<T, R, C>,
    {
        let (rows, columns) = matrix.shape();
        let values = (0..rows).flat_map(|r| (0..columns).map(move |c| matrix[(r, c)])).collect();
        Tensor::from_vec(values, [rows, columns])
    }

    /// A copy as a matrix; a vector becomes one column. Errors for other ranks, and when `T` is not the dtype.
    pub fn to_nalgebra<T: Element + Scalar>(&self) -> Result<DMatrix<T>> {
        let (rows, columns) = match self.shape()[..] {
            [n] => (n, 1),
            [m, n] => (m, n),
            _ => {
                return Err(Error::shape(format!(
                    "to_nalgebra: expected a vector or matrix, found shape {}",
                    self.shape()
                )));
            }
        };
        Ok(DMatrix::from_row_slice(rows, columns, self.as_slice::<T>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let m = DMatrix::from_row_slice(2, 3, &[1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let t = Tensor::from_nalgebra(&m).unwrap();
        assert_eq!(t.to_vec::<f64>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(t.to_nalgebra::<f64>().unwrap(), m);
        assert!(t.expand_dims(0).unwrap().to_nalgebra::<f64>().is_err());
    }
}
