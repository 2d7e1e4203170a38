//! String tensors as elements: lines and texts batched, padded, cut and written down as tensors are.
//!
//! ```
//! use gradus_data::Dataset;
//! use gradus_text::StringTensor;
//! # fn main() -> Result<(), gradus_data::DataError> {
//! let lines = Dataset::from_vec(vec!["one", "two", "three"]).map(StringTensor::scalar).batch(2);
//! let first = lines.iter().next().transpose()?;
//! assert_eq!(first.map(|t| t.to_text()).as_deref(), Some("[b'one' b'two']"));
//! # Ok(()) }
//! ```

use gradus_tensor::{Shape, Tensor};
use gradus_text::StringTensor;

use crate::element::{Element, Pad, Unbatch};
use crate::error::{DataError, ErrorKind, Result};
use crate::record::Encode;
use crate::sources::Slices;
use crate::spec::ElementSpec;

impl Element for StringTensor {
    type Batch = StringTensor;

    fn spec(&self) -> ElementSpec {
        ElementSpec::Array { dtype: "string", dims: self.shape().iter().map(|d| Some(*d)).collect() }
    }

    fn batch(items: Vec<Self>) -> Result<StringTensor> {
        Ok(StringTensor::stack(&items.iter().collect::<Vec<_>>(), 0)?)
    }
}

impl Pad for StringTensor {
    /// A size for every axis, `None` for the longest of the batch; empty for all axes so.
    type Shape = Vec<Option<usize>>;
    /// The filling; the default is an empty string.
    type Value = String;

    fn pad_batch(items: Vec<Self>, shape: &Self::Shape, value: &String) -> Result<StringTensor> {
        let rank = items.first().map_or(0, StringTensor::rank);
        if items.iter().any(|t| t.rank() != rank) || !(shape.is_empty() || shape.len() == rank) {
            let message = format!("padded_batch: a shape of {} axes for strings of rank {rank}", shape.len());
            return Err(DataError::new(ErrorKind::Shape, message));
        }
        let longest = |axis: usize| items.iter().map(|t| t.shape()[axis]).max().unwrap_or(0);
        let sizes: Vec<usize> =
            (0..rank).map(|a| shape.get(a).copied().flatten().unwrap_or_else(|| longest(a))).collect();
        let padded = |t: &StringTensor| {
            let gaps = sizes.iter().zip(t.shape().iter()).map(|(to, from)| Some((0, to.checked_sub(*from)?)));
            let gaps: Vec<_> = gaps.collect::<Option<_>>().ok_or_else(|| {
                DataError::new(
                    ErrorKind::Shape,
                    format!("padded_batch: {} is larger than {sizes:?}", t.shape()),
                )
            })?;
            Ok(t.pad(&gaps, value.as_bytes())?)
        };
        StringTensor::batch(items.iter().map(padded).collect::<Result<_>>()?)
    }
}

impl Unbatch for StringTensor {
    type Item = StringTensor;

    fn unbatch(self) -> Result<Vec<StringTensor>> {
        Ok(self.unstack(0)?)
    }
}

impl Slices for StringTensor {
    type Item = StringTensor;

    fn len(&self) -> Result<usize> {
        self.shape().first().copied().ok_or_else(|| {
            DataError::new(ErrorKind::Shape, "from_tensor_slices: a scalar has no first axis to cut")
        })
    }

    fn get(&self, index: usize) -> Result<StringTensor> {
        Ok(self.narrow(0, index, index + 1)?.reshape(self.shape().without(0))?)
    }

    fn gather(&self, indices: &[u64]) -> Result<StringTensor> {
        let indices: Vec<i64> = indices.iter().map(|&i| i as i64).collect();
        Ok(StringTensor::gather(self, &Tensor::from_slice(&indices, [indices.len()])?, 0)?)
    }
}

impl Encode for StringTensor {
    fn encode(&self, out: &mut Vec<u8>) {
        self.shape().to_vec().encode(out);
        self.to_vec().encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let dims = Vec::<usize>::decode(bytes)?;
        StringTensor::from_vec(Vec::<Vec<u8>>::decode(bytes)?, Shape::from(dims)).ok()
    }
}
