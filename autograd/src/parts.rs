//! Assigning parts of a variable: slices, rows, and elements at coordinates.
//!
//! Each is the whole value with the part replaced, assigned, unseen by tapes; a tape or snapshot that holds the old
//! value keeps it.

use crate::{Variable, stop_recording};
use gradus_tensor::ops::{Index, ScatterMode};
use gradus_tensor::{DType, Error, Result, Tensor};

/// A part of a variable, made by [`Variable::slice`].
pub struct VariableSlice<'a> {
    variable: &'a Variable,
    items: Vec<Index>,
}

impl VariableSlice<'_> {
    /// The part as a tensor; tapes see the variable read.
    pub fn value(&self) -> Result<Tensor> {
        self.variable.value().slice(&self.items)
    }

    /// Replaces the part; `values` broadcasts to its shape and has the variable's dtype.
    pub fn assign(&self, values: &Tensor) -> Result<()> {
        stop_recording(|| self.variable.assign(&self.variable.value().with_slice(&self.items, values)?))
    }
}

macro_rules! scatter {
    ($($(#[$m:meta])* $rows:ident $nd:ident $mode:ident;)*) => {
        impl Variable {$(
            $(#[$m])*
            ///
            /// Row `indices[i..]` meets `updates[i..]`, a slice of the variable without its first axis. Errors when an
            /// index is out of range; nothing changes then.
            pub fn $rows(&self, indices: &Tensor, updates: &Tensor) -> Result<()> {
                self.$nd(&indices.expand_dims(-1)?, updates)
            }

            $(#[$m])*
            ///
            /// The last axis of `indices` holds positions along the first axes of the variable. Errors when a
            /// coordinate is out of range; nothing changes then.
            pub fn $nd(&self, indices: &Tensor, updates: &Tensor) -> Result<()> {
                stop_recording(|| {
                    self.assign(&self.value().tensor_scatter_nd(indices, updates, ScatterMode::$mode)?)
                })
            }
        )*}
    };
}

scatter! {
    /// Replaces rows; of several updates of one row the last stays.
    scatter_update scatter_nd_update Update;
    /// Adds to rows.
    scatter_add scatter_nd_add Add;
    /// Subtracts from rows.
    scatter_sub scatter_nd_sub Sub;
    /// Keeps the larger, element by element.
    scatter_max scatter_nd_max Max;
    /// Keeps the smaller, element by element.
    scatter_min scatter_nd_min Min;
}

impl Variable {
    /// A part of this variable, to read or assign: `v.slice(s![0, 1]).assign(&x)`.
    ///
    /// The slice is checked when it is used.
    pub fn slice(&self, items: impl AsRef<[Index]>) -> VariableSlice<'_> {
        VariableSlice { variable: self, items: items.as_ref().to_vec() }
    }

    /// Replaces rows of every batch: the axes of `indices` but its last are batches, and with them in front row
    /// `indices[.., i]` of the variable becomes `updates[.., i]`.
    ///
    /// For a variable of shape `[batch.., n, rest..]` the indices are `[batch.., k]` and the updates
    /// `[batch.., k, rest..]`. Of several updates of one row the last stays. Errors when the batches differ or an index
    /// is out of range; nothing changes then.
    pub fn batch_scatter_update(&self, indices: &Tensor, updates: &Tensor) -> Result<()> {
        let shape = indices.shape();
        let batches = shape.rank().saturating_sub(1);
        if shape.rank() == 0 || self.shape().get(..batches) != Some(&shape[..batches]) {
            return Err(Error::shape(format!(
                "batch_scatter_update: variable {} has shape {}, the indices {shape}",
                self.name(),
                self.shape()
            )));
        }
        // The place of every row: its batch, then its index.
        let indices = indices.cast(DType::I64)?;
        let mut places = Vec::with_capacity(shape.rank());
        for axis in 0..batches {
            let mut column = vec![1; shape.rank()];
            column[axis] = shape[axis];
            places.push(Tensor::range(shape[axis] as i64)?.reshape(column)?.broadcast_to(shape.clone())?);
        }
        places.push(indices);
        let places = Tensor::stack(&places.iter().collect::<Vec<_>>(), -1)?;
        self.scatter_nd_update(&places, updates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_tensor::s;

    #[test]
    fn parts_are_replaced() {
        let v = Variable::new(Tensor::zeros([2, 2], DType::F32).unwrap());
        let before = v.value();
        v.slice(s![0, 1]).assign(&Tensor::scalar(42.0f32)).unwrap();
        v.scatter_add(&Tensor::new([1, 1]).unwrap(), &Tensor::ones([2, 2], DType::F32).unwrap()).unwrap();
        v.scatter_nd_update(&Tensor::new([[0, 0]]).unwrap(), &Tensor::new([7.0f32]).unwrap()).unwrap();
        assert_eq!(v.value().to_vec::<f32>().unwrap(), [7.0, 42.0, 2.0, 2.0]);
        assert_eq!(before.to_vec::<f32>().unwrap(), [0.0; 4], "the old value is kept");
        assert_eq!(v.slice(s![.., 0]).value().unwrap().to_vec::<f32>().unwrap(), [7.0, 2.0]);
        assert!(
            v.scatter_update(&Tensor::new([5]).unwrap(), &Tensor::ones([1, 2], DType::F32).unwrap()).is_err()
        );
    }

    #[test]
    fn rows_of_every_batch_are_replaced() {
        let numbers = |dims: &[usize], from: i32| {
            let n: usize = dims.iter().product();
            Tensor::from_vec((from..from + n as i32).collect(), dims).unwrap()
        };
        // Shapes of the variable, the indices, and what stands in it afterwards, the updates counting from 100.
        let table: [(&[usize], &[usize], &[i32], Option<&[i32]>); 5] = [
            (&[3], &[2], &[2, 0], Some(&[101, 1, 100])),
            (&[2, 3], &[2, 1], &[1, 2], Some(&[0, 100, 2, 3, 4, 101])),
            (&[2, 2, 2], &[2, 1], &[1, 0], Some(&[0, 1, 100, 101, 102, 103, 6, 7])),
            (&[2, 3], &[3, 1], &[0, 0, 0], None),
            (&[2, 3], &[2, 1], &[0, 3], None),
        ];
        for (shape, at, indices, want) in table {
            let v = Variable::new(numbers(shape, 0));
            let indices = Tensor::from_vec(indices.to_vec(), at).unwrap();
            let updates = numbers(&[at, &shape[at.len()..]].concat(), 100);
            let done = v.batch_scatter_update(&indices, &updates);
            assert_eq!(done.is_ok(), want.is_some(), "{shape:?} at {at:?}: {done:?}");
            let before = numbers(shape, 0).to_vec::<i32>().unwrap();
            assert_eq!(v.peek().to_vec::<i32>().unwrap(), want.unwrap_or(&before), "{shape:?} at {at:?}");
        }
    }
}
