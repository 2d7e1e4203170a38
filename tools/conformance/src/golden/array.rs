//! One recorded array: dtype, shape and little-endian elements.

use gradus_kernels::DType;
use half::{bf16, f16};

/// A dense array in row-major order, as it lies in a safetensors file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    dtype: DType,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    /// An array over little-endian `bytes`; an error when their number is not what dtype and shape ask for.
    pub fn new(dtype: DType, shape: Vec<usize>, bytes: Vec<u8>) -> Result<Array, String> {
        let wanted = shape
            .iter()
            .try_fold(dtype.size(), |n, &d| n.checked_mul(d))
            .ok_or_else(|| format!("shape {shape:?} overflows"))?;
        if wanted != bytes.len() {
            let found = bytes.len();
            return Err(format!("{dtype} array of shape {shape:?} needs {wanted} bytes, found {found}"));
        }
        Ok(Array { dtype, shape, bytes })
    }

    /// An int64 vector, as row splits and lengths are.
    pub fn from_i64s(values: &[i64]) -> Array {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Array { dtype: DType::I64, shape: vec![values.len()], bytes }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The extent of every axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, little-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// True when there are no elements.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The elements of a real floating dtype, widened without rounding; `None` for the other dtypes.
    pub fn floats(&self) -> Option<Vec<f64>> {
        Some(match self.dtype {
            DType::F32 => self.chunks(|b| f32::from_le_bytes(b).into()),
            DType::F64 => self.chunks(f64::from_le_bytes),
            DType::F16 => self.chunks(|b| f16::from_le_bytes(b).into()),
            DType::BF16 => self.chunks(|b| bf16::from_le_bytes(b).into()),
            _ => return None,
        })
    }

    /// Real and imaginary parts of a complex dtype, interleaved; `None` for the other dtypes.
    pub fn complex_parts(&self) -> Option<Vec<f64>> {
        match self.dtype {
            DType::C64 => Some(self.chunks(|b| f32::from_le_bytes(b).into())),
            DType::C128 => Some(self.chunks(f64::from_le_bytes)),
            _ => None,
        }
    }

    /// The elements of an integer or bool dtype (false 0, true 1); `None` for the other dtypes.
    pub fn integers(&self) -> Option<Vec<i128>> {
        Some(match self.dtype {
            DType::I8 => self.chunks(|b| i8::from_le_bytes(b).into()),
            DType::I16 => self.chunks(|b| i16::from_le_bytes(b).into()),
            DType::I32 => self.chunks(|b| i32::from_le_bytes(b).into()),
            DType::I64 => self.chunks(|b| i64::from_le_bytes(b).into()),
            DType::U8 => self.chunks(|b| u8::from_le_bytes(b).into()),
            DType::U16 => self.chunks(|b| u16::from_le_bytes(b).into()),
            DType::U32 => self.chunks(|b| u32::from_le_bytes(b).into()),
            DType::U64 => self.chunks(|b| u64::from_le_bytes(b).into()),
            DType::Bool => self.chunks(|b: [u8; 1]| i128::from(b[0] != 0)),
            _ => return None,
        })
    }

    /// Every `N` bytes through `read`. The length is a multiple of the element size by construction.
    fn chunks<const N: usize, T>(&self, read: impl Fn([u8; N]) -> T) -> Vec<T> {
        self.bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_checked_and_elements_widen_exactly() {
        assert!(Array::new(DType::F32, vec![2, 2], vec![0; 12]).is_err());
        assert!(Array::new(DType::F32, vec![usize::MAX, 2], vec![]).is_err());
        let a = Array::new(DType::F16, vec![2], [f16::ONE, f16::NEG_INFINITY].map(f16::to_le_bytes).concat());
        assert_eq!(a.unwrap().floats().unwrap(), [1.0, f64::NEG_INFINITY]);
        let a = Array::new(DType::U32, vec![1], u32::MAX.to_le_bytes().to_vec()).unwrap();
        assert_eq!(a.integers().unwrap(), [i128::from(u32::MAX)]);
        assert_eq!(a.floats(), None);
    }
}
