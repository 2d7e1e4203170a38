//! Arrays as tensors (feature `tensor`, on by default).
//!
//! Values keep their types, as Keras's loaders give them: pixels and labels are `u8`, tables `f64`. Cast and scale
//! them as the model wants.

use gradus_tensor::{Result, Tensor};

use crate::images::{Images, LabeledImages};
use crate::regression::Regression;

impl Images {
    /// The pixels as a `u8` tensor of the shape [`shape`](Images::shape).
    ///
    /// # Errors
    /// When the caller changed `data` or `shape` so that they do not fit each other.
    pub fn to_tensor(&self) -> Result<Tensor> {
        Tensor::from_slice(&self.data, &self.shape[..])
    }
}

impl LabeledImages {
    /// Images `[n, height, width]` or `[n, height, width, 3]` and labels `[n]`, both `u8`.
    ///
    /// # Errors
    /// When the caller changed fields so that they do not fit each other.
    pub fn to_tensors(&self) -> Result<(Tensor, Tensor)> {
        Ok((self.images.to_tensor()?, Tensor::from_slice(&self.labels, &[self.labels.len()][..])?))
    }
}

impl Regression {
    /// Features `[rows, features]` and targets `[rows]`, both `f64`.
    ///
    /// # Errors
    /// When the caller changed fields so that they do not fit each other.
    pub fn to_tensors(&self) -> Result<(Tensor, Tensor)> {
        Ok((Tensor::from_slice(&self.x, &self.shape[..])?, Tensor::from_slice(&self.y, &[self.y.len()][..])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_values_stay() -> Result<()> {
        let images = Images { data: (0..12).collect(), shape: vec![2, 2, 3] };
        let set = LabeledImages { images, labels: vec![1, 0], class_names: &["a", "b"] };
        let (x, y) = set.to_tensors()?;
        assert_eq!((x.shape().to_vec(), y.shape().to_vec()), (vec![2, 2, 3], vec![2]));
        assert_eq!((x.to_vec::<u8>()?, y.to_vec::<u8>()?), ((0..12).collect(), vec![1, 0]));
        let table = Regression { x: vec![1.0, 2.0, 3.0, 4.0], shape: [2, 2], y: vec![5.0, 6.0] };
        let (x, y) = table.to_tensors()?;
        assert_eq!((x.to_vec::<f64>()?, y.to_vec::<f64>()?), (table.x, table.y));
        let broken = Images { data: vec![0; 3], shape: vec![2, 2] };
        assert!(broken.to_tensor().is_err());
        Ok(())
    }
}
