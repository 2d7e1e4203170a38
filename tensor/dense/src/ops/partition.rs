//! Rows dealt out to groups, and put together again.

use crate::{DType, Error, Result, Shape, Tensor};

impl Tensor {
    /// The slices whose entry in `partitions` is 0, those whose entry is 1, and so on, `count` groups.
    ///
    /// `partitions` has the shape of the first axes. Errors when an entry is not below `count`.
    pub fn dynamic_partition(&self, partitions: &Tensor, count: usize) -> Result<Vec<Tensor>> {
        let p = partitions.cast(DType::I64)?;
        if let Some(bad) = p.as_slice::<i64>()?.iter().find(|&&i| i < 0 || i as usize >= count) {
            return Err(Error::value(format!("dynamic_partition: {bad} is not in 0..{count}")));
        }
        (0..count).map(|i| self.boolean_mask(&p.equal(&Tensor::scalar(i as i64))?, 0)).collect()
    }
}

/// Slices put at the places that `indices` name: `y[indices[k][i..]] = data[k][i..]`, later ones winning.
///
/// Every `indices[k]` has the shape of the first axes of `data[k]`; the other axes agree. The result has as many slices
/// as the largest index says. Errors when a place below it is named by nobody, or an index is negative.
pub fn dynamic_stitch(indices: &[&Tensor], data: &[&Tensor]) -> Result<Tensor> {
    if indices.len() != data.len() || indices.is_empty() {
        return Err(Error::value(format!(
            "dynamic_stitch: {} index tensors for {} data tensors",
            indices.len(),
            data.len()
        )));
    }
    let mut rows = Vec::with_capacity(data.len());
    let mut places: Vec<i64> = Vec::new();
    let mut next = 0;
    for (index, data) in indices.iter().zip(data) {
        let r = index.rank();
        if r > data.rank() || data.shape()[..r] != index.shape()[..] {
            return Err(Error::shape(format!(
                "dynamic_stitch: indices of shape {} for data of shape {}",
                index.shape(),
                data.shape()
            )));
        }
        let flat: Shape = std::iter::once(index.len()).chain(data.shape()[r..].iter().copied()).collect();
        rows.push(data.reshape(flat)?);
        for &i in index.cast(DType::I64)?.as_slice::<i64>()? {
            let i = usize::try_from(i).map_err(|_| Error::value(format!("dynamic_stitch: index {i}")))?;
            if i >= places.len() {
                Shape::from([i]).checked_len()?;
                places.resize(i + 1, -1);
            }
            places[i] = next;
            next += 1;
        }
    }
    if let Some(hole) = places.iter().position(|&p| p < 0) {
        return Err(Error::value(format!("dynamic_stitch: no index names place {hole}")));
    }
    let n = places.len();
    let all = Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0)?;
    all.gather(&Tensor::from_vec(places, [n])?, 0)
}
