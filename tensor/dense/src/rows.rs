//! The rows that a dense gradient was summed from.
//!
//! The gradient of a lookup is one row per index, and rows of one index add up. Keras's optimizers square
//! each row before they add, so that `sum(g_i^2)` enters their mean squares rather than `(sum g_i)^2`; a dense
//! gradient cannot tell the two apart. So it keeps its rows beside it, as long as nothing else is computed from it.

use crate::op::apply1;
use crate::ops::ScatterAdd;
use crate::{Result, Shape, Tensor};

/// Rows and their places along the first axis.
#[derive(Clone, Debug)]
pub struct Rows {
    /// `[..indices, ..row]`.
    pub values: Tensor,
    /// Places of the rows, of any integer dtype.
    pub indices: Tensor,
}

impl Rows {
    /// The sum of the rows at each place, in a tensor of that shape, which keeps the rows beside it.
    pub fn dense(self, shape: impl Into<Shape>) -> Result<Tensor> {
        let sum = self.sum(shape)?;
        self.leave_on(&sum);
        Ok(sum)
    }

    /// The sum of the rows at each place.
    pub fn sum(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let op = ScatterAdd { shape: shape.into(), axis: 0, batch_dims: 0 };
        apply1(&op, &[&self.indices, &self.values])
    }

    /// Leaves the rows beside their sum.
    pub fn leave_on(self, sum: &Tensor) {
        let _ = sum.view().derived(|| self);
    }

    /// The rows that were left beside `sum`.
    pub fn of(sum: &Tensor) -> Option<Rows> {
        sum.view().left::<Rows>().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_beside_their_sum_alone() {
        let rows = Rows {
            values: Tensor::new([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap(),
            indices: Tensor::new([2, 0, 2]).unwrap(),
        };
        let sum = rows.dense([3, 2]).unwrap();
        assert_eq!(sum.to_vec::<f32>().unwrap(), [3.0, 4.0, 0.0, 0.0, 6.0, 8.0]);
        assert_eq!(Rows::of(&sum).unwrap().values.shape().dims(), [3, 2]);
        assert!(Rows::of(&sum.neg().unwrap()).is_none());
    }
}
