//! Ways to make a tensor from Rust values.

use crate::{DType, Element, Error, Result, Shape, Spec, Tensor};
use gradus_kernels::{Buffer, Scalar, dispatch};

impl Tensor {
    /// A tensor of that shape from values in row-major order.
    ///
    /// ```
    /// # use gradus_tensor::Tensor;
    /// let t = Tensor::from_vec(vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
    /// assert_eq!(t.shape().dims(), [2, 3]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn from_vec<T: Element>(values: Vec<T>, shape: impl Into<Shape>) -> Result<Tensor> {
        Tensor::from_slice(&values, shape)
    }

    /// A tensor of that shape from a copy of values in row-major order.
    pub fn from_slice<T: Element>(values: &[T], shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if shape.checked_len()? != values.len() {
            return Err(Error::shape(format!("shape {shape} does not hold {} values", values.len())));
        }
        Ok(match values {
            [v] => {
                Tensor::from_store(Spec::new(T::DTYPE, shape), crate::tensor::Store::Scalar(Scalar::new(*v)))
            }
            _ => Tensor::from_buffer(shape, Buffer::from_slice(values))?,
        })
    }

    /// A scalar.
    pub fn scalar<T: Element>(value: T) -> Tensor {
        Tensor::from_store(
            Spec::new(T::DTYPE, Shape::scalar()),
            crate::tensor::Store::Scalar(Scalar::new(value)),
        )
    }

    /// A vector, matrix or deeper array from nested Rust values: scalars, slices, arrays, `Vec`s of one another.
    ///
    /// ```
    /// # use gradus_tensor::Tensor;
    /// let t = Tensor::new([[1, 2, 3], [4, 5, 6]])?;
    /// assert_eq!(t.shape().dims(), [2, 3]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when rows differ in length.
    pub fn new<N: Nested>(values: N) -> Result<Tensor> {
        let mut shape = Vec::new();
        values.shape(&mut shape);
        let mut flat = Vec::new();
        values.flatten(&shape, &mut flat)?;
        Tensor::from_vec(flat, shape)
    }

    /// A scalar of that dtype holding the nearest value to `v`.
    pub fn scalar_of(dtype: DType, v: f64) -> Tensor {
        dispatch!(dtype, T: all => { Tensor::scalar(T::from_f64(v)) })
    }

    /// A tensor from raw bytes in little-endian, row-major order; bool bytes must be 0 or 1.
    pub fn from_bytes(dtype: DType, shape: impl Into<Shape>, bytes: &[u8]) -> Result<Tensor> {
        let shape = shape.into();
        let len = shape.checked_len()?;
        if len.checked_mul(dtype.size()) != Some(bytes.len()) {
            return Err(Error::shape(format!("{dtype}{shape} does not fit {} bytes", bytes.len())));
        }
        Tensor::build(Spec::new(dtype, shape), |y| {
            dispatch!(dtype, T: all => { gradus_kernels::bytes::read::<T>(bytes, y.as_mut::<T>()) })
                .map_err(|e| Error::value(e.to_string()))
        })
    }

    /// The bytes of the elements in little-endian, row-major order.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        crate::recorder::before_read(self)?;
        Ok(self.view().as_bytes().to_vec())
    }
}

/// Nested Rust values that make a tensor: see [`Tensor::new`].
pub trait Nested {
    /// The element at the bottom.
    type Item: Element;
    /// Appends the axis sizes, as the first elements tell them.
    fn shape(&self, shape: &mut Vec<usize>);
    /// Appends the values, checking the sizes.
    fn flatten(&self, shape: &[usize], out: &mut Vec<Self::Item>) -> Result<()>;
}

macro_rules! leaf {
    ($($t:ty)*) => {$(
        impl Nested for $t {
            type Item = $t;
            fn shape(&self, _: &mut Vec<usize>) {}
            fn flatten(&self, _: &[usize], out: &mut Vec<$t>) -> Result<()> {
                out.push(*self);
                Ok(())
            }
        }
    )*};
}
leaf!(f32 f64 gradus_kernels::f16 gradus_kernels::bf16 i8 i16 i32 i64 u8 u16 u32 u64 bool
    gradus_kernels::Complex<f32> gradus_kernels::Complex<f64>);

impl<N: Nested> Nested for [N] {
    type Item = N::Item;
    fn shape(&self, shape: &mut Vec<usize>) {
        shape.push(self.len());
        if let Some(first) = self.first() {
            first.shape(shape);
        }
    }
    fn flatten(&self, shape: &[usize], out: &mut Vec<N::Item>) -> Result<()> {
        if self.len() != shape[0] {
            return Err(Error::shape(format!("rows differ in length: {} and {}", shape[0], self.len())));
        }
        self.iter().try_for_each(|v| v.flatten(&shape[1..], out))
    }
}

impl<N: Nested, const L: usize> Nested for [N; L] {
    type Item = N::Item;
    fn shape(&self, shape: &mut Vec<usize>) {
        self.as_slice().shape(shape);
    }
    fn flatten(&self, shape: &[usize], out: &mut Vec<N::Item>) -> Result<()> {
        self.as_slice().flatten(shape, out)
    }
}

impl<N: Nested> Nested for Vec<N> {
    type Item = N::Item;
    fn shape(&self, shape: &mut Vec<usize>) {
        self.as_slice().shape(shape);
    }
    fn flatten(&self, shape: &[usize], out: &mut Vec<N::Item>) -> Result<()> {
        self.as_slice().flatten(shape, out)
    }
}

impl<N: Nested + ?Sized> Nested for &N {
    type Item = N::Item;
    fn shape(&self, shape: &mut Vec<usize>) {
        (**self).shape(shape);
    }
    fn flatten(&self, shape: &[usize], out: &mut Vec<N::Item>) -> Result<()> {
        (**self).flatten(shape, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values() {
        let t = Tensor::new([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
        assert_eq!((t.dtype(), t.shape().dims()), (DType::F32, &[3, 2][..]));
        assert_eq!(Tensor::new(3i64).unwrap().rank(), 0);
        assert_eq!(Tensor::new(vec![vec![true]; 2]).unwrap().shape().dims(), [2, 1]);
        assert_eq!(Tensor::new(Vec::<f32>::new()).unwrap().shape().dims(), [0]);
        let e = Tensor::new(vec![vec![1, 2], vec![3]]).unwrap_err();
        assert_eq!(e.to_string(), "rows differ in length: 2 and 1");
    }

    #[test]
    fn bytes_round_trip() {
        let t = Tensor::new([1.5f64, -2.0]).unwrap();
        let u = Tensor::from_bytes(DType::F64, [2], &t.to_bytes().unwrap()).unwrap();
        assert_eq!(u.to_vec::<f64>().unwrap(), [1.5, -2.0]);
        assert!(Tensor::from_bytes(DType::Bool, [1], &[2]).is_err());
        assert!(Tensor::from_bytes(DType::F32, [1 << 40, 1 << 40], &[]).is_err());
    }
}
