//! Elementwise functions of several tensors, with broadcasting.

use gradus_tensor::{Result, Shape};

use crate::{StringBuilder, StringTensor};

/// For each element of the broadcast shape, its place in a tensor of shape `from`.
pub(crate) fn places(from: &Shape, to: &Shape) -> impl Fn(usize) -> usize + use<> {
    let (strides, to_strides) = (from.strides(), to.strides());
    let skip = to.rank() - from.rank();
    // Per axis of the result: its stride there, its size, and its stride here (0 where an axis is stretched).
    let axes: Vec<[usize; 3]> = (0..from.rank())
        .map(|a| [to_strides[a + skip], to[a + skip], if from[a] == 1 { 0 } else { strides[a] }])
        .collect();
    let same = from == to;
    move |i| if same { i } else { axes.iter().map(|&[stride, size, own]| i / stride % size * own).sum() }
}

impl StringTensor {
    /// The result of `write` for every element, in the same shape.
    pub(crate) fn map(&self, mut write: impl FnMut(&[u8], &mut Vec<u8>)) -> StringTensor {
        let mut strings = StringBuilder::with_capacity(self.len());
        self.iter().for_each(|s| strings.push_with(|out| write(s, out)));
        strings.finish_vector().reshaped(self.shape())
    }

    /// As [`StringTensor::map`], for what can fail.
    pub(crate) fn try_map(
        &self,
        mut write: impl FnMut(usize, &[u8], &mut Vec<u8>) -> Result<()>,
    ) -> Result<StringTensor> {
        let mut strings = StringBuilder::with_capacity(self.len());
        for (i, s) in self.iter().enumerate() {
            let mut result = Ok(());
            strings.push_with(|out| result = write(i, s, out));
            result?;
        }
        Ok(strings.finish_vector().reshaped(self.shape()))
    }

    /// A vector of as many elements as the shape has, in that shape.
    fn reshaped(self, shape: &Shape) -> StringTensor {
        self.reshape(shape).unwrap_or(self)
    }

    /// Copies of the elements so that the shape becomes `shape`, to which it must broadcast.
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Result<StringTensor> {
        let shape = shape.into();
        if self.shape().broadcast(&shape)? != shape {
            gradus_tensor::bail_shape!("broadcast_to: {} does not broadcast to {shape}", self.shape());
        }
        if *self.shape() == shape {
            return Ok(self.clone());
        }
        let place = places(self.shape(), &shape);
        let mut strings = StringBuilder::new();
        (0..shape.checked_len()?).for_each(|i| strings.push(self.at(place(i))));
        strings.finish(shape)
    }

    /// The elements of both one behind the other, with broadcasting: `tf.add` of strings.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let t = StringTensor::new(["a", "b"])?.add(&StringTensor::scalar("!"))?;
    /// assert_eq!(t.to_strings()?, ["a!", "b!"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn add(&self, other: &StringTensor) -> Result<StringTensor> {
        let shape = self.shape().broadcast(other.shape())?;
        let (a, b) = (places(self.shape(), &shape), places(other.shape(), &shape));
        let mut strings = StringBuilder::new();
        for i in 0..shape.checked_len()? {
            strings.push_with(|out| {
                out.extend_from_slice(self.at(a(i)));
                out.extend_from_slice(other.at(b(i)));
            });
        }
        strings.finish(shape)
    }
}
