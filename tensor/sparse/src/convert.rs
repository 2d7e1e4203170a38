//! Dense to sparse and back.

use gradus_tensor::ops::ScatterMode;
use gradus_tensor::{DType, Error, Result, Shape, Tensor};

use crate::SparseTensor;

impl SparseTensor {
    /// The elements that are not zero (or true), in row-major order (`tf.sparse.from_dense`).
    pub fn from_dense(dense: &Tensor) -> Result<SparseTensor> {
        let indices = dense.coordinates()?;
        let values = match dense.rank() {
            0 => dense.reshape([1])?.slice(gradus_tensor::s![..indices.shape()[0]])?,
            _ => dense.gather_nd(&indices)?,
        };
        SparseTensor::new(indices, values, dense.shape())
    }

    /// The dense tensor, zero where there is no entry.
    ///
    /// Errors when entries are out of order or repeated ([`SparseTensor::reorder`] sorts), or the dense shape is larger
    /// than memory can hold.
    pub fn to_dense(&self) -> Result<Tensor> {
        self.to_dense_with(&Tensor::scalar_of(self.dtype(), 0.0))
    }

    /// As [`SparseTensor::to_dense`], with another value where there is no entry: a scalar of the same dtype.
    pub fn to_dense_with(&self, default: &Tensor) -> Result<Tensor> {
        self.check_order("to_dense")?;
        self.scattered(default)
    }

    /// As [`SparseTensor::to_dense_with`], for entries in any order; of repeated ones the last counts.
    pub fn to_dense_unchecked(&self, default: &Tensor) -> Result<Tensor> {
        let numbers = self.numbers()?;
        let mut order: Vec<usize> = (0..numbers.len()).collect();
        order.sort_by_key(|&entry| numbers[entry]);
        let is_last = |i: &usize| order.get(i + 1).is_none_or(|&next| numbers[next] != numbers[order[*i]]);
        let last: Vec<i64> = (0..order.len()).filter(is_last).map(|i| order[i] as i64).collect();
        self.pick(&last)?.scattered(default)
    }

    /// Entries that do not repeat over a default.
    fn scattered(&self, default: &Tensor) -> Result<Tensor> {
        if default.len() != 1 || default.dtype() != self.dtype() {
            let (found, dtype) = (default.spec(), self.dtype());
            return Err(Error::dtype(format!("to_dense: the default must be one {dtype}, found {found}")));
        }
        let shape = self.dense_shape();
        let len = shape.checked_len()?;
        let numbers = self.numbers()?;
        let at = Tensor::from_slice(&numbers, [numbers.len(), 1])?;
        let base = default.reshape(Shape::scalar())?.broadcast_to([len])?;
        base.tensor_scatter_nd(&at, self.values(), ScatterMode::Update)?.reshape(shape.clone())
    }

    /// True at `[.., id]` for every value `id` of a row: the last axis becomes one of `vocab_size`
    /// (`tf.sparse.to_indicator`).
    ///
    /// Errors unless values are integers in `0..vocab_size`, or when memory cannot hold the result.
    pub fn to_indicator(&self, vocab_size: usize) -> Result<Tensor> {
        let last =
            self.rank().checked_sub(1).ok_or_else(|| Error::shape("to_indicator: a scalar has no axis"))?;
        if !self.dtype().is_int() {
            return Err(Error::dtype(format!(
                "to_indicator: values must be integers, found {}",
                self.dtype()
            )));
        }
        let shape = self.dense_shape().replaced(last, vocab_size);
        let len = shape.checked_len()?;
        let mut marks = Vec::new();
        marks
            .try_reserve_exact(len)
            .map_err(|_| Error::shape(format!("to_indicator: shape {shape} is too large for memory")))?;
        marks.resize(len, false);
        let ids = self.values().cast(DType::I64)?;
        for (place, &id) in self.each_place()?.into_iter().zip(ids.as_slice::<i64>()?) {
            if !usize::try_from(id).is_ok_and(|id| id < vocab_size) {
                return Err(Error::value(format!("to_indicator: value {id} is not in 0..{vocab_size}")));
            }
            let row = crate::order::number(&place[..last], &shape[..last]);
            marks[row as usize * vocab_size + id as usize] = true;
        }
        Tensor::from_vec(marks, shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_dense_wants_order_unless_told_otherwise() {
        let x = SparseTensor::from_entries([[1, 1], [0, 1], [0, 1]], vec![5, 1, 2], [2, 2]).unwrap();
        assert!(x.to_dense().is_err());
        let nine = Tensor::scalar(9);
        assert_eq!(x.to_dense_unchecked(&nine).unwrap().to_vec::<i32>().unwrap(), [9, 2, 9, 5]);
        assert!(x.to_dense_unchecked(&Tensor::scalar(0.0f32)).is_err());
        let huge = SparseTensor::empty(DType::F32, [1 << 31, 1 << 31]).unwrap();
        assert!(huge.to_dense().is_err());
    }

    #[test]
    fn indicators() {
        let ids = SparseTensor::from_entries([[0, 0], [0, 1], [1, 0]], vec![2i64, 0, 3], [2, 3]).unwrap();
        let found = ids.to_indicator(4).unwrap();
        assert_eq!(found.to_vec::<bool>().unwrap(), [true, false, true, false, false, false, false, true]);
        assert!(ids.to_indicator(3).is_err());
    }
}
