//! What a tensor is to the stages: something to batch, pad, cut, take apart and write down.

use gradus_tensor::{DType, Shape, Tensor};

use crate::element::{Element, Pad, Unbatch};
use crate::error::{DataError, ErrorKind, Result};
use crate::record::Encode;
use crate::sources::Slices;
use crate::spec::ElementSpec;
use crate::tensor::rows::{dtype_name, gather_rows, pad_stack, row, rows, stack};

impl Element for Tensor {
    type Batch = Tensor;

    fn spec(&self) -> ElementSpec {
        let dims = self.shape().dims().iter().map(|d| Some(*d)).collect();
        ElementSpec::Array { dtype: dtype_name(self.dtype()), dims }
    }

    fn batch(items: Vec<Self>) -> Result<Tensor> {
        stack(&items)
    }
}

impl Pad for Tensor {
    /// A size for every axis, `None` for the longest of the batch; empty for all axes so.
    type Shape = Vec<Option<usize>>;
    /// The filling; `None` is zero.
    type Value = Option<f64>;

    fn pad_batch(items: Vec<Self>, shape: &Self::Shape, value: &Self::Value) -> Result<Tensor> {
        pad_stack(&items, shape, *value)
    }

    fn padded_spec(element: ElementSpec, shape: &Self::Shape) -> ElementSpec {
        element.padded(shape)
    }
}

impl Unbatch for Tensor {
    type Item = Tensor;

    fn unbatch(self) -> Result<Vec<Tensor>> {
        rows(&self)
    }
}

impl Slices for Tensor {
    type Item = Tensor;

    fn len(&self) -> Result<usize> {
        self.shape().dims().first().copied().ok_or_else(|| {
            DataError::new(ErrorKind::Shape, "from_tensor_slices: a scalar has no first axis to cut")
        })
    }

    fn get(&self, index: usize) -> Result<Tensor> {
        row(self, index)
    }

    fn gather(&self, indices: &[u64]) -> Result<Tensor> {
        gather_rows(self, indices)
    }
}

impl Encode for Tensor {
    fn encode(&self, out: &mut Vec<u8>) {
        dtype_name(self.dtype()).to_owned().encode(out);
        self.shape().dims().to_vec().encode(out);
        // A tensor that is being traced has no bytes yet: it is written as none and fails to be read.
        self.to_bytes().unwrap_or_default().encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let dtype = DType::from_name(&String::decode(bytes)?)?;
        let dims = Vec::<usize>::decode(bytes)?;
        let data = Vec::<u8>::decode(bytes)?;
        Tensor::from_bytes(dtype, Shape::from(dims), &data).ok()
    }
}
