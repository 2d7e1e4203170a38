//! Strings put together.

use gradus_tensor::{Axes, Result, Shape, bail_shape};

use crate::{StringBuilder, StringTensor};

impl StringTensor {
    /// Elements at the same place of several tensors, with a separator between them.
    ///
    /// Tensors have one shape, or are scalars, which count for every place. Nothing joined is an empty string.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let names = StringTensor::new(["a", "b"])?;
    /// let joined = StringTensor::join(&[&names, &StringTensor::scalar("z")], "-")?;
    /// assert_eq!(joined.to_strings()?, ["a-z", "b-z"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn join(tensors: &[&StringTensor], separator: impl AsRef<[u8]>) -> Result<StringTensor> {
        let mut shape = Shape::scalar();
        for t in tensors.iter().filter(|t| t.rank() > 0) {
            if shape.rank() > 0 && shape != *t.shape() {
                bail_shape!("join: shapes {shape} and {} differ", t.shape());
            }
            shape = t.shape().clone();
        }
        let mut strings = StringBuilder::new();
        for i in 0..shape.num_elements() {
            let parts = tensors.iter().map(|t| t.at(if t.rank() == 0 { 0 } else { i }));
            strings.push_with(|out| concatenate(parts, separator.as_ref(), out));
        }
        strings.finish(shape)
    }

    /// Elements along some axes put together, with a separator between them.
    ///
    /// Axes are joined in their order in the list, the first one fastest; all axes, `()`, in row-major order. Axes that
    /// were joined are dropped, or kept with size 1 by `keep_dims`.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let t = StringTensor::new([["a", "b"], ["c", "d"]])?;
    /// assert_eq!(t.reduce_join(0, "", false)?.to_strings()?, ["ac", "bd"]);
    /// assert_eq!(t.reduce_join((), "-", false)?.to_strings()?, ["a-b-c-d"]);
    /// assert_eq!(t.reduce_join([0, 1], "", false)?.to_strings()?, ["acbd"]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors for an axis out of range or named twice.
    pub fn reduce_join(
        &self,
        axes: impl Into<Axes>,
        separator: impl AsRef<[u8]>,
        keep_dims: bool,
    ) -> Result<StringTensor> {
        let shape = self.shape();
        let axes: Vec<usize> = match axes.into() {
            Axes::All => (0..shape.rank()).rev().collect(),
            Axes::List(list) => list.iter().map(|&a| shape.axis(a)).collect::<Result<_>>()?,
        };
        if let Some(twice) = axes.iter().enumerate().find(|(i, a)| axes[..*i].contains(a)) {
            bail_shape!("reduce_join: axis {} is named twice", twice.1);
        }
        let strides = shape.strides();
        let kept: Vec<usize> = (0..shape.rank()).filter(|a| !axes.contains(a)).collect();
        let joined: usize = axes.iter().map(|&a| shape[a]).product();
        let result: Shape = kept.iter().map(|&a| shape[a]).collect();
        // The place of number `i` among positions along those axes, the first one fastest.
        let place = |i: usize, order: &[usize]| {
            let mut rest = i;
            order.iter().fold(0, |sum, &a| {
                let at = rest % shape[a];
                rest /= shape[a];
                sum + at * strides[a]
            })
        };
        let from_last: Vec<usize> = kept.iter().rev().copied().collect();
        let mut strings = StringBuilder::new();
        for i in 0..result.num_elements() {
            let base = place(i, &from_last);
            let parts = (0..joined).map(|k| self.at(base + place(k, &axes)));
            strings.push_with(|out| concatenate(parts, separator.as_ref(), out));
        }
        let result = match keep_dims {
            true => (0..shape.rank()).map(|a| if axes.contains(&a) { 1 } else { shape[a] }).collect(),
            false => result,
        };
        strings.finish(result)
    }
}

pub(crate) fn concatenate<'a>(parts: impl Iterator<Item = &'a [u8]>, separator: &[u8], out: &mut Vec<u8>) {
    for (k, part) in parts.enumerate() {
        if k > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(part);
    }
}
