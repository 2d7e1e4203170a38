//! Matrices of the `faer` crate, which stores them column by column.

use crate::{Element, Error, Result, Tensor};
use faer::{Mat, MatRef};

impl Tensor {
    /// A copy of a matrix as `[rows, columns]`.
    pub fn from_faer<T: Element>(matrix: MatRef<'_, T>) -> Result<Tensor> {
        let (rows, columns) = (matrix.nrows(), matrix.ncols());
        let values = (0..rows).flat_map(|r| (0..columns).map(move |c| matrix[(r, c)])).collect();
        Tensor::from_vec(values, [rows, columns])
    }

    /// A copy as a matrix. Errors when the rank is not 2, and when `T` is not the dtype.
    pub fn to_faer<T: Element>(&self) -> Result<Mat<T>> {
        let [rows, columns] = self.dims::<2>().map_err(|e| Error::shape(format!("to_faer: {e}")))?;
        let values = self.as_slice::<T>()?;
        Ok(Mat::from_fn(rows, columns, |r, c| values[r * columns + c]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let t = Tensor::new([[1.0f64, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap();
        let m = t.to_faer::<f64>().unwrap();
        assert_eq!(m[(1, 0)], 4.0);
        assert_eq!(
            Tensor::from_faer(m.as_ref()).unwrap().to_vec::<f64>().unwrap(),
            t.to_vec::<f64>().unwrap()
        );
        assert!(t.flatten().unwrap().to_faer::<f64>().is_err());
    }
}
