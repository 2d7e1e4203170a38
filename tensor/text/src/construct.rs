//! String tensors from nested Rust values.

use gradus_tensor::{Error, Result};

use crate::{StringBuilder, StringTensor};

impl StringTensor {
    /// A scalar, vector, matrix or deeper array from nested Rust values: text or bytes, in slices, arrays and `Vec`s of
    /// one another.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// assert_eq!(StringTensor::new("abc")?.rank(), 0);
    /// assert_eq!(StringTensor::new(["a", "bc"])?.shape().dims(), [2]);
    /// assert_eq!(StringTensor::new([[b"a", b"b"]])?.shape().dims(), [1, 2]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when rows differ in length.
    pub fn new<N: NestedStrings>(values: N) -> Result<StringTensor> {
        let mut shape = Vec::new();
        values.shape(&mut shape);
        let mut strings = StringBuilder::new();
        values.flatten(&shape, &mut strings)?;
        strings.finish(shape)
    }
}

/// Nested strings that make a tensor: see [`StringTensor::new`]. Bytes (`[u8]`, `Vec<u8>`) are one string.
pub trait NestedStrings {
    /// Appends the axis sizes, as the first elements tell them.
    fn shape(&self, shape: &mut Vec<usize>);
    /// Appends the strings, checking the sizes.
    fn flatten(&self, shape: &[usize], out: &mut StringBuilder) -> Result<()>;
}

macro_rules! leaf {
    ($([$($generics:tt)*] $t:ty),*) => {$(
        impl<$($generics)*> NestedStrings for $t {
            fn shape(&self, _: &mut Vec<usize>) {}
            fn flatten(&self, _: &[usize], out: &mut StringBuilder) -> Result<()> {
                out.push(AsRef::<[u8]>::as_ref(self));
                Ok(())
            }
        }
    )*};
}
leaf!([] str, [] String, [] [u8], [] Vec<u8>, [const N: usize] [u8; N]);

impl<N: NestedStrings> NestedStrings for [N] {
    fn shape(&self, shape: &mut Vec<usize>) {
        shape.push(self.len());
        if let Some(first) = self.first() {
            first.shape(shape);
        }
    }
    fn flatten(&self, shape: &[usize], out: &mut StringBuilder) -> Result<()> {
        if self.len() != shape[0] {
            return Err(Error::shape(format!("rows differ in length: {} and {}", shape[0], self.len())));
        }
        self.iter().try_for_each(|v| v.flatten(&shape[1..], out))
    }
}

impl<N: NestedStrings, const L: usize> NestedStrings for [N; L] {
    fn shape(&self, shape: &mut Vec<usize>) {
        self.as_slice().shape(shape);
    }
    fn flatten(&self, shape: &[usize], out: &mut StringBuilder) -> Result<()> {
        self.as_slice().flatten(shape, out)
    }
}

impl<N: NestedStrings> NestedStrings for Vec<N> {
    fn shape(&self, shape: &mut Vec<usize>) {
        self.as_slice().shape(shape);
    }
    fn flatten(&self, shape: &[usize], out: &mut StringBuilder) -> Result<()> {
        self.as_slice().flatten(shape, out)
    }
}

impl<N: NestedStrings + ?Sized> NestedStrings for &N {
    fn shape(&self, shape: &mut Vec<usize>) {
        (**self).shape(shape);
    }
    fn flatten(&self, shape: &[usize], out: &mut StringBuilder) -> Result<()> {
        (**self).flatten(shape, out)
    }
}
