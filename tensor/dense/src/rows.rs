//! Gradients that are kept as rows: of a lookup, one row per index, and rows of one index add up.
//!
//! A table of a million rows of which a batch touches a hundred has a gradient of a hundred rows. So that no operation
//! and no optimizer needs to know, the gradient is an ordinary tensor whose elements are summed when someone
//! looks at them. Who can do with the rows alone asks for them ([`Rows::of`]), and nothing is summed.
//!
//! Keras's optimizers square each row before they add, so that `sum(g_i^2)` enters their mean squares rather than
//! `(sum g_i)^2`; the sum alone cannot tell the two apart.

use crate::op::{Op, apply1};
use crate::ops::{ScatterAdd, check_indices};
use crate::tensor::Store;
use crate::view::ViewMut;
use crate::{DType, Result, Shape, Spec, Tensor, recorder};
use gradus_kernels::Buffer;
use std::sync::{Arc, OnceLock};

/// Rows and their places along the first axis.
#[derive(Clone, Debug)]
pub struct Rows {
    /// `[..indices, ..row]`.
    pub values: Tensor,
    /// Places of the rows, of any integer dtype.
    pub indices: Tensor,
}

/// Rows whose sum is made on demand.
pub(crate) struct Deferred {
    rows: Rows,
    sum: OnceLock<Arc<Buffer>>,
}

impl Deferred {
    /// The elements of the sum, in a tensor of that spec.
    pub(crate) fn buffer(&self, spec: &Spec) -> &Arc<Buffer> {
        self.sum.get_or_init(|| {
            let mut buffer = Buffer::new(spec.dtype, spec.len());
            let x = [self.rows.indices.view(), self.rows.values.view()];
            ScatterAdd { shape: spec.shape.clone(), axis: 0, batch_dims: 0 }
                .forward(&x, &mut [ViewMut::of_buffer(spec, &mut buffer)])
                .expect("the indices were checked when the rows were taken");
            Arc::new(buffer)
        })
    }
}

impl Rows {
    /// The sum of the rows at each place, as a tensor of that shape that keeps the rows and adds them on demand.
    ///
    /// Errors when the shapes do not fit, or an index is not below the first size.
    pub fn dense(self, shape: impl Into<Shape>) -> Result<Tensor> {
        let op = ScatterAdd { shape: shape.into(), axis: 0, batch_dims: 0 };
        let inputs = [&self.indices, &self.values];
        let spec = op.infer(&inputs.map(Tensor::spec))?.remove(0);
        check_indices("scatter_add", &self.indices.view(), op.shape.first().copied().unwrap_or(0))?;
        let deferred = Deferred { rows: self.clone(), sum: OnceLock::new() };
        let sum = Tensor::from_store(spec, Store::Rows(Arc::new(deferred)));
        if recorder::active() {
            recorder::record(&op, &inputs, std::slice::from_ref(&sum));
        }
        Ok(sum)
    }

    /// The sum of the rows at each place.
    pub fn sum(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let op = ScatterAdd { shape: shape.into(), axis: 0, batch_dims: 0 };
        apply1(&op, &[&self.indices, &self.values])
    }

    /// The rows that a tensor is the sum of, when it was made by [`Rows::dense`].
    pub fn of(sum: &Tensor) -> Option<&Rows> {
        match sum.store() {
            Store::Rows(d) => Some(&d.rows),
            _ => None,
        }
    }

    /// The rows of both, one list behind the other.
    pub(crate) fn join(&self, other: &Rows) -> Result<Rows> {
        let flat = |r: &Rows| -> Result<(Tensor, Tensor)> {
            let row = &r.values.shape()[r.indices.rank()..];
            let shape: Shape = [r.indices.len()].iter().chain(row).copied().collect();
            Ok((r.values.reshape(shape)?, r.indices.flatten()?.cast(DType::I64)?))
        };
        let ((v, i), (w, j)) = (flat(self)?, flat(other)?);
        Ok(Rows { values: Tensor::concat(&[&v, &w], 0)?, indices: Tensor::concat(&[&i, &j], 0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        Rows {
            values: Tensor::new([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap(),
            indices: Tensor::new([2, 0, 2]).unwrap(),
        }
    }

    #[test]
    fn rows_stay_with_their_sum_alone() {
        let sum = rows().dense([3, 2]).unwrap();
        assert_eq!(Rows::of(&sum).unwrap().values.shape().dims(), [3, 2]);
        assert_eq!(sum.to_vec::<f32>().unwrap(), [3.0, 4.0, 0.0, 0.0, 6.0, 8.0]);
        assert_eq!(sum.fresh().reshape([6]).unwrap().to_vec::<f32>().unwrap()[4], 6.0);
        assert!(Rows::of(&sum.fresh()).is_some());
        assert!(Rows::of(&sum.neg().unwrap()).is_none());
        let mut changed = sum.clone();
        let nine = |y: &mut crate::view::ViewMut<'_>| {
            y.as_mut::<f32>()[0] = 9.0;
            Ok(())
        };
        changed.update(nine).unwrap();
        assert!(Rows::of(&changed).is_none(), "rows tell nothing of a value that was changed");
        assert_eq!(sum.to_vec::<f32>().unwrap()[0], 3.0);
    }

    #[test]
    fn indices_are_checked_at_once() {
        assert!(rows().dense([2, 2]).is_err(), "index 2 of 2");
        assert!(rows().dense([3, 3]).is_err(), "rows of another length");
    }

    #[test]
    fn sums_of_rows_are_rows() {
        let both = crate::backward::accumulate(rows().dense([3, 2]).unwrap(), &rows().dense([3, 2]).unwrap());
        let both = both.unwrap();
        assert_eq!(Rows::of(&both).unwrap().indices.to_vec::<i64>().unwrap(), [2, 0, 2, 2, 0, 2]);
        assert_eq!(both.to_vec::<f32>().unwrap(), [6.0, 8.0, 0.0, 0.0, 12.0, 16.0]);
        let mixed = crate::backward::accumulate(both, &Tensor::ones([3, 2], DType::F32).unwrap()).unwrap();
        assert!(Rows::of(&mixed).is_none());
        assert_eq!(mixed.to_vec::<f32>().unwrap(), [7.0, 9.0, 1.0, 1.0, 13.0, 17.0]);
    }
}
