//! Some of the entries: by a mask, or by a box around them.

use gradus_tensor::{DType, Error, Result, Shape};

use crate::SparseTensor;

impl SparseTensor {
    /// The entries where a bool vector is true; the shape stays (`tf.sparse.retain`). Errors unless it has one per entry.
    pub fn retain(&self, keep: &[bool]) -> Result<SparseTensor> {
        if keep.len() != self.nnz() {
            return Err(Error::shape(format!("retain: {} flags for {} entries", keep.len(), self.nnz())));
        }
        let kept: Vec<i64> = (0..keep.len() as i64).filter(|&i| keep[i as usize]).collect();
        self.pick(&kept)
    }

    /// The box that begins at `start` and has `size`, cut off at the end of the shape (`tf.sparse.slice`).
    ///
    /// Errors unless there is a start and a size per axis.
    pub fn slice(&self, start: &[usize], size: &[usize]) -> Result<SparseTensor> {
        let rank = self.rank();
        if [start.len(), size.len()] != [rank; 2] {
            let shape = self.dense_shape();
            return Err(Error::shape(format!("slice: start {start:?} and size {size:?} for shape {shape}")));
        }
        let shape: Shape =
            (0..rank).map(|a| size[a].min(self.dense_shape()[a].saturating_sub(start[a]))).collect();
        let (mut places, mut kept) = (Vec::new(), Vec::new());
        for (entry, place) in self.each_place()?.into_iter().enumerate() {
            let moved = |a: usize| (place[a] as usize).checked_sub(start[a]).filter(|&i| i < shape[a]);
            if let Some(moved) = (0..rank).map(moved).collect::<Option<Vec<usize>>>() {
                places.extend(moved.into_iter().map(|i| i as i64));
                kept.push(entry as i64);
            }
        }
        SparseTensor::from_parts(places, self.pick(&kept)?.values().clone(), shape)
    }

    /// Equal pieces along an axis; where the axis does not divide, the first pieces are one longer (`tf.sparse.split`).
    ///
    /// Errors when the axis is out of range, or there are no pieces or more than the axis is long.
    pub fn split(&self, pieces: usize, axis: isize) -> Result<Vec<SparseTensor>> {
        let axis = self.axis(axis)?;
        let n = self.dense_shape()[axis];
        if pieces == 0 || pieces > n {
            return Err(Error::value(format!("split: {pieces} pieces of axis {axis} of size {n}")));
        }
        let mut start = vec![0; self.rank()];
        let mut size = self.dense_shape().to_vec();
        let piece = |i: usize| {
            size[axis] = n / pieces + usize::from(i < n % pieces);
            let part = self.slice(&start, &size);
            start[axis] += size[axis];
            part
        };
        (0..pieces).map(piece).collect()
    }

    /// The same entries in another shape: the smallest around them, or one that holds them (`tf.sparse.reset_shape`).
    ///
    /// Errors when the new shape has another rank, or is smaller along some axis than the old one.
    pub fn reset_shape(&self, shape: Option<&[usize]>) -> Result<SparseTensor> {
        let shape: Shape = match shape {
            Some(shape) => {
                let old = self.dense_shape();
                if shape.len() != self.rank() || shape.iter().zip(old.iter()).any(|(new, old)| new < old) {
                    return Err(Error::shape(format!("reset_shape: {shape:?} does not hold shape {old}")));
                }
                Shape::new(shape)
            }
            None => {
                let mut tight = vec![0; self.rank()];
                for place in self.each_place()? {
                    tight.iter_mut().zip(place).for_each(|(t, &i)| *t = (*t).max(i as usize + 1));
                }
                Shape::from(tight)
            }
        };
        SparseTensor::new(self.indices().clone(), self.values().clone(), shape)
    }

    /// The entries that are not zero (or true).
    pub fn without_zeros(&self) -> Result<SparseTensor> {
        let zero = self.values().zeros_like()?;
        let keep = match self.dtype() {
            DType::Bool => self.values().clone(),
            _ => self.values().not_equal(&zero)?,
        };
        self.retain(keep.as_slice::<bool>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x() -> SparseTensor {
        SparseTensor::from_entries([[0, 1], [0, 2], [2, 0], [2, 3]], vec![1, 2, 0, 4], [3, 4]).unwrap()
    }

    #[test]
    fn parts() {
        let found = x().slice(&[0, 1], &[9, 2]).unwrap();
        assert_eq!((found.dense_shape().dims(), found.nnz()), (&[3, 2][..], 2));
        assert_eq!(found.indices().to_vec::<i64>().unwrap(), [0, 0, 0, 1]);
        assert_eq!(x().slice(&[9, 9], &[1, 1]).unwrap().dense_shape().dims(), [0, 0]);
        let pieces = x().split(3, 1).unwrap();
        let shapes: Vec<_> = pieces.iter().map(|p| (p.dense_shape()[1], p.nnz())).collect();
        assert_eq!(shapes, [(2, 2), (1, 1), (1, 1)]);
        assert_eq!(x().without_zeros().unwrap().nnz(), 3);
        assert_eq!(x().reset_shape(None).unwrap().dense_shape().dims(), [3, 4]);
        assert_eq!(
            x().retain(&[true, false, false, true]).unwrap().values().to_vec::<i32>().unwrap(),
            [1, 4]
        );
        assert!(x().split(5, 1).is_err() && x().split(0, 1).is_err() && x().retain(&[true]).is_err());
        assert!(x().reset_shape(Some(&[3, 3])).is_err() && x().slice(&[0], &[1]).is_err());
    }
}
