//! The string tensor: a shape over byte strings that lie end to end in one buffer.

use std::sync::Arc;

use gradus_tensor::{Error, Result, Shape};

/// An immutable n-dimensional array of byte strings.
///
/// The bytes of all elements lie end to end in row-major order, with the place where each begins beside them, so a
/// tensor is three allocations however many strings it has. Cloning shares them. Elements are bytes, as in TensorFlow:
/// text is UTF-8 by convention, and nothing breaks when it is not.
///
/// ```
/// # use gradus_text::StringTensor;
/// let t = StringTensor::new([["one", "two"], ["drei", "vier"]])?;
/// assert_eq!(t.shape().dims(), [2, 2]);
/// assert_eq!(t.get(2), Some(&b"drei"[..]));
/// assert_eq!(StringTensor::scalar("naïve").to_string(), r"tf.Tensor(b'na\xc3\xafve', shape=(), dtype=string)");
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct StringTensor {
    shape: Shape,
    bytes: Arc<[u8]>,
    /// Element i is `bytes[offsets[i]..offsets[i + 1]]`; one more than there are elements.
    offsets: Arc<[usize]>,
}

impl StringTensor {
    /// A tensor of that shape from byte strings in row-major order.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let t = StringTensor::from_vec(vec!["a", "b", "c"], [3])?;
    /// assert_eq!(t.len(), 3);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when the shape holds another number of elements.
    pub fn from_vec<S: AsRef<[u8]>>(values: Vec<S>, shape: impl Into<Shape>) -> Result<StringTensor> {
        let mut strings = StringBuilder::with_capacity(values.len());
        values.iter().for_each(|s| strings.push(s.as_ref()));
        strings.finish(shape)
    }

    /// A scalar.
    pub fn scalar(value: impl AsRef<[u8]>) -> StringTensor {
        let bytes = value.as_ref();
        StringTensor { shape: Shape::scalar(), bytes: bytes.into(), offsets: [0, bytes.len()].into() }
    }

    /// A tensor of empty strings.
    pub fn empty(shape: impl Into<Shape>) -> Result<StringTensor> {
        let shape = shape.into();
        let mut strings = StringBuilder::new();
        (0..shape.checked_len()?).for_each(|_| strings.push(b""));
        strings.finish(shape)
    }

    /// Axis sizes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// True when there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `i` in row-major order.
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        (i < self.len()).then(|| self.at(i))
    }

    pub(crate) fn at(&self, i: usize) -> &[u8] {
        &self.bytes[self.offsets[i]..self.offsets[i + 1]]
    }

    /// The elements in row-major order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator + Clone {
        self.offsets.windows(2).map(|w| &self.bytes[w[0]..w[1]])
    }

    /// Copies of the elements.
    pub fn to_vec(&self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }

    /// The elements as text; an error naming the first that is not UTF-8.
    pub fn to_strings(&self) -> Result<Vec<String>> {
        let text = |(i, bytes): (usize, &[u8])| match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_string()),
            Err(e) => Err(Error::value(format!("element {i} is not UTF-8: {e}"))),
        };
        self.iter().enumerate().map(text).collect()
    }

    /// The value of a one-element tensor.
    pub fn item(&self) -> Result<&[u8]> {
        if self.len() != 1 {
            return Err(Error::shape(format!("item: expected one element, found shape {}", self.shape)));
        }
        Ok(self.at(0))
    }

    /// Number of bytes of all elements together.
    pub fn num_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The same strings in another shape of as many elements.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<StringTensor> {
        let shape = shape.into();
        if shape.checked_len()? != self.len() {
            return Err(Error::shape(format!(
                "reshape: shape {} has {} elements, {shape} has another number",
                self.shape,
                self.len()
            )));
        }
        Ok(StringTensor { shape, ..self.clone() })
    }
}

impl PartialEq for StringTensor {
    fn eq(&self, other: &StringTensor) -> bool {
        self.shape == other.shape && self.iter().eq(other.iter())
    }
}

impl Eq for StringTensor {}

/// Byte strings on the way into a [`StringTensor`].
#[derive(Debug, Default)]
pub struct StringBuilder {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl StringBuilder {
    /// Nothing yet.
    pub fn new() -> StringBuilder {
        StringBuilder::default()
    }

    /// Nothing yet, and room for that many strings.
    pub fn with_capacity(strings: usize) -> StringBuilder {
        StringBuilder { bytes: Vec::new(), ends: Vec::with_capacity(strings) }
    }

    /// Adds a string.
    pub fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
    }

    /// Adds the string that `write` appends.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// Number of strings so far.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The strings in a shape; an error when it holds another number.
    pub fn finish(self, shape: impl Into<Shape>) -> Result<StringTensor> {
        let shape = shape.into();
        if shape.checked_len()? != self.ends.len() {
            return Err(Error::shape(format!("shape {shape} does not hold {} strings", self.ends.len())));
        }
        let offsets = std::iter::once(0).chain(self.ends).collect();
        Ok(StringTensor { shape, bytes: self.bytes.into(), offsets })
    }

    /// The strings as a vector.
    pub fn finish_vector(self) -> StringTensor {
        let shape = Shape::from([self.len()]);
        let offsets = std::iter::once(0).chain(self.ends).collect();
        StringTensor { shape, bytes: self.bytes.into(), offsets }
    }
}

impl<S: AsRef<[u8]>> FromIterator<S> for StringTensor {
    /// A vector of the strings.
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> StringTensor {
        let mut builder = StringBuilder::new();
        strings.into_iter().for_each(|s| builder.push(s.as_ref()));
        builder.finish_vector()
    }
}
