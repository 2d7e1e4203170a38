//! The order of entries, and places counted along all axes at once.

use gradus_tensor::{Error, Result, Shape};

use crate::SparseTensor;

/// The number of a coordinate in row-major order; cannot overflow for a checked dense shape.
pub(crate) fn number(place: &[i64], shape: &[usize]) -> i64 {
    place.iter().zip(shape).fold(0, |n, (&i, &d)| n * d as i64 + i)
}

/// Appends the coordinate of that number.
pub(crate) fn append_place(number: i64, shape: &[usize], places: &mut Vec<i64>) {
    let start = places.len();
    places.resize(start + shape.len(), 0);
    let mut rest = number;
    for (axis, &d) in shape.iter().enumerate().rev() {
        places[start + axis] = rest % d as i64;
        rest /= d as i64;
    }
}

impl SparseTensor {
    /// The number of every entry's coordinate in row-major order.
    pub(crate) fn numbers(&self) -> Result<Vec<i64>> {
        Ok(self.each_place()?.into_iter().map(|place| number(place, self.dense_shape())).collect())
    }

    /// True when entries are in row-major order; repeated ones count as in order.
    pub fn is_ordered(&self) -> Result<bool> {
        Ok(self.numbers()?.is_sorted())
    }

    /// The entries in row-major order; repeated ones stay in theirs (`tf.sparse.reorder`).
    pub fn reorder(&self) -> Result<SparseTensor> {
        let numbers = self.numbers()?;
        if numbers.is_sorted() {
            return Ok(self.clone());
        }
        let mut order: Vec<i64> = (0..numbers.len() as i64).collect();
        order.sort_by_key(|&entry| numbers[entry as usize]);
        self.pick(&order)
    }

    /// An error unless coordinates increase strictly.
    pub(crate) fn check_order(&self, what: &str) -> Result<()> {
        let numbers = self.numbers()?;
        match numbers.windows(2).position(|w| w[0] >= w[1]) {
            None => Ok(()),
            Some(i) => {
                let places = self.each_place()?;
                let how = if numbers[i] == numbers[i + 1] { "repeated" } else { "out of order" };
                let place = places[i + 1];
                Err(Error::value(format!("{what}: entry {} at {place:?} is {how}; see `reorder`", i + 1)))
            }
        }
    }
}

/// The sizes of the axes that are kept, all at once.
pub(crate) fn kept(shape: &Shape, axes: &[usize]) -> Shape {
    (0..shape.rank()).filter(|a| !axes.contains(a)).map(|a| shape[a]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_stable() {
        let x =
            SparseTensor::from_entries([[1, 0], [0, 2], [0, 1], [0, 2]], vec![1, 2, 3, 4], [2, 3]).unwrap();
        assert!(!x.is_ordered().unwrap());
        let y = x.reorder().unwrap();
        assert_eq!(y.indices().to_vec::<i64>().unwrap(), [0, 1, 0, 2, 0, 2, 1, 0]);
        assert_eq!(y.values().to_vec::<i32>().unwrap(), [3, 2, 4, 1]);
        let e = y.check_order("to_dense").unwrap_err();
        assert_eq!(e.to_string(), "to_dense: entry 2 at [0, 2] is repeated; see `reorder`");
    }

    #[test]
    fn numbers_and_places() {
        let shape = [2, 3, 4];
        for n in 0..24 {
            let mut place = Vec::new();
            append_place(n, &shape, &mut place);
            assert_eq!(number(&place, &shape), n);
        }
    }
}
