//! Arrays of the `ndarray` crate.

use crate::{Element, Error, Result, Tensor};
use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

impl Tensor {
    /// A copy of an array of any dimension and layout.
    pub fn from_ndarray<S, D>(array: &ArrayBase<S, D>) -> Result<Tensor>
    where
        S: Data<Elem: Element>,
        D: Dimension,
    {
        // Logical order, whatever the strides.
        Tensor::from_vec(array.iter().copied().collect(), array.shape())
    }

    /// A copy as an array. Errors when `T` is not the dtype.
    pub fn to_ndarray<T: Element>(&self) -> Result<ArrayD<T>> {
        ArrayD::from_shape_vec(IxDyn(self.shape().dims()), self.to_vec::<T>()?)
            .map_err(|e| Error::shape(format!("to_ndarray: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let a = ndarray::arr2(&[[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let t = Tensor::from_ndarray(&a.t()).unwrap();
        assert_eq!(t.shape().dims(), [3, 2]);
        assert_eq!(t.to_vec::<f32>().unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(t.to_ndarray::<f32>().unwrap(), a.t().into_dyn());
        assert!(t.to_ndarray::<f64>().is_err());
    }
}
