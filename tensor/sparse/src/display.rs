//! Printing as TensorFlow prints.

use std::fmt;

use gradus_tensor::Tensor;

use crate::SparseTensor;

impl fmt::Display for SparseTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape: Vec<i64> = self.dense_shape().iter().map(|&d| d as i64).collect();
        let shape = Tensor::from_slice(&shape, [shape.len()]).map_err(|_| fmt::Error)?;
        write!(f, "SparseTensor(indices={}, values={}, dense_shape={shape})", self.indices(), self.values())
    }
}

impl fmt::Debug for SparseTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SparseTensor({}{}, {} entries)", self.dtype(), self.dense_shape(), self.nnz())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_tensorflow_prints() {
        let x = SparseTensor::from_entries([[0, 1], [2, 0]], vec![3.0f32, 4.0], [3, 4]).unwrap();
        assert_eq!(
            x.to_string(),
            "SparseTensor(indices=tf.Tensor(\n[[0 1]\n [2 0]], shape=(2, 2), dtype=int64), \
             values=tf.Tensor([3. 4.], shape=(2,), dtype=float32), \
             dense_shape=tf.Tensor([3 4], shape=(2,), dtype=int64))"
        );
    }
}
