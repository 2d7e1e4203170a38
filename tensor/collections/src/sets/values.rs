//! What sets can be made of.

use gradus_tensor::{DType, Result, Shape, Tensor, bail_dtype};

use super::check_dtypes;

/// An array whose elements can be put in order: integers, or strings.
pub trait SetValues: Clone {
    /// An element by which sets are ordered.
    type Key: Ord + Clone;

    /// The axis sizes.
    fn dims(&self) -> &[usize];

    /// The elements in row-major order. Errors when they have no order.
    fn keys(&self) -> Result<Vec<Self::Key>>;

    /// A vector of those elements, of this array's type. Errors when one does not fit the dtype.
    fn with_keys(&self, keys: Vec<Self::Key>) -> Result<Self>;

    /// The elements in another shape.
    fn shaped(&self, shape: &Shape) -> Result<Self>;

    /// An error unless both are of one type.
    fn check_same(&self, op: &str, other: &Self) -> Result<()>;
}

macro_rules! integers {
    ($($dtype:ident $t:ty),*) => {
        impl SetValues for Tensor {
            type Key = i128;

            fn dims(&self) -> &[usize] {
                self.shape().dims()
            }

            fn keys(&self) -> Result<Vec<i128>> {
                match self.dtype() {
                    $(DType::$dtype => Ok(self.as_slice::<$t>()?.iter().map(|&v| v.into()).collect()),)*
                    other => bail_dtype!("sets: expected integers, found {other}"),
                }
            }

            fn with_keys(&self, keys: Vec<i128>) -> Result<Tensor> {
                let n = keys.len();
                match self.dtype() {
                    $(DType::$dtype => {
                        let fit = |k: i128| <$t>::try_from(k).map_err(|_| {
                            gradus_tensor::Error::value(format!("sets: {k} does not fit {}", DType::$dtype))
                        });
                        Tensor::from_vec(keys.into_iter().map(fit).collect::<Result<Vec<_>>>()?, [n])
                    })*
                    other => bail_dtype!("sets: expected integers, found {other}"),
                }
            }

            fn shaped(&self, shape: &Shape) -> Result<Tensor> {
                self.reshape(shape)
            }

            fn check_same(&self, op: &str, other: &Tensor) -> Result<()> {
                check_dtypes(op, self.dtype(), other.dtype())
            }
        }
    };
}
integers!(I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64);

#[cfg(feature = "text")]
impl SetValues for gradus_text::StringTensor {
    type Key = Vec<u8>;

    fn dims(&self) -> &[usize] {
        self.shape().dims()
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        Ok(self.to_vec())
    }

    fn with_keys(&self, keys: Vec<Vec<u8>>) -> Result<gradus_text::StringTensor> {
        Ok(keys.into_iter().collect())
    }

    fn shaped(&self, shape: &Shape) -> Result<gradus_text::StringTensor> {
        self.reshape(shape)
    }

    fn check_same(&self, _: &str, _: &gradus_text::StringTensor) -> Result<()> {
        Ok(())
    }
}
