//! Nested `Vec`s and iterators.

use crate::{Element, Error, Result, Tensor};

/// Nested Rust values that a tensor turns into: see [`Tensor::to_nested`].
pub trait FromNested: Sized {
    /// The element at the bottom.
    type Item: Element;
    /// The number of axes.
    const RANK: usize;
    /// The value of these axes out of row-major elements, which fill the shape.
    fn from_elements(shape: &[usize], elements: &[Self::Item]) -> Self;
}

macro_rules! leaf {
    ($($t:ty)*) => {$(
        impl FromNested for $t {
            type Item = $t;
            const RANK: usize = 0;
            fn from_elements(_: &[usize], elements: &[$t]) -> $t {
                elements[0]
            }
        }
    )*};
}
leaf!(f32 f64 gradus_kernels::f16 gradus_kernels::bf16 i8 i16 i32 i64 u8 u16 u32 u64 bool
    gradus_kernels::Complex<f32> gradus_kernels::Complex<f64>);

impl<N: FromNested> FromNested for Vec<N> {
    type Item = N::Item;
    const RANK: usize = N::RANK + 1;
    fn from_elements(shape: &[usize], elements: &[N::Item]) -> Vec<N> {
        let size: usize = shape[1..].iter().product();
        (0..shape[0]).map(|i| N::from_elements(&shape[1..], &elements[i * size..(i + 1) * size])).collect()
    }
}

impl Tensor {
    /// The elements as nested `Vec`s, one level per axis: the way back from [`Tensor::new`].
    ///
    /// ```
    /// # use gradus_tensor::Tensor;
    /// let t = Tensor::new(vec![vec![1.0f32, 2.0], vec![3.0, 4.0]])?;
    /// let rows: Vec<Vec<f32>> = t.to_nested()?;
    /// assert_eq!(rows[1], [3.0, 4.0]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when the rank is not the number of levels, or the dtype not that of the elements.
    pub fn to_nested<N: FromNested>(&self) -> Result<N> {
        if self.rank() != N::RANK {
            return Err(Error::shape(format!(
                "to_nested: shape {} of rank {} as {} levels",
                self.shape(),
                self.rank(),
                N::RANK
            )));
        }
        Ok(N::from_elements(self.shape().dims(), self.as_slice::<N::Item>()?))
    }
}

impl<T: Element> FromIterator<T> for Tensor {
    /// A vector of the items.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Tensor {
        let items: Vec<T> = items.into_iter().collect();
        let len = items.len();
        // A `Vec` holds no more elements than a tensor can.
        Tensor::from_vec(items, [len]).expect("as many elements as the shape says")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let deep = vec![vec![vec![1i64, 2], vec![3, 4]], vec![vec![5, 6], vec![7, 8]]];
        assert_eq!(Tensor::new(deep.clone()).unwrap().to_nested::<Vec<Vec<Vec<i64>>>>().unwrap(), deep);
        assert!(Tensor::scalar(true).to_nested::<bool>().unwrap());
        let empty = Tensor::zeros([2, 0], crate::DType::F32).unwrap();
        assert_eq!(empty.to_nested::<Vec<Vec<f32>>>().unwrap(), vec![Vec::new(), Vec::<f32>::new()]);
        assert!(empty.to_nested::<Vec<f32>>().is_err());
        assert!(empty.to_nested::<Vec<Vec<f64>>>().is_err());
        let t: Tensor = (0..5u8).map(|i| i * i).collect();
        assert_eq!(t.to_nested::<Vec<u8>>().unwrap(), [0, 1, 4, 9, 16]);
        assert_eq!(std::iter::empty::<f32>().collect::<Tensor>().shape().dims(), [0]);
    }
}
