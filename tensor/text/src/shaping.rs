//! Shapes, slices and joins: what dense tensors have, for strings.

use gradus_tensor::{Result, Shape, Tensor, bail_shape, bail_value};

use crate::as_string::integers;
use crate::{StringBuilder, StringTensor};

impl StringTensor {
    /// As [`reshape`](StringTensor::reshape), with at most one size -1, which follows from the others.
    pub fn reshape_infer(&self, dims: &[isize]) -> Result<StringTensor> {
        let known = dims.iter().filter(|&&d| d != -1);
        let mut product = 1usize;
        for &d in known.clone() {
            let size = usize::try_from(d).ok().and_then(|d| product.checked_mul(d));
            let Some(next) = size else { bail_shape!("reshape: {dims:?} is not a shape") };
            product = next;
        }
        let open = dims.len() - known.count();
        if open > 1 {
            bail_shape!("reshape: {dims:?} leaves more than one size open");
        }
        if open == 1 && (product == 0 || self.len() % product != 0) {
            bail_shape!("reshape: shape {} does not fit into {dims:?}", self.shape());
        }
        let fill = |&d: &isize| if d == -1 { self.len() / product } else { d as usize };
        self.reshape(dims.iter().map(fill).collect::<Shape>())
    }

    /// A new axis of size 1 at a place; negative ones count from the end of the result.
    pub fn expand_dims(&self, axis: isize) -> Result<StringTensor> {
        let rank = self.rank() as isize + 1;
        let at = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&at) {
            bail_shape!("expand_dims: axis {axis} is out of range for shape {}", self.shape());
        }
        self.reshape(self.shape().with(at as usize, 1))
    }

    /// The elements in the given shape, by their places in row-major order.
    fn pick(&self, shape: Shape, places: impl Iterator<Item = usize>) -> Result<StringTensor> {
        let mut strings = StringBuilder::with_capacity(shape.checked_len()?);
        places.for_each(|i| strings.push(self.at(i)));
        strings.finish(shape)
    }

    /// The slices at these indices along an axis: the index's shape replaces the axis.
    ///
    /// Errors when an index (i32 or i64) is negative or past the end.
    pub fn gather(&self, indices: &Tensor, axis: isize) -> Result<StringTensor> {
        let axis = self.shape().axis(axis)?;
        let (outer, size, inner) = self.shape().around(axis);
        let at = integers(indices)?;
        if let Some(bad) = at.iter().find(|i| !(0..size as i128).contains(i)) {
            bail_value!("gather: index {bad} is out of range for an axis of size {size}");
        }
        let dims = self.shape().dims();
        let shape = [&dims[..axis], indices.shape(), &dims[axis + 1..]].concat();
        let picked = (0..outer).flat_map(|o| {
            at.iter().flat_map(move |&i| (0..inner).map(move |k| (o * size + i as usize) * inner + k))
        });
        self.pick(shape.into(), picked)
    }

    /// The elements `begin..end` along an axis.
    pub fn narrow(&self, axis: isize, begin: usize, end: usize) -> Result<StringTensor> {
        let axis = self.shape().axis(axis)?;
        let (outer, size, inner) = self.shape().around(axis);
        if begin > end || end > size {
            bail_value!("narrow: {begin}..{end} is not within an axis of size {size}");
        }
        let picked = (0..outer).flat_map(|o| (o * size + begin) * inner..(o * size + end) * inner);
        self.pick(self.shape().replaced(axis, end - begin), picked)
    }

    /// The slices along an axis, without it.
    pub fn unstack(&self, axis: isize) -> Result<Vec<StringTensor>> {
        let axis = self.shape().axis(axis)?;
        let (shape, size) = (self.shape().without(axis), self.shape()[axis]);
        (0..size).map(|i| self.narrow(axis as isize, i, i + 1)?.reshape(&shape)).collect()
    }

    /// Tensors one behind the other along an axis; the other axes must agree.
    pub fn concat(tensors: &[&StringTensor], axis: isize) -> Result<StringTensor> {
        let Some(first) = tensors.first() else { bail_shape!("concat: no tensors") };
        let axis = first.shape().axis(axis)?;
        let mut total = 0;
        for t in tensors {
            if t.rank() != first.rank() || t.shape().without(axis) != first.shape().without(axis) {
                bail_shape!("concat: shapes {} and {} differ beside axis {axis}", first.shape(), t.shape());
            }
            total += t.shape()[axis];
        }
        let (outer, _, inner) = first.shape().around(axis);
        let mut strings = StringBuilder::new();
        for o in 0..outer {
            for t in tensors {
                let row = t.shape()[axis] * inner;
                (o * row..(o + 1) * row).for_each(|i| strings.push(t.at(i)));
            }
        }
        strings.finish(first.shape().replaced(axis, total))
    }

    /// Tensors of one shape along a new axis.
    pub fn stack(tensors: &[&StringTensor], axis: isize) -> Result<StringTensor> {
        let Some(first) = tensors.first() else { bail_shape!("stack: no tensors") };
        if let Some(other) = tensors.iter().find(|t| t.shape() != first.shape()) {
            bail_shape!("stack: shapes {} and {} differ", first.shape(), other.shape());
        }
        let wide = tensors.iter().map(|t| t.expand_dims(axis)).collect::<Result<Vec<_>>>()?;
        StringTensor::concat(&wide.iter().collect::<Vec<_>>(), axis)
    }

    /// `paddings[i]` copies of `value` before and after axis `i`.
    pub fn pad(&self, paddings: &[(usize, usize)], value: &[u8]) -> Result<StringTensor> {
        if paddings.len() != self.rank() {
            bail_shape!("pad: {} pairs for shape {}", paddings.len(), self.shape());
        }
        let grown = |(&d, &(a, b)): (&usize, &(usize, usize))| d.checked_add(a)?.checked_add(b);
        let shape: Option<Shape> = self.shape().iter().zip(paddings).map(grown).collect();
        let Some(shape) = shape else { bail_shape!("pad: {paddings:?} is too much") };
        let (from, to) = (self.shape().strides(), shape.strides());
        let mut strings = StringBuilder::with_capacity(shape.checked_len()?);
        for i in 0..shape.num_elements() {
            let along = |a: usize| (i / to[a] % shape[a]).checked_sub(paddings[a].0);
            let place = (0..shape.rank())
                .try_fold(0, |sum, a| along(a).filter(|&k| k < self.shape()[a]).map(|k| sum + k * from[a]));
            strings.push(place.map_or(value, |p| self.at(p)));
        }
        strings.finish(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> StringTensor {
        StringTensor::new([["a", "b", "c"], ["d", "e", "f"]]).unwrap()
    }

    #[test]
    fn pieces_come_back_together() {
        let t = letters();
        for axis in [0, 1, -1] {
            let parts = t.unstack(axis).unwrap();
            assert_eq!(StringTensor::stack(&parts.iter().collect::<Vec<_>>(), axis).unwrap(), t, "{axis}");
            let size = t.shape()[t.shape().axis(axis).unwrap()];
            let halves = [t.narrow(axis, 0, 1).unwrap(), t.narrow(axis, 1, size).unwrap()];
            assert_eq!(StringTensor::concat(&[&halves[0], &halves[1]], axis).unwrap(), t, "{axis}");
        }
        assert_eq!(t.reshape_infer(&[3, -1]).unwrap().shape().dims(), [3, 2]);
        assert!(t.reshape_infer(&[4, -1]).is_err());
        assert!(t.reshape_infer(&[-1, -1]).is_err());
    }

    #[test]
    fn gathers_and_pads() {
        let t = letters();
        let columns = t.gather(&Tensor::new([2i64, 0]).unwrap(), 1).unwrap();
        assert_eq!(columns.to_strings().unwrap(), ["c", "a", "f", "d"]);
        assert!(t.gather(&Tensor::new([2i32]).unwrap(), 0).is_err());
        assert!(t.gather(&Tensor::new([-1i32]).unwrap(), 0).is_err());
        let padded = t.pad(&[(0, 1), (1, 0)], b"-").unwrap();
        assert_eq!(padded.to_strings().unwrap().concat(), "-abc-def----");
    }
}
