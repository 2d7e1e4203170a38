//! Ragged to sparse and back.

use gradus_sparse::SparseTensor;
use gradus_tensor::{Error, Result, Tensor};

use crate::{RaggedTensor, RowPartition};

impl RaggedTensor {
    /// Every element at its coordinates, in a sparse tensor of the [bounding shape](RaggedTensor::bounding_shape).
    pub fn to_sparse(&self) -> Result<SparseTensor> {
        let indices = self.places()?;
        let indices = Tensor::from_vec(indices.concat(), [indices.len(), self.rank()])?;
        SparseTensor::new(indices, self.flat_values().flatten()?, self.bounding_shape())
    }

    /// The rows of a sparse matrix, whose entries must fill each row from the left without gaps, in row-major order.
    pub fn from_sparse(sparse: &SparseTensor) -> Result<RaggedTensor> {
        let &[rows, _] = sparse.dense_shape().dims() else {
            let shape = sparse.dense_shape();
            return Err(Error::shape(format!("from_sparse: expected a matrix, found shape {shape}")));
        };
        let indices = sparse.indices().to_vec::<i64>()?;
        let (mut row_ids, mut previous): (Vec<i64>, Option<[i64; 2]>) =
            (Vec::with_capacity(sparse.nnz()), None);
        for place in indices.chunks_exact(2) {
            let expected = match previous {
                Some([row, column]) if row == place[0] => column + 1,
                _ => 0,
            };
            if place[1] != expected || previous.is_some_and(|[row, _]| row > place[0]) {
                return Err(Error::value(format!(
                    "from_sparse: entries must fill rows from the left in order, found {place:?} after {previous:?}"
                )));
            }
            previous = Some([place[0], place[1]]);
            row_ids.push(place[0]);
        }
        let partition = RowPartition::from_value_rowids(&row_ids, Some(rows))?;
        RaggedTensor::from_partitions(sparse.values().clone(), [partition])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_sparse_and_back() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3]]).unwrap();
        let sparse = r.to_sparse().unwrap();
        assert_eq!(sparse.indices().to_vec::<i64>().unwrap(), [0, 0, 0, 1, 2, 0]);
        assert_eq!(sparse.dense_shape().dims(), [3, 2]);
        assert_eq!(RaggedTensor::from_sparse(&sparse).unwrap().to_text(), r.to_text());
        let gap = Tensor::new([[0i64, 1]]).unwrap();
        let gap = SparseTensor::new(gap, Tensor::new([1]).unwrap(), [1, 4]).unwrap();
        assert!(RaggedTensor::from_sparse(&gap).unwrap_err().to_string().contains("from the left"));
    }
}
