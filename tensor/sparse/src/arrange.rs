//! The same entries under other axes: reshape, transpose, a new axis.

use gradus_tensor::{Error, Result, Shape};

use crate::SparseTensor;
use crate::order::append_place;

impl SparseTensor {
    /// The same elements in row-major order under another shape; one size may be -1 and is inferred.
    ///
    /// Errors when the number of elements differs.
    pub fn reshape(&self, dims: &[isize]) -> Result<SparseTensor> {
        let misfit = || Error::shape(format!("reshape: {dims:?} does not fit shape {}", self.dense_shape()));
        let total = self.dense_shape().num_elements();
        let unknown = dims.iter().filter(|&&d| d == -1).count();
        let known = dims
            .iter()
            .filter(|&&d| d != -1)
            .try_fold(1usize, |n, &d| n.checked_mul(usize::try_from(d).ok()?));
        let known = known.filter(|_| unknown <= 1).ok_or_else(misfit)?;
        let inferred = if unknown == 1 { total.checked_div(known).ok_or_else(misfit)? } else { 1 };
        if known.checked_mul(inferred) != Some(total) {
            return Err(misfit());
        }
        let shape: Shape = dims.iter().map(|&d| usize::try_from(d).unwrap_or(inferred)).collect();
        let mut places = Vec::with_capacity(self.nnz() * shape.rank());
        for number in self.numbers()? {
            append_place(number, &shape, &mut places);
        }
        SparseTensor::from_parts(places, self.values().clone(), shape)
    }

    /// Axis `i` of the result is axis `perm[i]`; without axes named, they are reversed. Entries come out sorted.
    ///
    /// Errors unless `perm` names every axis once.
    pub fn transpose(&self, perm: &[usize]) -> Result<SparseTensor> {
        let rank = self.rank();
        let reversed: Vec<usize> = (0..rank).rev().collect();
        let perm = if perm.is_empty() { &reversed[..] } else { perm };
        let mut seen = perm.to_vec();
        seen.sort_unstable();
        if !seen.iter().copied().eq(0..rank) {
            let shape = self.dense_shape();
            return Err(Error::shape(format!(
                "transpose: {perm:?} is no order of the axes of shape {shape}"
            )));
        }
        let shape: Shape = perm.iter().map(|&a| self.dense_shape()[a]).collect();
        let places =
            self.each_place()?.into_iter().flat_map(|place| perm.iter().map(|&a| place[a])).collect();
        SparseTensor::from_parts(places, self.values().clone(), shape)?.reorder()
    }

    /// A new axis of size 1 in front of `axis`; -1 makes it the last.
    pub fn expand_dims(&self, axis: isize) -> Result<SparseTensor> {
        let rank = self.rank();
        let resolved = if axis < 0 { axis + rank as isize + 1 } else { axis };
        let at = usize::try_from(resolved).ok().filter(|&a| a <= rank);
        let at = at.ok_or_else(|| {
            Error::shape(format!("expand_dims: axis {axis} is out of range for shape {}", self.dense_shape()))
        })?;
        let insert = |place: &[i64]| [&place[..at], &[0], &place[at..]].concat();
        let places = self.each_place()?.into_iter().flat_map(insert).collect();
        SparseTensor::from_parts(places, self.values().clone(), self.dense_shape().with(at, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_move() {
        let x = SparseTensor::from_entries([[0, 1], [0, 2], [1, 0]], vec![1, 2, 3], [2, 3]).unwrap();
        let t = x.transpose(&[]).unwrap();
        assert_eq!(t.indices().to_vec::<i64>().unwrap(), [0, 1, 1, 0, 2, 0]);
        assert_eq!(t.values().to_vec::<i32>().unwrap(), [3, 1, 2]);
        let r = x.reshape(&[3, -1]).unwrap();
        assert_eq!(r.indices().to_vec::<i64>().unwrap(), [0, 1, 1, 0, 1, 1]);
        assert_eq!(x.expand_dims(-1).unwrap().dense_shape().dims(), [2, 3, 1]);
        assert_eq!(x.expand_dims(0).unwrap().indices().to_vec::<i64>().unwrap(), [0, 0, 1, 0, 0, 2, 0, 1, 0]);
        assert!(
            x.reshape(&[4, -1]).is_err() && x.reshape(&[-1, -1]).is_err() && x.reshape(&[0, -1]).is_err()
        );
        assert!(x.transpose(&[0, 0]).is_err() && x.expand_dims(3).is_err());
    }
}
