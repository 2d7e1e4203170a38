//! A range of numbers per row.

use gradus_tensor::{DType, Element, Error, Result, Tensor, dispatch};

use crate::{RaggedTensor, RowPartition};

impl RaggedTensor {
    /// Row `i` counts from `starts[i]` up to but without `limits[i]` in steps of `deltas[i]` (`tf.ragged.range`).
    ///
    /// All three are numbers of one dtype, vectors or scalars; scalars serve every row. Rows that would never end the
    /// right way are empty. Errors for a step of 0, other shapes, and more values than memory holds.
    ///
    /// ```
    /// # use gradus_ragged::RaggedTensor;
    /// # use gradus_tensor::Tensor;
    /// let (zero, one) = (Tensor::scalar(0), Tensor::scalar(1));
    /// let r = RaggedTensor::range(&zero, &Tensor::new([3, 0, 2])?, &one)?;
    /// assert_eq!(r.to_text(), "[[0, 1, 2], [], [0, 1]]");
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    pub fn range(starts: &Tensor, limits: &Tensor, deltas: &Tensor) -> Result<RaggedTensor> {
        let all = [starts, limits, deltas];
        let dtype = starts.dtype();
        if let Some(other) = all.iter().find(|t| t.dtype() != dtype) {
            return Err(Error::dtype(format!("range: dtypes differ: {dtype} and {}", other.dtype())));
        }
        let lengths: Vec<usize> = all.iter().filter(|t| t.rank() > 0).map(|t| t.len()).collect();
        let n = lengths.first().copied().unwrap_or(1);
        if all.iter().any(|t| t.rank() > 1) || lengths.iter().any(|&l| l != n) {
            return Err(Error::shape(format!(
                "range: expected scalars and vectors of one length, found {}, {} and {}",
                starts.shape(),
                limits.shape(),
                deltas.shape()
            )));
        }
        dispatch!(dtype, T: real => { counted::<T>(n, starts, limits, deltas) }
            else { Err(Error::dtype(format!("range: not defined for {dtype}"))) })
    }
}

/// More values than this are refused before any is made.
const MOST: i128 = 1 << 40;

fn counted<T: Element>(n: usize, starts: &Tensor, limits: &Tensor, deltas: &Tensor) -> Result<RaggedTensor> {
    let (starts, limits, deltas) =
        (starts.as_slice::<T>()?, limits.as_slice::<T>()?, deltas.as_slice::<T>()?);
    let at = |x: &[T], row: usize| if x.len() == 1 { x[0] } else { x[row] };
    let mut lengths = Vec::with_capacity(n);
    for row in 0..n {
        let (a, b, d) = (at(starts, row), at(limits, row), at(deltas, row));
        if d == T::ZERO {
            return Err(Error::value(format!("range: row {row} has a step of 0")));
        }
        lengths.push(count(a, b, d));
    }
    let total: i128 = lengths.iter().fold(0, |sum: i128, &l| sum.saturating_add(l));
    if total > MOST {
        return Err(Error::value(format!("range: {total} values are too many")));
    }
    let mut values: Vec<T> = Vec::new();
    values
        .try_reserve_exact(total as usize)
        .map_err(|_| Error::value(format!("range: {total} values are too many for memory")))?;
    for (row, &l) in lengths.iter().enumerate() {
        let (mut v, d) = (at(starts, row), at(deltas, row));
        // Added up step by step, as TensorFlow does, so that floats round alike.
        for _ in 0..l {
            values.push(v);
            v = next(v, d);
        }
    }
    let lengths: Vec<i64> = lengths.iter().map(|&l| l as i64).collect();
    let count = values.len();
    RaggedTensor::from_partitions(
        Tensor::from_vec(values, [count])?,
        [RowPartition::from_row_lengths(&lengths)?],
    )
}

fn count<T: Element>(a: T, b: T, d: T) -> i128 {
    if T::DTYPE.is_int() {
        let (a, b, d) = (a.to_i128(), b.to_i128(), d.to_i128());
        if (d > 0 && a >= b) || (d < 0 && a <= b) {
            return 0;
        }
        return ((b - a).abs() + d.abs() - 1) / d.abs();
    }
    // In the arithmetic of the dtype: float32 may count other than float64.
    let steps = match T::DTYPE {
        DType::F64 => ((b.to_f64() - a.to_f64()) / d.to_f64()).ceil(),
        _ => f64::from(((b.to_f64() as f32 - a.to_f64() as f32) / d.to_f64() as f32).ceil()),
    };
    if steps > 0.0 { steps.min(MOST as f64 * 2.0) as i128 } else { 0 }
}

fn next<T: Element>(v: T, d: T) -> T {
    match T::DTYPE {
        dtype if dtype.is_int() => T::from_i128(v.to_i128().wrapping_add(d.to_i128())),
        DType::F64 => T::from_f64(v.to_f64() + d.to_f64()),
        _ => T::from_f64(f64::from(v.to_f64() as f32 + d.to_f64() as f32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_up_down_and_in_fractions() {
        let t = |v: &[i32]| Tensor::from_slice(v, [v.len()]).unwrap();
        let s = Tensor::scalar::<i32>;
        let table = [
            (RaggedTensor::range(&t(&[0, 5, 8]), &t(&[3, 5, 12]), &s(1)), "[[0, 1, 2], [], [8, 9, 10, 11]]"),
            (RaggedTensor::range(&s(0), &t(&[3, 9]), &t(&[1, 4])), "[[0, 1, 2], [0, 4, 8]]"),
            (RaggedTensor::range(&s(5), &s(0), &s(-2)), "[[5, 3, 1]]"),
            (RaggedTensor::range(&s(0), &s(3), &s(-1)), "[[]]"),
            (
                RaggedTensor::range(
                    &Tensor::scalar(0.0f32),
                    &Tensor::scalar(1.0f32),
                    &Tensor::scalar(0.4f32),
                ),
                "[[0.0, 0.4, 0.8]]",
            ),
        ];
        for (found, want) in table {
            assert_eq!(found.unwrap().to_text(), want);
        }
        let refused = [
            RaggedTensor::range(&s(0), &s(3), &s(0)),
            RaggedTensor::range(&t(&[0, 1]), &t(&[1, 2, 3]), &s(1)),
            RaggedTensor::range(&s(0), &Tensor::scalar(1.0f32), &s(1)),
            RaggedTensor::range(&Tensor::scalar(0i64), &Tensor::scalar(i64::MAX), &Tensor::scalar(1i64)),
            RaggedTensor::range(&Tensor::scalar(0f32), &Tensor::scalar(f32::INFINITY), &Tensor::scalar(1f32)),
        ];
        assert!(refused.iter().all(Result::is_err));
    }
}
