//! Sparse tensors one after the other.

use gradus_tensor::{Error, Result, Tensor};

use crate::SparseTensor;

impl SparseTensor {
    /// Sparse tensors one after the other along an axis; entries come out sorted (`tf.sparse.concat`).
    ///
    /// All other axes must agree; see [`SparseTensor::concat_expanding`]. Errors for an empty list and for dtypes that
    /// differ.
    pub fn concat(tensors: &[&SparseTensor], axis: isize) -> Result<SparseTensor> {
        SparseTensor::joined(tensors, axis, false)
    }

    /// As [`SparseTensor::concat`], where the other axes become as large as the largest (`expand_nonconcat_dims`).
    pub fn concat_expanding(tensors: &[&SparseTensor], axis: isize) -> Result<SparseTensor> {
        SparseTensor::joined(tensors, axis, true)
    }

    fn joined(tensors: &[&SparseTensor], axis: isize, expand: bool) -> Result<SparseTensor> {
        let first = tensors.first().ok_or_else(|| Error::value("concat: no sparse tensors"))?;
        let axis = first.axis(axis)?;
        let mut shape = first.dense_shape().clone();
        let mut places = Vec::new();
        let mut offset = 0usize;
        for t in tensors {
            let own = t.dense_shape();
            let fits = own.rank() == shape.rank()
                && (expand || (0..own.rank()).all(|a| a == axis || own[a] == first.dense_shape()[a]));
            if !fits {
                let found = first.dense_shape();
                return Err(Error::shape(format!(
                    "concat: shapes {found} and {own} differ outside of axis {axis}"
                )));
            }
            for a in 0..own.rank() {
                shape = shape.replaced(a, shape[a].max(own[a]));
            }
            for place in t.each_place()? {
                places.extend(
                    place.iter().enumerate().map(|(a, &i)| i + if a == axis { offset as i64 } else { 0 }),
                );
            }
            offset = offset
                .checked_add(own[axis])
                .filter(|&n| i64::try_from(n).is_ok())
                .ok_or_else(|| Error::shape(format!("concat: axis {axis} becomes longer than 2^63")))?;
        }
        let values: Vec<&Tensor> = tensors.iter().map(|t| t.values()).collect();
        let indices = Tensor::from_vec(places, [values.iter().map(|v| v.len()).sum(), shape.rank()])?;
        let values = if let [one] = values[..] { one.clone() } else { Tensor::concat(&values, 0)? };
        SparseTensor::new(indices, values, shape.replaced(axis, offset))?.reorder()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn along_both_axes() {
        let a = SparseTensor::from_entries([[0, 0], [1, 2]], vec![1, 2], [2, 3]).unwrap();
        let b = SparseTensor::from_entries([[0, 1]], vec![3], [2, 2]).unwrap();
        let side = SparseTensor::concat(&[&a, &b], 1).unwrap();
        assert_eq!(side.dense_shape().dims(), [2, 5]);
        assert_eq!(side.values().to_vec::<i32>().unwrap(), [1, 3, 2]);
        assert!(SparseTensor::concat(&[&a, &b], 0).is_err());
        let below = SparseTensor::concat_expanding(&[&a, &b], 0).unwrap();
        assert_eq!(below.dense_shape().dims(), [4, 3]);
        assert_eq!(below.indices().to_vec::<i64>().unwrap(), [0, 0, 1, 2, 2, 1]);
        assert!(SparseTensor::concat(&[], 0).is_err());
    }
}
