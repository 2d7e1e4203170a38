//! The rows of a variable that a lookup touched, and their gradients.
//!
//! Where a rule leaves a weight without gradient as it is, only these rows are read and written: a step costs what the
//! batch looked up, not the size of the table. Keras does the same for the same rules, by sparse assignments.

use crate::arith::Number;
use crate::one_pass::Parts;
use gradus_tensor::{DType, Result, Rows};
use std::ops::Range;

/// Distinct rows in ascending order, each with the sum of its gradients and the sum of their squares.
///
/// The sums are taken in the order of the lookups, so that they equal those of the dense gradient bit for bit.
#[derive(Debug)]
pub(crate) struct Touched<T> {
    width: usize,
    places: Vec<usize>,
    sums: Vec<T>,
    squares: Vec<T>,
}

impl<T: Number> Touched<T> {
    /// The rows, whose indices are known to be in range.
    pub fn new(rows: &Rows) -> Result<Touched<T>> {
        let indices = rows.indices.cast(DType::I64)?;
        let indices = indices.view().as_slice::<i64>();
        let values = rows.values.view().as_slice::<T>();
        let width = values.len().checked_div(indices.len()).unwrap_or(0);
        let mut order: Vec<usize> = (0..indices.len()).collect();
        order.sort_by_key(|&k| indices[k]);
        let mut t = Touched { width, places: Vec::new(), sums: Vec::new(), squares: Vec::new() };
        for k in order {
            let (place, row) = (indices[k] as usize, &values[k * width..(k + 1) * width]);
            if t.places.last() != Some(&place) {
                t.places.push(place);
                t.sums.extend_from_slice(row);
                t.squares.extend(row.iter().map(|&g| g * g));
                continue;
            }
            let last = t.sums.len() - width;
            for ((sum, square), &g) in t.sums[last..].iter_mut().zip(&mut t.squares[last..]).zip(row) {
                *sum = *sum + g;
                *square = *square + g * g;
            }
        }
        Ok(t)
    }

    /// Calls `f` for every row, with the elements of the variable that it covers.
    pub fn each(&self, mut f: impl FnMut(Range<usize>, Parts<'_, T>) -> Result<()>) -> Result<()> {
        let rows =
            self.sums.chunks_exact(self.width.max(1)).zip(self.squares.chunks_exact(self.width.max(1)));
        for (&place, (value, squares)) in self.places.iter().zip(rows) {
            let at = place * self.width..(place + 1) * self.width;
            f(at, Parts { value, squares: Some(squares), magnitudes: None })?;
        }
        Ok(())
    }
}
