//! Assigning parts of a variable: slices, rows, and elements at coordinates.
//!
//! Each is the whole value with the part replaced, assigned, unseen by tapes; a tape or snapshot that holds the old
//! value keeps it.

use crate::{Variable, stop_recording};
use gradus_tensor::ops::{Index, ScatterMode};
use gradus_tensor::{Result, Tensor};

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
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_tensor::{DType, s};

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
}
