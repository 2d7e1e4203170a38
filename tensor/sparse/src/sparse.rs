//! The sparse tensor: coordinates, values, and the shape around them.

use gradus_tensor::{DType, Element, Error, Result, Shape, Tensor};

/// Values at coordinates of a dense shape, zero elsewhere. See the [crate](crate) for order and repetition.
///
/// Immutable, as tensors are; clones share everything.
#[derive(Clone)]
pub struct SparseTensor {
    /// i64, `[n, rank]`, all inside of the shape.
    indices: Tensor,
    /// `[n]`.
    values: Tensor,
    shape: Shape,
}

impl SparseTensor {
    /// A sparse tensor of `indices` `[n, rank]` (any integer dtype), `values` `[n]`, and a dense shape of that rank.
    ///
    /// Entries may come in any order and repeat; see [`SparseTensor::to_dense`]. Errors when the parts do not fit one
    /// another, a coordinate is outside of the shape, or the shape counts more elements than 2^63.
    pub fn new(indices: Tensor, values: Tensor, dense_shape: impl Into<Shape>) -> Result<SparseTensor> {
        let shape = dense_shape.into();
        let fits = indices.rank() == 2
            && values.rank() == 1
            && indices.shape()[0] == values.len()
            && indices.shape()[1] == shape.rank();
        if !fits {
            return Err(Error::shape(format!(
                "sparse: indices of shape {} and values of shape {} for dense shape {shape}",
                indices.shape(),
                values.shape()
            )));
        }
        if !indices.dtype().is_int() {
            return Err(Error::dtype(format!("sparse: indices must be integers, found {}", indices.dtype())));
        }
        let indices = if indices.dtype() == DType::I64 { indices } else { indices.cast(DType::I64)? };
        // Coordinates are also counted along all axes at once, in i64.
        let total = shape.iter().try_fold(1i64, |n, &d| n.checked_mul(i64::try_from(d).ok()?));
        if total.is_none() {
            return Err(Error::shape(format!("sparse: dense shape {shape} counts more than 2^63 elements")));
        }
        if shape.rank() > 0 {
            for (n, place) in indices.as_slice::<i64>()?.chunks_exact(shape.rank()).enumerate() {
                let inside =
                    place.iter().zip(shape.iter()).all(|(&i, &d)| usize::try_from(i).is_ok_and(|i| i < d));
                if !inside {
                    return Err(Error::value(format!(
                        "sparse: entry {n} at {place:?} is outside of shape {shape}"
                    )));
                }
            }
        }
        Ok(SparseTensor { indices, values, shape })
    }

    /// A sparse tensor from Rust values: a coordinate per entry, and as many values.
    pub fn from_entries<const N: usize, T: Element>(
        indices: impl AsRef<[[i64; N]]>,
        values: impl Into<Vec<T>>,
        dense_shape: impl Into<Shape>,
    ) -> Result<SparseTensor> {
        let (indices, values) = (indices.as_ref(), values.into());
        let (n, found) = (indices.len(), values.len());
        let indices = Tensor::from_slice(indices.as_flattened(), [n, N])?;
        SparseTensor::new(indices, Tensor::from_vec(values, [found])?, dense_shape)
    }

    /// Coordinates that are known to lie inside, one after another.
    pub(crate) fn from_parts(places: Vec<i64>, values: Tensor, shape: Shape) -> Result<SparseTensor> {
        let indices = Tensor::from_vec(places, [values.len(), shape.rank()])?;
        Ok(SparseTensor { indices, values, shape })
    }

    /// No entries.
    pub fn empty(dtype: DType, dense_shape: impl Into<Shape>) -> Result<SparseTensor> {
        let shape = dense_shape.into();
        SparseTensor::new(Tensor::zeros([0, shape.rank()], DType::I64)?, Tensor::zeros([0], dtype)?, shape)
    }

    /// Ones on the diagonal of a matrix.
    pub fn eye(rows: usize, columns: usize, dtype: DType) -> Result<SparseTensor> {
        let n = rows.min(columns);
        let values = Tensor::ones([n], dtype)?;
        let places = (0..n as i64).flat_map(|i| [i, i]).collect();
        SparseTensor::from_parts(places, values, Shape::from([rows, columns]))
    }

    /// The coordinates: i64, `[n, rank]`.
    pub fn indices(&self) -> &Tensor {
        &self.indices
    }

    /// The values: `[n]`.
    pub fn values(&self) -> &Tensor {
        &self.values
    }

    /// The shape of the dense tensor that this one stands for.
    pub fn dense_shape(&self) -> &Shape {
        &self.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.values.dtype()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// Number of entries, zeros among them.
    pub fn nnz(&self) -> usize {
        self.values.len()
    }

    /// Other values at the same coordinates, of any dtype. Errors unless there are as many.
    pub fn with_values(&self, values: Tensor) -> Result<SparseTensor> {
        if values.rank() != 1 || values.len() != self.nnz() {
            let (found, wanted) = (values.shape(), self.nnz());
            return Err(Error::shape(format!("sparse: expected {wanted} values, found shape {found}")));
        }
        // The indices keep their identity, and with it the compressed rows beside them.
        Ok(SparseTensor { indices: self.indices.clone(), values, shape: self.shape.clone() })
    }

    /// Applies a dense function to the values; zeros that are not entries stay zero (`tf.sparse.map_values`).
    pub fn map_values(&self, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<SparseTensor> {
        self.with_values(f(&self.values)?)
    }

    /// The values in another dtype.
    pub fn cast(&self, dtype: DType) -> Result<SparseTensor> {
        self.map_values(|v| v.cast(dtype))
    }

    /// The coordinates one after another.
    pub(crate) fn places(&self) -> Result<&[i64]> {
        self.indices.as_slice::<i64>()
    }

    /// The coordinates, one item each.
    pub(crate) fn each_place(&self) -> Result<Vec<&[i64]>> {
        if self.rank() == 0 {
            return Ok(vec![&[]; self.nnz()]);
        }
        Ok(self.places()?.chunks_exact(self.rank()).collect())
    }

    /// The entries at these positions, in a tensor of the same shape.
    pub(crate) fn pick(&self, entries: &[i64]) -> Result<SparseTensor> {
        let at = Tensor::from_slice(entries, [entries.len()])?;
        let indices = self.indices.gather(&at, 0)?;
        Ok(SparseTensor { indices, values: self.values.gather(&at, 0)?, shape: self.shape.clone() })
    }

    /// An axis counted from the end when negative.
    pub(crate) fn axis(&self, axis: isize) -> Result<usize> {
        self.shape.axis(axis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_must_fit() {
        let one = || vec![1.0f32];
        assert_eq!(SparseTensor::from_entries([[0, 1]], one(), [2, 2]).unwrap().nnz(), 1);
        let refused = [
            ("outside", SparseTensor::from_entries([[0, 2]], one(), [2, 2])),
            ("negative", SparseTensor::from_entries([[0, -1]], one(), [2, 2])),
            ("rank", SparseTensor::from_entries([[0, 1]], one(), [2])),
            ("number of values", SparseTensor::from_entries([[0, 1], [1, 1]], one(), [2, 2])),
            ("huge", SparseTensor::from_entries([[0, 1]], one(), [1 << 40, 1 << 40])),
        ];
        for (name, found) in refused {
            assert!(found.is_err(), "{name}");
        }
        assert_eq!(SparseTensor::empty(DType::I32, [1 << 30, 1 << 30]).unwrap().nnz(), 0);
    }
}
