//! Equality, and distinct elements.

use std::collections::HashMap;

use gradus_tensor::{Result, Tensor, bail_shape};

use crate::broadcast::places;
use crate::{StringBuilder, StringTensor};

/// Distinct strings, and where each element went: see [`StringTensor::unique`].
#[derive(Clone, Debug)]
pub struct DistinctStrings {
    /// The distinct strings in the order of their first appearance.
    pub values: StringTensor,
    /// For each element its place in `values`, i32.
    pub indices: Tensor,
    /// How often each occurs, i32.
    pub counts: Tensor,
}

impl StringTensor {
    /// Where the bytes are the same, as bool, with broadcasting.
    pub fn equal(&self, other: &StringTensor) -> Result<Tensor> {
        let shape = self.shape().broadcast(other.shape())?;
        let (a, b) = (places(self.shape(), &shape), places(other.shape(), &shape));
        let same: Vec<bool> = (0..shape.checked_len()?).map(|i| self.at(a(i)) == other.at(b(i))).collect();
        Tensor::from_vec(same, shape)
    }

    /// Where the bytes differ, as bool, with broadcasting.
    pub fn not_equal(&self, other: &StringTensor) -> Result<Tensor> {
        self.equal(other)?.logical_not()
    }

    /// The distinct elements of a vector in the order of their first appearance.
    ///
    /// ```
    /// # use gradus_text::StringTensor;
    /// let unique = StringTensor::new(["b", "a", "b"])?.unique()?;
    /// assert_eq!(unique.values.to_strings()?, ["b", "a"]);
    /// assert_eq!(unique.indices.to_vec::<i32>()?, [0, 1, 0]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn unique(&self) -> Result<DistinctStrings> {
        if self.rank() != 1 {
            bail_shape!("unique: expected a vector, found shape {}", self.shape());
        }
        let mut places = HashMap::<&[u8], i32>::new();
        let (mut values, mut indices, mut counts) = (StringBuilder::new(), Vec::new(), Vec::<i32>::new());
        for string in self.iter() {
            let next = counts.len() as i32;
            let place = *places.entry(string).or_insert_with(|| {
                values.push(string);
                counts.push(0);
                next
            });
            counts[place as usize] += 1;
            indices.push(place);
        }
        let vector = |v: Vec<i32>| Tensor::from_slice(&v, [v.len()]);
        Ok(DistinctStrings {
            values: values.finish_vector(),
            indices: vector(indices)?,
            counts: vector(counts)?,
        })
    }
}
