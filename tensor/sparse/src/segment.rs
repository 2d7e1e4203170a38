//! Rows of a dense tensor, picked and reduced by sorted segments (`tf.sparse.segment_sum` and its kin).

use gradus_tensor::{DType, Error, Result, Shape, Tensor};

/// The picked rows, and the number of segments.
fn picked(
    data: &Tensor,
    indices: &Tensor,
    ids: &Tensor,
    count: Option<usize>,
) -> Result<(Tensor, Tensor, usize)> {
    if indices.rank() != 1 || ids.rank() != 1 || indices.len() != ids.len() {
        return Err(Error::shape(format!(
            "segment: indices of shape {} and ids of shape {}; expected vectors of one length",
            indices.shape(),
            ids.shape()
        )));
    }
    let ids = ids.cast(DType::I64)?;
    let sorted = ids.as_slice::<i64>()?;
    if !sorted.is_sorted() || sorted.first().is_some_and(|&id| id < 0) {
        return Err(Error::value("segment: the ids must be sorted and not negative"));
    }
    let least = match sorted.last() {
        None => 0,
        Some(&last) => usize::try_from(last)
            .ok()
            .and_then(|last| last.checked_add(1))
            .ok_or_else(|| Error::value(format!("segment: id {last} is too large")))?,
    };
    let count = count.unwrap_or(least);
    if count < least {
        return Err(Error::value(format!("segment: id {} is not in 0..{count}", least - 1)));
    }
    Ok((data.gather(indices, 0)?, ids, count))
}

/// How many rows every segment has, at least 1, shaped to divide them.
fn sizes(rows: &Tensor, ids: &Tensor, count: usize) -> Result<Tensor> {
    let one = Tensor::scalar_of(rows.dtype(), 1.0);
    let sizes = Tensor::ones([ids.len()], rows.dtype())?.unsorted_segment_sum(ids, count)?.maximum(&one)?;
    let shape: Shape = std::iter::once(count).chain(std::iter::repeat_n(1, rows.rank() - 1)).collect();
    sizes.reshape(shape)
}

/// The sum of the rows `indices[i]` over equal `ids[i]`; 0 for an id that is missing.
///
/// `ids` are sorted; there are `count` segments, or as many as the last id says. Errors when ids are not sorted or not
/// below `count`, or an index is outside.
pub fn segment_sum(data: &Tensor, indices: &Tensor, ids: &Tensor, count: Option<usize>) -> Result<Tensor> {
    let (rows, ids, count) = picked(data, indices, ids, count)?;
    rows.unsorted_segment_sum(&ids, count)
}

/// As [`segment_sum`], divided by the number of rows.
pub fn segment_mean(data: &Tensor, indices: &Tensor, ids: &Tensor, count: Option<usize>) -> Result<Tensor> {
    let (rows, ids, count) = picked(data, indices, ids, count)?;
    rows.unsorted_segment_sum(&ids, count)?.div(&sizes(&rows, &ids, count)?)
}

/// As [`segment_sum`], divided by the root of the number of rows.
pub fn segment_sqrt_n(data: &Tensor, indices: &Tensor, ids: &Tensor, count: Option<usize>) -> Result<Tensor> {
    let (rows, ids, count) = picked(data, indices, ids, count)?;
    rows.unsorted_segment_sum(&ids, count)?.div(&sizes(&rows, &ids, count)?.sqrt()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_by_segment() {
        let data = Tensor::new([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
        let (indices, ids) = (Tensor::new([0, 2, 2]).unwrap(), Tensor::new([0, 0, 2]).unwrap());
        let sum = segment_sum(&data, &indices, &ids, None).unwrap();
        assert_eq!(sum.to_vec::<f32>().unwrap(), [6.0, 8.0, 0.0, 0.0, 5.0, 6.0]);
        let mean = segment_mean(&data, &indices, &ids, Some(4)).unwrap();
        assert_eq!(mean.to_vec::<f32>().unwrap(), [3.0, 4.0, 0.0, 0.0, 5.0, 6.0, 0.0, 0.0]);
        let unsorted = Tensor::new([1, 0, 2]).unwrap();
        assert!(segment_sum(&data, &indices, &unsorted, None).is_err());
        assert!(segment_sum(&data, &indices, &ids, Some(2)).is_err());
        assert!(segment_sum(&data, &Tensor::new([0, 1, 3]).unwrap(), &ids, None).is_err());
    }
}
