//! `tf.where`: choosing between two by a condition, and the places where one holds.

use gradus_tensor::{DType, Error, Result, Tensor};

use crate::broadcast::align;
use crate::{FlatValues, MaybeRagged, RaggedTensor};

/// Elements of `then` where the condition is true, of `otherwise` elsewhere (`tf.where`); all three are broadcast.
///
/// ```
/// use gradus_ragged::{RaggedTensor, select};
/// use gradus_tensor::Tensor;
/// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![4]])?;
/// let found = select(&r.greater(&Tensor::scalar(1))?, &r, &Tensor::scalar(0))?;
/// assert_eq!(found.to_string(), "<tf.RaggedTensor [[0, 2], [], [4]]>");
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
/// Errors when the condition is not bool, the dtypes of the others differ, or shapes do not
/// [broadcast](crate::elementwise).
pub fn select(
    condition: impl Into<MaybeRagged>,
    then: impl Into<MaybeRagged>,
    otherwise: impl Into<MaybeRagged>,
) -> Result<MaybeRagged> {
    let operands = [condition.into(), then.into(), otherwise.into()];
    if operands[0].dtype() != DType::Bool {
        let found = operands[0].dtype();
        return Err(Error::dtype(format!("where: the condition is {found}, expected bool")));
    }
    let aligned = align(&operands)?;
    let [condition, then, otherwise] = &aligned.flats[..] else {
        return Err(Error::value("where: three operands expected"));
    };
    let flat = condition.select(then, otherwise)?;
    Ok(MaybeRagged::nested(aligned.partitions, flat))
}

impl<V: FlatValues> RaggedTensor<V> {
    /// The coordinates of every element in row-major order, with an entry per axis.
    pub(crate) fn places(&self) -> Result<Vec<Vec<i64>>> {
        let (partitions, _) = MaybeRagged::from(self).cut(self.rank() - 1)?;
        let mut places: Vec<Vec<i64>> = (0..self.nrows() as i64).map(|row| vec![row]).collect();
        for partition in &partitions {
            let mut next = Vec::with_capacity(partition.nvals());
            for (row, place) in places.iter().enumerate() {
                for j in 0..partition.row(row).len() as i64 {
                    next.push(place.iter().copied().chain([j]).collect());
                }
            }
            places = next;
        }
        Ok(places)
    }
}

impl RaggedTensor {
    /// The coordinates of the elements that are true: i64, `[n, rank]`, in row-major order (`tf.where` of one argument).
    pub fn coordinates(&self) -> Result<Tensor> {
        if self.dtype() != DType::Bool {
            return Err(Error::dtype(format!("where: the condition is {}, expected bool", self.dtype())));
        }
        let mask = self.flat_values().as_slice::<bool>()?;
        let kept: Vec<Vec<i64>> =
            self.places()?.into_iter().zip(mask).filter(|(_, keep)| **keep).map(|(place, _)| place).collect();
        Tensor::from_vec(kept.concat(), [kept.len(), self.rank()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_true() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![4]]).unwrap();
        let found = r.greater(Tensor::scalar(1)).unwrap().coordinates().unwrap();
        assert_eq!(found.shape().dims(), [2, 2]);
        assert_eq!(found.to_vec::<i64>().unwrap(), [0, 1, 2, 0]);
        let column = Tensor::new([[true], [false], [true]]).unwrap();
        let found = select(&column, &r, r.mul(Tensor::scalar(10)).unwrap()).unwrap();
        assert_eq!(found.to_string(), "<tf.RaggedTensor [[1, 2], [], [4]]>");
        assert!(select(Tensor::new([true, false, true]).unwrap(), &r, &r).is_err());
        assert!(r.coordinates().is_err());
    }
}
