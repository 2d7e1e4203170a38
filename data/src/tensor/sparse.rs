//! Sparse tensors as elements (feature `sparse`).

use gradus_sparse::SparseTensor;

use crate::element::{Element, Unbatch};
use crate::error::{DataError, ErrorKind, Result};
use crate::sources::Slices;
use crate::spec::ElementSpec;
use crate::tensor::rows::dtype_name;

impl Element for SparseTensor {
    type Batch = SparseTensor;

    fn spec(&self) -> ElementSpec {
        let dims = self.dense_shape().iter().copied().map(Some).collect();
        ElementSpec::Array { dtype: dtype_name(self.dtype()), dims }
    }

    /// One more axis in front; the dense shapes must agree.
    fn batch(items: Vec<Self>) -> Result<SparseTensor> {
        let rows = items.iter().map(|x| x.expand_dims(0)).collect::<gradus_tensor::Result<Vec<_>>>()?;
        Ok(SparseTensor::concat(&rows.iter().collect::<Vec<_>>(), 0)?)
    }
}

impl Slices for SparseTensor {
    type Item = SparseTensor;

    fn len(&self) -> Result<usize> {
        self.dense_shape().first().copied().ok_or_else(|| {
            DataError::new(ErrorKind::Shape, "from_tensor_slices: a scalar has no first axis to cut")
        })
    }

    fn get(&self, index: usize) -> Result<SparseTensor> {
        let mut start = vec![0; self.rank()];
        let mut size = self.dense_shape().to_vec();
        if index >= Slices::len(self)? {
            return Err(DataError::new(ErrorKind::Shape, format!("slice {index} of {self:?}")));
        }
        (start[0], size[0]) = (index, 1);
        let dims: Vec<isize> = size[1..].iter().map(|&d| d as isize).collect();
        Ok(self.slice(&start, &size)?.reshape(&dims)?)
    }
}

impl Unbatch for SparseTensor {
    type Item = SparseTensor;

    fn unbatch(self) -> Result<Vec<SparseTensor>> {
        (0..Slices::len(&self)?).map(|row| self.get(row)).collect()
    }
}
