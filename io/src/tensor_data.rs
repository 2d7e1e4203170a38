//! A tensor as files know it: a dtype, a shape and little-endian bytes in row-major order.
//!
//! The readers and writers of this crate work on [`TensorData`], so that a format never depends on how tensors
//! compute. Its invariants hold for every value: the byte length is the product of the shape times the size of the
//! dtype, computed without overflow, and booleans are 0 or 1.

use crate::element::FileElement;
use crate::error::{Error, Result};
use gradus_kernels::DType;
use std::fmt;

/// Axes that a tensor in a file may have: as many as numpy allows since 2.0.
pub const MAX_RANK: usize = 64;

/// A dtype, a shape and the elements as little-endian bytes in row-major order.
#[derive(Clone, PartialEq)]
pub struct TensorData {
    dtype: DType,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl TensorData {
    /// Checks and takes the parts.
    ///
    /// Errors: more than [`MAX_RANK`] axes, a byte length that is not the product of `shape` times the size of
    /// `dtype`, a boolean byte other than 0 and 1.
    pub fn new(dtype: DType, shape: Vec<usize>, bytes: Vec<u8>) -> Result<TensorData> {
        let expected = byte_len(dtype, &shape)?;
        if expected != bytes.len() {
            return Err(Error::invalid(format!(
                "{dtype} of shape {shape:?} takes {expected} bytes, found {}",
                bytes.len()
            )));
        }
        if dtype == DType::Bool
            && let Some(at) = bytes.iter().position(|&b| b > 1)
        {
            return Err(Error::invalid(format!(
                "bool element {at} is the byte {}, expected 0 or 1",
                bytes[at]
            )));
        }
        Ok(TensorData { dtype, shape, bytes })
    }

    /// A tensor of `values` in row-major order. Errors when their number is not the product of `shape`.
    pub fn from_values<T: FileElement>(shape: &[usize], values: &[T]) -> Result<TensorData> {
        let mut bytes = Vec::with_capacity(std::mem::size_of_val(values));
        for v in values {
            v.put_le(&mut bytes);
        }
        TensorData::new(T::DTYPE, shape.to_vec(), bytes)
    }

    /// The elements in row-major order. Errors when `T` is not the type of the dtype: nothing converts silently.
    pub fn to_values<T: FileElement>(&self) -> Result<Vec<T>> {
        if T::DTYPE != self.dtype {
            return Err(Error::invalid(format!(
                "asked for {} elements of a {} tensor",
                T::DTYPE,
                self.dtype
            )));
        }
        let size = self.dtype.size();
        let mut values = Vec::new();
        values
            .try_reserve_exact(self.bytes.len() / size)
            .map_err(|_| Error::too_large(format!("no memory for {} bytes", self.bytes.len())))?;
        values.extend(self.bytes.chunks_exact(size).map(T::get_le));
        Ok(values)
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The shape; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, little-endian, row-major.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// Whether an axis has length 0.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl fmt::Debug for TensorData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TensorData({} {:?}, {} bytes)", self.dtype, self.shape, self.bytes.len())
    }
}

/// A tensor and the name that it has in a file, such as `dense/kernel`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Unique within its list. Any text: it is never used as a path.
    pub name: String,
    /// The value.
    pub tensor: TensorData,
}

impl NamedTensor {
    /// Names a tensor.
    pub fn new(name: impl Into<String>, tensor: TensorData) -> NamedTensor {
        NamedTensor { name: name.into(), tensor }
    }
}

/// Bytes of a tensor, computed without overflow.
pub(crate) fn byte_len(dtype: DType, shape: &[usize]) -> Result<usize> {
    if shape.len() > MAX_RANK {
        return Err(Error::invalid(format!("{} axes, the most is {MAX_RANK}", shape.len())));
    }
    // A zero axis makes the tensor empty whatever the others say, but their product must still fit: it is what
    // strides and reshapes are computed from.
    let wide = |n: usize| n.max(1);
    let fits = shape
        .iter()
        .try_fold(dtype.size(), |n, &d| n.checked_mul(wide(d)))
        .filter(|&n| n <= isize::MAX as usize);
    let Some(full) = fits else {
        return Err(Error::invalid(format!(
            "{dtype} of shape {shape:?} has more bytes than an address can count"
        )));
    };
    Ok(if shape.contains(&0) { 0 } else { full })
}

/// Refuses two tensors of one name.
pub(crate) fn check_unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::invalid(format!("two {what} have the name {name:?}")));
        }
    }
    Ok(())
}
