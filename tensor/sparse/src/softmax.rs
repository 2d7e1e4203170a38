//! Softmax over the entries of every row.

use gradus_tensor::{Error, Result, Tensor};

use crate::SparseTensor;

impl SparseTensor {
    /// `exp(x - max) / sum(exp(x - max))` over the entries of the last axis; what has no entry counts as minus infinity
    /// (`tf.sparse.softmax`).
    ///
    /// Errors unless there are at least two axes and the values are floats.
    pub fn softmax(&self) -> Result<SparseTensor> {
        let shape = self.dense_shape();
        if shape.rank() < 2 || !self.dtype().is_float() {
            return Err(Error::shape(format!("softmax: expected floats of rank 2 or more, found {self:?}")));
        }
        // Rows are numbered in the order in which they appear, so that empty ones cost nothing.
        let last = shape[shape.rank() - 1].max(1) as i64;
        let rows: Vec<i64> = self.numbers()?.into_iter().map(|n| n / last).collect();
        let mut present = rows.clone();
        present.sort_unstable();
        present.dedup();
        let ids: Vec<i64> = rows.iter().map(|r| present.binary_search(r).map_or(0, |at| at as i64)).collect();
        let ids = Tensor::from_slice(&ids, [ids.len()])?;
        let x = self.values();
        if x.is_empty() {
            return Ok(self.clone());
        }
        // The largest is only subtracted for range; it has no part in the gradient.
        let top = x.unsorted_segment_max(&ids, present.len())?.stop_gradient()?;
        let e = x.sub(&top.gather(&ids, 0)?)?.exp()?;
        let sum = e.unsorted_segment_sum(&ids, present.len())?;
        self.with_values(e.div(&sum.gather(&ids, 0)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_one() {
        let x =
            SparseTensor::from_entries([[0, 0], [2, 1], [2, 3]], vec![1000.0f32, 0.0, 0.0], [3, 4]).unwrap();
        assert_eq!(x.softmax().unwrap().values().to_vec::<f32>().unwrap(), [1.0, 0.5, 0.5]);
        assert!(x.reshape(&[-1]).unwrap().softmax().is_err());
    }
}
