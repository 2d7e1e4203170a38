//! Ragged to dense: short rows are filled up, long ones cut off.

use gradus_tensor::{Error, Result, Shape};

use crate::{FlatValues, MaybeRagged, RaggedTensor};

impl<V: FlatValues> RaggedTensor<V> {
    /// The dense array of the [bounding shape](RaggedTensor::bounding_shape); short rows are filled up with 0 (false, or
    /// the empty string).
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3]])?;
    /// assert_eq!(r.to_tensor()?.to_vec::<i32>()?, [1, 2, 0, 0, 3, 0]);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn to_tensor(&self) -> Result<V> {
        self.to_tensor_with(None, None)
    }

    /// As [`RaggedTensor::to_tensor`] with a value to fill up with and a shape to fill up or cut to.
    ///
    /// `default` is a scalar or broadcasts to the shape of what lies inside of the ragged axes. `shape` has an entry per
    /// axis; `None` stands for the bounding size. Errors when `shape` has another rank, or the result is too large.
    pub fn to_tensor_with(&self, default: Option<&V>, shape: Option<&[Option<usize>]>) -> Result<V> {
        let bounding = self.bounding_shape();
        let target: Vec<usize> = match shape {
            None => bounding,
            Some(shape) if shape.len() == bounding.len() => {
                shape.iter().zip(&bounding).map(|(wanted, &have)| wanted.unwrap_or(have)).collect()
            }
            Some(shape) => {
                let found = self.shape_text();
                return Err(Error::shape(format!("to_tensor: shape {shape:?} for ragged shape {found}")));
            }
        };
        let depth = self.ragged_rank();
        if target[depth + 1..] != self.flat_values().dims()[1..] {
            // The uniform axes are cut or filled up too: treat them as ragged ones.
            let (partitions, flat) = MaybeRagged::from(self).cut(self.rank() - 1)?;
            let all = flat.under(partitions).ragged()?;
            return all.fill(default, &target);
        }
        self.fill(default, &target)
    }

    /// Fills `target`, whose axes behind the ragged ones are those of the flat values.
    fn fill(&self, default: Option<&V>, target: &[usize]) -> Result<V> {
        let flat = self.flat_values();
        let depth = self.ragged_rank();
        Shape::new(target).checked_len()?;
        let slots = Shape::new(&target[..=depth]).checked_len()?;
        let filler = flat.dims()[0] as i64;
        let mut rows = Vec::new();
        rows.try_reserve_exact(slots)
            .map_err(|_| Error::shape(format!("to_tensor: shape {target:?} is too large for memory")))?;
        rows.resize(slots, filler);
        let mut stack = vec![(0usize, 0usize, 0..self.nrows())];
        while let Some((level, slot, range)) = stack.pop() {
            for (i, item) in range.take(target[level]).enumerate() {
                let slot = slot * target[level] + i;
                match self.partitions().get(level) {
                    Some(partition) => stack.push((level + 1, slot, partition.row(item))),
                    None => rows[slot] = item as i64,
                }
            }
        }
        let filled = match rows.contains(&filler) {
            false => flat.take(&rows)?,
            true => {
                let blank = match default {
                    Some(default) => default.clone(),
                    None => flat.blank()?,
                };
                let inner = broadcast_value(&blank, &flat.dims()[1..])?;
                V::joined(&[flat, &inner])?.take(&rows)?
            }
        };
        filled.reshaped(target)
    }
}

/// One row of that shape out of a value that broadcasts to it.
fn broadcast_value<V: FlatValues>(value: &V, inner: &[usize]) -> Result<V> {
    let dims = value.dims();
    let fits = dims.len() <= inner.len()
        && dims.iter().rev().zip(inner.iter().rev()).all(|(&d, &n)| d == n || d == 1);
    if !fits {
        return Err(Error::shape(format!(
            "to_tensor: a default of shape {dims:?} for values of shape {inner:?}"
        )));
    }
    let mut places = vec![0i64];
    for (axis, &n) in inner.iter().enumerate() {
        let own = (axis + dims.len()).checked_sub(inner.len()).map(|a| dims[a]);
        let step = |place: i64, i: usize| match own {
            None => place,
            Some(1) => place,
            Some(d) => place * d as i64 + i as i64,
        };
        places = places.iter().flat_map(|&p| (0..n).map(move |i| step(p, i))).collect();
    }
    let shape: Vec<usize> = std::iter::once(1).chain(inner.iter().copied()).collect();
    value.reshaped(&[dims.iter().product()])?.take(&places)?.reshaped(&shape)
}

#[cfg(test)]
mod tests {
    use gradus_tensor::Tensor;

    use super::*;

    #[test]
    fn defaults_and_shapes() {
        let r: RaggedTensor = RaggedTensor::from_rows(vec![vec![1, 2], vec![], vec![3, 4, 5]]).unwrap();
        let nine = Tensor::scalar(9);
        let table: [(&str, Result<Tensor>, &[usize], &[i32]); 4] = [
            ("zeros", r.to_tensor(), &[3, 3], &[1, 2, 0, 0, 0, 0, 3, 4, 5]),
            ("nines", r.to_tensor_with(Some(&nine), None), &[3, 3], &[1, 2, 9, 9, 9, 9, 3, 4, 5]),
            ("cut", r.to_tensor_with(None, Some(&[Some(2), Some(1)])), &[2, 1], &[1, 0]),
            (
                "longer",
                r.to_tensor_with(Some(&nine), Some(&[None, Some(4)])),
                &[3, 4],
                &[1, 2, 9, 9, 9, 9, 9, 9, 3, 4, 5, 9],
            ),
        ];
        for (name, found, shape, want) in table {
            let found = found.unwrap();
            assert_eq!(found.shape().dims(), shape, "{name}");
            assert_eq!(found.to_vec::<i32>().unwrap(), want, "{name}");
        }
        assert!(r.to_tensor_with(None, Some(&[None])).is_err());
        assert!(r.to_tensor_with(Some(&Tensor::new([1, 2]).unwrap()), None).is_err());
        assert!(r.to_tensor_with(None, Some(&[Some(usize::MAX), Some(usize::MAX)])).is_err());
    }

    #[test]
    fn uniform_axes_inside_take_a_row_as_default_and_may_be_cut() {
        let pairs = Tensor::new([[1, 2], [3, 4], [5, 6]]).unwrap();
        let r = RaggedTensor::from_row_lengths(pairs, [1, 2]).unwrap();
        let default = Tensor::new([8, 9]).unwrap();
        let found = r.to_tensor_with(Some(&default), None).unwrap();
        assert_eq!(found.to_vec::<i32>().unwrap(), [1, 2, 8, 9, 3, 4, 5, 6]);
        let found = r.to_tensor_with(None, Some(&[None, None, Some(1)])).unwrap();
        assert_eq!(found.to_vec::<i32>().unwrap(), [1, 0, 3, 5]);
    }
}
