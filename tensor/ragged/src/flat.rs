//! What flat values must be able to do: a dense array whose rows can be picked, joined and reshaped.

use gradus_tensor::{Element, Error, Result, Tensor, dispatch};

/// A dense array of any kind of element, seen as rows along its first axis.
///
/// [`Tensor`] implements it; so may arrays of strings. Ragged operations that only move rows about need nothing else.
pub trait FlatValues: Clone {
    /// The axis sizes.
    fn dims(&self) -> &[usize];

    /// The rows at these positions of the first axis, in that order; all positions are inside.
    fn take(&self, rows: &[i64]) -> Result<Self>;

    /// Arrays of equal row shape, one after the other along the first axis. The list is not empty.
    fn joined(parts: &[&Self]) -> Result<Self>;

    /// The same elements under another shape of as many elements.
    fn reshaped(&self, dims: &[usize]) -> Result<Self>;

    /// The value that pads where none is given, as an array without axes: 0, false, or an empty string.
    fn blank(&self) -> Result<Self>;

    /// Whether the element at a position (row-major) equals that of another array.
    fn same(&self, at: usize, other: &Self, other_at: usize) -> Result<bool>;

    /// The element at a position (row-major) as it is printed.
    fn text(&self, at: usize) -> String;

    /// The array itself as it is printed when no axis is ragged.
    fn array_text(&self) -> String;
}

/// Flat values that are made from the leaves of nested Rust values.
pub trait FromItems<T>: FlatValues {
    /// A vector of these items.
    fn from_items(items: Vec<T>) -> Result<Self>;
}

impl<T: Element> FromItems<T> for Tensor {
    fn from_items(items: Vec<T>) -> Result<Tensor> {
        let n = items.len();
        Tensor::from_vec(items, [n])
    }
}

impl FlatValues for Tensor {
    fn dims(&self) -> &[usize] {
        self.shape().dims()
    }

    /// Consecutive rows share the storage; others are gathered.
    fn take(&self, rows: &[i64]) -> Result<Tensor> {
        let begin = rows.first().copied().unwrap_or(0);
        if rows.iter().zip(begin..).all(|(&row, next)| row == next) {
            if begin == 0 && rows.len() == self.shape()[0] {
                return Ok(self.clone());
            }
            let begin = usize::try_from(begin).map_err(|_| Error::value(format!("row {begin}")))?;
            return self.slice(gradus_tensor::s![begin..begin + rows.len()]);
        }
        self.gather(&Tensor::from_slice(rows, [rows.len()])?, 0)
    }

    fn joined(parts: &[&Tensor]) -> Result<Tensor> {
        if let [one] = parts { Ok((*one).clone()) } else { Tensor::concat(parts, 0) }
    }

    fn reshaped(&self, dims: &[usize]) -> Result<Tensor> {
        if self.shape().dims() == dims { Ok(self.clone()) } else { self.reshape(dims) }
    }

    fn blank(&self) -> Result<Tensor> {
        Ok(Tensor::scalar_of(self.dtype(), 0.0))
    }

    fn same(&self, at: usize, other: &Tensor, other_at: usize) -> Result<bool> {
        if self.dtype() != other.dtype() {
            let (a, b) = (self.dtype(), other.dtype());
            return Err(Error::dtype(format!("{a} values compared with {b}; convert one with `cast`")));
        }
        dispatch!(self.dtype(), T: all => { Ok(self.as_slice::<T>()?[at] == other.as_slice::<T>()?[other_at]) })
    }

    fn text(&self, at: usize) -> String {
        dispatch!(self.dtype(), T: all => { Tensor::scalar(self.view().as_slice::<T>()[at]).to_text() })
    }

    fn array_text(&self) -> String {
        self.to_string()
    }
}
