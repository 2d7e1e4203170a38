//! Bytes of strings as numbers.

use gradus_tensor::{DType, Result, Tensor, bail_shape, bail_value};

use crate::StringTensor;

/// How bytes become numbers: see [`StringTensor::decode_raw`].
#[derive(Clone, Copy, Debug)]
pub struct RawFormat {
    dtype: DType,
    little_endian: bool,
    fixed_length: Option<usize>,
}

impl RawFormat {
    /// Numbers of that dtype, little-endian.
    pub fn new(dtype: DType) -> RawFormat {
        RawFormat { dtype, little_endian: true, fixed_length: None }
    }

    /// Whether the first byte of a number is the least significant. Default: true.
    #[must_use]
    pub fn little_endian(mut self, yes: bool) -> RawFormat {
        self.little_endian = yes;
        self
    }

    /// Cuts or fills every string (with zero bytes) to that many bytes, a multiple of the dtype's size. Default: strings
    /// must be of one length.
    #[must_use]
    pub fn fixed_length(mut self, bytes: usize) -> RawFormat {
        self.fixed_length = Some(bytes);
        self
    }
}

impl StringTensor {
    /// The bytes of every element as numbers, along a new last axis.
    ///
    /// ```
    /// # use gradus_text::{RawFormat, StringTensor};
    /// # use gradus_tensor::DType;
    /// let t = StringTensor::new([b"\x01\x00\x02\x00"])?;
    /// let numbers = t.decode_raw(RawFormat::new(DType::I16))?;
    /// assert_eq!(numbers.to_vec::<i16>()?, [1, 2]);
    /// assert_eq!(numbers.shape().dims(), [1, 2]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when lengths differ or are no multiple of the dtype's size.
    pub fn decode_raw(&self, format: RawFormat) -> Result<Tensor> {
        let (dtype, size) = (format.dtype, format.dtype.size());
        let length = match format.fixed_length {
            Some(fixed) if fixed % size != 0 => {
                bail_value!("decode_raw: fixed_length {fixed} is no multiple of the {size} bytes of {dtype}")
            }
            Some(fixed) => fixed,
            None => self.get(0).map_or(0, <[u8]>::len),
        };
        if length % size != 0 {
            bail_value!("decode_raw: {length} bytes are no multiple of the {size} bytes of {dtype}");
        }
        let shape = self.shape().with(self.rank(), length / size);
        let mut bytes = Vec::with_capacity(shape.checked_len()? * size);
        for (i, s) in self.iter().enumerate() {
            if format.fixed_length.is_none() && s.len() != length {
                bail_shape!("decode_raw: element {i} has {} bytes, element 0 has {length}", s.len());
            }
            let end = bytes.len() + length;
            bytes.extend_from_slice(&s[..s.len().min(length)]);
            bytes.resize(end, 0);
        }
        if !format.little_endian {
            // A complex number is two numbers.
            let part = if dtype.is_complex() { size / 2 } else { size };
            bytes.chunks_exact_mut(part).for_each(<[u8]>::reverse);
        }
        if dtype == DType::Bool {
            bytes.iter_mut().for_each(|b| *b = u8::from(*b != 0));
        }
        Tensor::from_bytes(dtype, shape, &bytes)
    }
}
