//! Counting integers, row by row.

use std::collections::BTreeMap;

use gradus_tensor::{DType, Error, Result, Shape, Tensor};

use crate::SparseTensor;

/// Counts of integer values as a sparse tensor (`tf.sparse.bincount`).
///
/// ```
/// use gradus_sparse::{Bincount, SparseTensor};
/// let x = SparseTensor::from_entries([[0, 0], [0, 1], [1, 0]], vec![2i64, 0, 2], [2, 3])?;
/// let counts = Bincount::new().rows(&x)?;
/// assert_eq!(counts.to_dense()?.to_vec::<i64>()?, [1, 0, 1, 0, 0, 1]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Bincount {
    weights: Option<Tensor>,
    least: usize,
    most: Option<usize>,
    binary: bool,
}

impl Bincount {
    /// Counts of everything, in int32 where the values are int32, else in int64.
    pub fn new() -> Bincount {
        Bincount::default()
    }

    /// Sums weights, one per value, rather than counting; the result has their dtype.
    #[must_use]
    pub fn weights(mut self, weights: &Tensor) -> Bincount {
        self.weights = Some(weights.clone());
        self
    }

    /// At least that many bins. Default: as many as the largest value asks for.
    #[must_use]
    pub fn min_length(mut self, bins: usize) -> Bincount {
        self.least = bins;
        self
    }

    /// Exactly that many bins; values that are not below are left out. Goes before [`Bincount::min_length`].
    #[must_use]
    pub fn max_length(mut self, bins: usize) -> Bincount {
        self.most = Some(bins);
        self
    }

    /// 1 for every value that occurs, rather than how often.
    #[must_use]
    pub fn binary(mut self) -> Bincount {
        self.binary = true;
        self
    }

    /// The counts of every row of a sparse matrix (`axis=-1`): `[rows, bins]`. A vector counts as one row, without axis.
    pub fn rows(&self, x: &SparseTensor) -> Result<SparseTensor> {
        let row = |place: &[i64]| if place.len() == 2 { place[0] } else { 0 };
        let rows = x.each_place()?.into_iter().map(row).collect();
        match x.dense_shape().dims() {
            [_] => self.count(x.values(), rows, None),
            &[n, _] => self.count(x.values(), rows, Some(n)),
            _ => Err(Error::shape(format!("bincount: expected a vector or matrix, found {x:?}"))),
        }
    }

    /// The counts of every row of a dense matrix (`axis=-1`): `[rows, bins]`. A vector counts as one row, without axis.
    pub fn dense_rows(&self, x: &Tensor) -> Result<SparseTensor> {
        match *x.shape().dims() {
            [n] => self.count(x, vec![0; n], None),
            [n, m] => self.count(
                &x.flatten()?,
                (0..n as i64).flat_map(|row| std::iter::repeat_n(row, m)).collect(),
                Some(n),
            ),
            _ => {
                Err(Error::shape(format!("bincount: expected a vector or matrix, found shape {}", x.shape())))
            }
        }
    }

    /// The counts of all values at once (`axis=0`): `[bins]`.
    pub fn all(&self, values: &Tensor) -> Result<SparseTensor> {
        self.count(&values.flatten()?, vec![0; values.len()], None)
    }

    fn count(&self, values: &Tensor, rows: Vec<i64>, height: Option<usize>) -> Result<SparseTensor> {
        if !values.dtype().is_int() {
            return Err(Error::dtype(format!("bincount: values must be integers, found {}", values.dtype())));
        }
        if self.binary && self.weights.is_some() {
            return Err(Error::value("bincount: weights make no sense with binary counts"));
        }
        let weights = self.weights.as_ref().map(Tensor::flatten).transpose()?;
        if let Some(weights) = weights.as_ref().filter(|w| w.len() != values.len()) {
            let (found, wanted) = (weights.len(), values.len());
            return Err(Error::shape(format!("bincount: {found} weights for {wanted} values")));
        }
        let dtype = values.dtype();
        let values = values.cast(DType::I64)?;
        let values = values.as_slice::<i64>()?;
        if let Some(negative) = values.iter().find(|&&v| v < 0) {
            return Err(Error::value(format!("bincount: values must not be negative, found {negative}")));
        }
        let most = self.most.map_or(i64::MAX, |m| i64::try_from(m).unwrap_or(i64::MAX));
        // Bins that are met, in order, and for every value that counts its bin.
        let mut bins: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
        for (i, (&row, &v)) in rows.iter().zip(values).enumerate() {
            if v < most {
                bins.entry((row, v)).or_default().push(i as i64);
            }
        }
        let asked = values.iter().max().map_or(0, |&v| v as u64 + 1);
        let asked = usize::try_from(asked).unwrap_or(usize::MAX);
        let width = self.most.unwrap_or(asked.max(self.least));
        let shape = match height {
            Some(n) => Shape::from([n, width]),
            None => Shape::from([width]),
        };
        let places: Vec<i64> = match height {
            Some(_) => bins.keys().flat_map(|&(row, v)| [row, v]).collect(),
            None => bins.keys().map(|&(_, v)| v).collect(),
        };
        let counts = match weights {
            None => {
                let count = |entries: &Vec<i64>| if self.binary { 1 } else { entries.len() as i64 };
                let counts = Tensor::from_vec(bins.values().map(count).collect::<Vec<i64>>(), [bins.len()])?;
                if dtype == DType::I32 { counts.cast(dtype)? } else { counts }
            }
            Some(weights) => {
                let ids =
                    bins.values().enumerate().flat_map(|(bin, of)| std::iter::repeat_n(bin as i64, of.len()));
                let ids: Vec<i64> = ids.collect();
                let order: Vec<i64> = bins.values().flatten().copied().collect();
                let order = Tensor::from_slice(&order, [order.len()])?;
                weights
                    .gather(&order, 0)?
                    .unsorted_segment_sum(&Tensor::from_slice(&ids, [ids.len()])?, bins.len())?
            }
        };
        SparseTensor::from_parts(places, counts, shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_limits_and_dense_rows() {
        let x = Tensor::new([[1, 1, 3], [0, 1, 0]]).unwrap();
        let dense = |b: Bincount| b.dense_rows(&x).unwrap().to_dense().unwrap();
        assert_eq!(dense(Bincount::new()).to_vec::<i32>().unwrap(), [0, 2, 0, 1, 2, 1, 0, 0]);
        assert_eq!(dense(Bincount::new().max_length(2)).to_vec::<i32>().unwrap(), [0, 2, 2, 1]);
        assert_eq!(dense(Bincount::new().binary()).to_vec::<i32>().unwrap(), [0, 1, 0, 1, 1, 1, 0, 0]);
        assert_eq!(dense(Bincount::new().min_length(6)).shape().dims(), [2, 6]);
        let weights = Tensor::new([[0.5f32, 1.0, 2.0], [1.0, 1.0, 1.0]]).unwrap();
        let weighed = dense(Bincount::new().weights(&weights));
        assert_eq!(weighed.to_vec::<f32>().unwrap(), [0.0, 1.5, 0.0, 2.0, 2.0, 1.0, 0.0, 0.0]);
        assert_eq!(
            Bincount::new().all(&x).unwrap().to_dense().unwrap().to_vec::<i32>().unwrap(),
            [2, 3, 0, 1]
        );
        assert!(Bincount::new().all(&Tensor::new([-1]).unwrap()).is_err());
        assert!(Bincount::new().all(&Tensor::new([0.5f32]).unwrap()).is_err());
    }
}
