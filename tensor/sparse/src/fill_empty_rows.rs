//! Rows without entries get one.

use gradus_tensor::{Error, Result, Tensor};

use crate::SparseTensor;

impl SparseTensor {
    /// Puts a default at `[row, 0, ..]` of every row without entries, and tells which rows had none
    /// (`tf.sparse.fill_empty_rows`).
    ///
    /// Rows come out in order, the entries of a row in theirs. `default` is a scalar of the same dtype. Errors for rank 0
    /// and for a shape with rows but another axis of size 0.
    pub fn fill_empty_rows(&self, default: &Tensor) -> Result<(SparseTensor, Tensor)> {
        let (&rows, inner) = self
            .dense_shape()
            .dims()
            .split_first()
            .ok_or_else(|| Error::shape("fill_empty_rows: a scalar has no rows"))?;
        if default.len() != 1 || default.dtype() != self.dtype() {
            let (found, dtype) = (default.spec(), self.dtype());
            return Err(Error::dtype(format!(
                "fill_empty_rows: the default must be one {dtype}, found {found}"
            )));
        }
        let places = self.each_place()?;
        let mut empty = Vec::new();
        empty
            .try_reserve_exact(rows)
            .map_err(|_| Error::shape(format!("fill_empty_rows: {rows} rows are too many for memory")))?;
        empty.resize(rows, true);
        places.iter().for_each(|place| empty[place[0] as usize] = false);
        if empty.contains(&true) && inner.contains(&0) {
            let shape = self.dense_shape();
            return Err(Error::shape(format!("fill_empty_rows: shape {shape} has no room in its rows")));
        }
        // The number of entries stands for the default.
        let filler = places.len() as i64;
        let filled = (0..rows).filter(|&row| empty[row]).map(|row| (row as i64, filler));
        let mut order: Vec<(i64, i64)> =
            places.iter().enumerate().map(|(entry, place)| (place[0], entry as i64)).chain(filled).collect();
        order.sort_by_key(|&(row, _)| row);
        let mut out = Vec::with_capacity(order.len() * self.rank());
        for &(row, entry) in &order {
            match places.get(entry as usize) {
                Some(place) => out.extend_from_slice(place),
                None => {
                    out.push(row);
                    out.extend(std::iter::repeat_n(0, inner.len()));
                }
            }
        }
        let entries: Vec<i64> = order.iter().map(|&(_, entry)| entry).collect();
        let all = Tensor::concat(&[self.values(), &default.reshape([1])?], 0)?;
        let values = all.gather(&Tensor::from_slice(&entries, [entries.len()])?, 0)?;
        let filled = SparseTensor::from_parts(out, values, self.dense_shape().clone())?;
        Ok((filled, Tensor::from_vec(empty, [rows])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_rows_are_told_and_filled() {
        let x = SparseTensor::from_entries([[2, 1], [0, 1]], vec![5, 6], [4, 3]).unwrap();
        let (y, empty) = x.fill_empty_rows(&Tensor::scalar(9)).unwrap();
        assert_eq!(y.indices().to_vec::<i64>().unwrap(), [0, 1, 1, 0, 2, 1, 3, 0]);
        assert_eq!(y.values().to_vec::<i32>().unwrap(), [6, 9, 5, 9]);
        assert_eq!(empty.to_vec::<bool>().unwrap(), [false, true, false, true]);
        assert!(x.fill_empty_rows(&Tensor::scalar(9.0f32)).is_err());
    }
}
