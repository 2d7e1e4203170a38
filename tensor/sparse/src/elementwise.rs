//! Sparse with sparse, and sparse with dense, element by element.

use gradus_tensor::{Error, Result, Tensor};

use crate::SparseTensor;
use crate::order::append_place;

/// The places that either of two has, and for each the entry of both; the number of entries stands for none.
struct Union {
    numbers: Vec<i64>,
    left: Vec<i64>,
    right: Vec<i64>,
}

impl Union {
    fn of(a: &SparseTensor, b: &SparseTensor) -> Result<Union> {
        let (left, right) = (a.numbers()?, b.numbers()?);
        let mut u = Union { numbers: Vec::new(), left: Vec::new(), right: Vec::new() };
        let (mut i, mut j) = (0, 0);
        while i < left.len() || j < right.len() {
            let take_left = j == right.len() || i < left.len() && left[i] <= right[j];
            let take_right = i == left.len() || j < right.len() && right[j] <= left[i];
            u.numbers.push(if take_left { left[i] } else { right[j] });
            u.left.push(if take_left { i } else { left.len() } as i64);
            u.right.push(if take_right { j } else { right.len() } as i64);
            i += usize::from(take_left);
            j += usize::from(take_right);
        }
        Ok(u)
    }
}

/// The values at these entries, 0 where there is none.
fn values_or_zero(x: &SparseTensor, entries: &[i64]) -> Result<Tensor> {
    let zero = Tensor::zeros([1], x.dtype())?;
    let all = Tensor::concat(&[x.values(), &zero], 0)?;
    all.gather(&Tensor::from_slice(entries, [entries.len()])?, 0)
}

impl SparseTensor {
    /// Applies a dense function to the values of two at every place that either has; the other's value is 0 there.
    fn united(
        &self,
        other: &SparseTensor,
        what: &str,
        f: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor>,
    ) -> Result<SparseTensor> {
        if self.dense_shape() != other.dense_shape() || self.dtype() != other.dtype() {
            return Err(Error::shape(format!("{what}: {self:?} and {other:?} differ in shape or dtype")));
        }
        let (a, b) = (self.reorder()?, other.reorder()?);
        let union = Union::of(&a, &b)?;
        let values = f(&values_or_zero(&a, &union.left)?, &values_or_zero(&b, &union.right)?)?;
        let mut places = Vec::with_capacity(union.numbers.len() * self.rank());
        for number in union.numbers {
            append_place(number, self.dense_shape(), &mut places);
        }
        SparseTensor::from_parts(places, values, self.dense_shape().clone())
    }

    /// The sum; an entry wherever either has one, even where the sum is 0. Errors when shapes or dtypes differ.
    pub fn add(&self, other: &SparseTensor) -> Result<SparseTensor> {
        self.united(other, "add", |a, b| a.add(b))
    }

    /// The sum without the entries that both have and whose sum has a magnitude below `threshold`, as TensorFlow drops
    /// them; entries that one of the two has alone stay.
    pub fn add_above(&self, other: &SparseTensor, threshold: f64) -> Result<SparseTensor> {
        let sum = self.add(other)?;
        let (a, b) = (self.reorder()?.numbers()?, other.reorder()?.numbers()?);
        let both = |n: &i64| a.binary_search(n).is_ok() && b.binary_search(n).is_ok();
        let size = if sum.dtype().is_complex() { sum.values().complex_abs()? } else { sum.values().abs()? };
        let least = Tensor::scalar_of(size.dtype(), threshold);
        let large = size.greater_equal(&least)?;
        let large = large.as_slice::<bool>()?;
        let keep: Vec<bool> = sum.numbers()?.iter().zip(large).map(|(n, &large)| large || !both(n)).collect();
        sum.retain(&keep)
    }

    /// The difference; an entry wherever either has one. Errors when shapes or dtypes differ.
    pub fn sub(&self, other: &SparseTensor) -> Result<SparseTensor> {
        self.united(other, "sub", |a, b| a.sub(b))
    }

    /// The larger at every place that either has; what has no entry counts as 0.
    pub fn maximum(&self, other: &SparseTensor) -> Result<SparseTensor> {
        self.united(other, "maximum", |a, b| a.maximum(b))
    }

    /// The smaller at every place that either has; what has no entry counts as 0.
    pub fn minimum(&self, other: &SparseTensor) -> Result<SparseTensor> {
        self.united(other, "minimum", |a, b| a.minimum(b))
    }

    /// Every entry times the dense element at its place; the dense side broadcasts. The entries stay.
    ///
    /// Errors when the dense shape does not broadcast to this one, or dtypes differ.
    pub fn mul_dense(&self, dense: &Tensor) -> Result<SparseTensor> {
        self.with_dense(dense, |v, d| v.mul(d))
    }

    /// Every entry divided by the dense element at its place. See [`SparseTensor::mul_dense`].
    pub fn div_dense(&self, dense: &Tensor) -> Result<SparseTensor> {
        self.with_dense(dense, |v, d| v.div(d))
    }

    /// The sum with a dense tensor, which is dense; the dense side must have this shape.
    pub fn add_dense(&self, dense: &Tensor) -> Result<Tensor> {
        if dense.shape() != self.dense_shape() {
            let (a, b) = (self.dense_shape(), dense.shape());
            return Err(Error::shape(format!("add: sparse shape {a} and dense shape {b}")));
        }
        let numbers = self.numbers()?;
        let at = Tensor::from_slice(&numbers, [numbers.len(), 1])?;
        let sum =
            dense.flatten()?.tensor_scatter_nd(&at, self.values(), gradus_tensor::ops::ScatterMode::Add)?;
        sum.reshape(dense.shape())
    }

    /// Every entry with the dense element at its place, gathered from a side that broadcasts.
    fn with_dense(
        &self,
        dense: &Tensor,
        f: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor>,
    ) -> Result<SparseTensor> {
        let (shape, own) = (self.dense_shape(), dense.shape());
        let Some(skipped) = shape.rank().checked_sub(own.rank()) else {
            return Err(Error::shape(format!(
                "dense shape {own} does not broadcast to sparse shape {shape}"
            )));
        };
        if (0..own.rank()).any(|a| own[a] != 1 && own[a] != shape[skipped + a]) {
            return Err(Error::shape(format!(
                "dense shape {own} does not broadcast to sparse shape {shape}"
            )));
        }
        let strides = own.strides();
        let at = |place: &[i64]| {
            let step = |a: usize| if own[a] == 1 { 0 } else { place[skipped + a] * strides[a] as i64 };
            (0..own.rank()).map(step).sum::<i64>()
        };
        let at: Vec<i64> = self.each_place()?.into_iter().map(at).collect();
        let there = dense.flatten()?.gather(&Tensor::from_slice(&at, [at.len()])?, 0)?;
        self.with_values(f(self.values(), &there)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions() {
        let a = SparseTensor::from_entries([[0, 1], [1, 0]], vec![1.0f32, -2.0], [2, 2]).unwrap();
        let b = SparseTensor::from_entries([[1, 1], [1, 0]], vec![-5.0f32, 2.0], [2, 2]).unwrap();
        let table = [
            ("add", a.add(&b), vec![1.0, 0.0, -5.0]),
            ("sub", a.sub(&b), vec![1.0, -4.0, 5.0]),
            ("maximum", a.maximum(&b), vec![1.0, 2.0, 0.0]),
            ("minimum", a.minimum(&b), vec![0.0, -2.0, -5.0]),
            ("above", a.add_above(&b, 2.0), vec![1.0, -5.0]),
        ];
        for (name, found, want) in table {
            assert_eq!(found.unwrap().values().to_vec::<f32>().unwrap(), want, "{name}");
        }
        assert!(a.add(&SparseTensor::empty(a.dtype(), [2, 3]).unwrap()).is_err());
    }

    #[test]
    fn dense_sides_broadcast() {
        let a = SparseTensor::from_entries([[0, 1], [1, 0]], vec![1.0f32, -2.0], [2, 2]).unwrap();
        let row = Tensor::new([10.0f32, 100.0]).unwrap();
        let column = Tensor::new([[10.0f32], [100.0]]).unwrap();
        let of = |x: SparseTensor| x.values().to_vec::<f32>().unwrap();
        assert_eq!(of(a.mul_dense(&row).unwrap()), [100.0, -20.0]);
        assert_eq!(of(a.mul_dense(&column).unwrap()), [10.0, -200.0]);
        assert_eq!(of(a.div_dense(&Tensor::scalar(2.0f32)).unwrap()), [0.5, -1.0]);
        assert!(a.mul_dense(&Tensor::ones([3], a.dtype()).unwrap()).is_err());
        let sum = a.add_dense(&Tensor::ones([2, 2], a.dtype()).unwrap()).unwrap();
        assert_eq!(sum.to_vec::<f32>().unwrap(), [1.0, 2.0, -1.0, 1.0]);
    }
}
