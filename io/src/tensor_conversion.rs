//! Between [`Tensor`]s, which compute, and [`TensorData`], which files hold.

use crate::element::FileElement;
use crate::error::{Error, Result};
use crate::tensor_data::{NamedTensor, TensorData};
use gradus_kernels::Buffer;
use gradus_tensor::{Tensor, dispatch};

impl TensorData {
    /// Copies a tensor's elements. Errors when they may not be read now, as inside a traced function.
    pub fn from_tensor(tensor: &Tensor) -> Result<TensorData> {
        let shape = tensor.shape().dims();
        dispatch!(tensor.dtype(), T: all => {
            let values = tensor.as_slice::<T>().map_err(|e| Error::invalid(e.to_string()))?;
            TensorData::from_values(shape, values)
        })
    }

    /// A tensor with these elements. Errors when there is no memory for it.
    pub fn to_tensor(&self) -> Result<Tensor> {
        dispatch!(self.dtype(), T: all => {
            let mut buffer = Buffer::new(self.dtype(), self.len());
            let elements = self.bytes().chunks_exact(self.dtype().size());
            for (to, from) in buffer.as_mut_slice::<T>().iter_mut().zip(elements) {
                *to = T::get_le(from);
            }
            Tensor::from_buffer(self.shape(), buffer).map_err(|e| Error::invalid(e.to_string()))
        })
    }
}

impl NamedTensor {
    /// Names a copy of a tensor's elements. Errors as [`TensorData::from_tensor`].
    pub fn from_tensor(name: impl Into<String>, tensor: &Tensor) -> Result<NamedTensor> {
        let name = name.into();
        let tensor = TensorData::from_tensor(tensor).map_err(|e| e.in_part(|| format!("tensor {name:?}")))?;
        Ok(NamedTensor { name, tensor })
    }
}

impl TryFrom<&Tensor> for TensorData {
    type Error = Error;

    fn try_from(tensor: &Tensor) -> Result<TensorData> {
        TensorData::from_tensor(tensor)
    }
}

impl TryFrom<&TensorData> for Tensor {
    type Error = Error;

    fn try_from(data: &TensorData) -> Result<Tensor> {
        data.to_tensor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_kernels::DType;

    #[test]
    fn every_dtype_there_and_back() {
        for dtype in DType::ALL {
            for shape in [vec![], vec![2, 3], vec![0, 3], vec![1; 9]] {
                let len = shape.iter().product::<usize>() * dtype.size();
                let bytes =
                    (0..len).map(|i| if dtype == DType::Bool { i % 2 } else { i * 37 % 120 } as u8).collect();
                let data = TensorData::new(dtype, shape.clone(), bytes).unwrap();
                let tensor = data.to_tensor().unwrap();
                assert_eq!((tensor.dtype(), tensor.shape().dims()), (dtype, &shape[..]));
                assert_eq!(TensorData::from_tensor(&tensor).unwrap(), data, "{dtype} {shape:?}");
            }
        }
    }

    #[test]
    fn values_keep_their_places() {
        let tensor = Tensor::new([[1.0f32, 2.0], [3.0, 4.0]]).unwrap();
        let data = TensorData::try_from(&tensor).unwrap();
        assert_eq!(data.to_values::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(Tensor::try_from(&data).unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0]);
    }
}
