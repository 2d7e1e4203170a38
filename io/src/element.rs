//! How each element type lies in a file: little-endian, as numpy, safetensors and TensorFlow agree.

use gradus_kernels::{Complex, Element, bf16, f16};

/// An [`Element`] with its little-endian bytes. Every element type has it.
pub trait FileElement: Element {
    /// Appends the bytes of the value.
    fn put_le(self, bytes: &mut Vec<u8>);
    /// The value of exactly [`DType::size`](gradus_kernels::DType::size) bytes.
    fn get_le(bytes: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($t:ty),*) => {$(
        impl FileElement for $t {
            #[inline]
            fn put_le(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn get_le(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$t>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }
        }
    )*};
}

numbers!(f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64);

impl FileElement for bool {
    #[inline]
    fn put_le(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
    #[inline]
    fn get_le(bytes: &[u8]) -> Self {
        bytes[0] != 0
    }
}

macro_rules! complex {
    ($($t:ty),*) => {$(
        impl FileElement for Complex<$t> {
            #[inline]
            fn put_le(self, bytes: &mut Vec<u8>) {
                self.re.put_le(bytes);
                self.im.put_le(bytes);
            }
            #[inline]
            fn get_le(bytes: &[u8]) -> Self {
                let (re, im) = bytes.split_at(size_of::<$t>());
                Complex::new(<$t>::get_le(re), <$t>::get_le(im))
            }
        }
    )*};
}

complex!(f32, f64);
