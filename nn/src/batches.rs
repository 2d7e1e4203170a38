//! Arrays cut into batches, in order or shuffled.

use crate::seed::mix;
use gradus_tensor::{Error, Result, Shape, Tensor, dispatch};

/// Samples with their targets and weights.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Inputs.
    pub x: Tensor,
    /// Targets.
    pub y: Option<Tensor>,
    /// A weight per sample.
    pub weight: Option<Tensor>,
}

/// Arrays of equal length, cut into batches of rows.
#[derive(Debug)]
pub struct Batches {
    all: Batch,
    len: usize,
    batch_size: usize,
}

impl Batches {
    /// Errors for arrays of different lengths, without samples, or a batch size of 0.
    pub fn new(
        x: &Tensor,
        y: Option<&Tensor>,
        weight: Option<&Tensor>,
        batch_size: usize,
    ) -> Result<Batches> {
        let rows = |t: &Tensor, what: &str| {
            t.shape()
                .first()
                .copied()
                .ok_or_else(|| Error::shape(format!("{what} is a scalar, expected samples")))
        };
        let len = rows(x, "x")?;
        for (what, t) in [("y", y), ("sample_weight", weight)] {
            let Some(t) = t else { continue };
            let n = rows(t, what)?;
            if n != len {
                return Err(Error::shape(format!(
                    "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. \
                     'x' sizes: {len}, '{what}' sizes: {n}"
                )));
            }
        }
        if len == 0 {
            return Err(Error::value(
                "there are no samples: x has shape ".to_string() + &x.shape().to_string(),
            ));
        }
        if batch_size == 0 {
            return Err(Error::value("batch_size is 0, expected at least 1"));
        }
        Ok(Batches { all: Batch { x: x.clone(), y: y.cloned(), weight: weight.cloned() }, len, batch_size })
    }

    /// Number of batches, the last of which may be smaller.
    pub fn steps(&self) -> usize {
        self.len.div_ceil(self.batch_size)
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.len
    }

    /// The batches in order; they share the arrays' memory.
    pub fn in_order(&self) -> impl Iterator<Item = Result<Batch>> + '_ {
        (0..self.steps()).map(|i| {
            let at = i * self.batch_size..((i + 1) * self.batch_size).min(self.len);
            self.map(|t| rows_of(t, at.clone()))
        })
    }

    /// The batches of shuffled rows; the order follows from the key alone.
    pub fn shuffled(&self, key: u64) -> impl Iterator<Item = Result<Batch>> + '_ {
        let order = permutation(self.len, key);
        (0..self.steps()).map(move |i| {
            let at = &order[i * self.batch_size..((i + 1) * self.batch_size).min(self.len)];
            self.map(|t| gather_rows(t, at))
        })
    }

    fn map(&self, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Batch> {
        Ok(Batch {
            x: f(&self.all.x)?,
            y: self.all.y.as_ref().map(&f).transpose()?,
            weight: self.all.weight.as_ref().map(&f).transpose()?,
        })
    }
}

/// Consecutive rows of an array.
pub(crate) fn rows_of(t: &Tensor, at: std::ops::Range<usize>) -> Result<Tensor> {
    if at == (0..t.shape()[0]) {
        return Ok(t.clone());
    }
    let indices: Vec<usize> = at.collect();
    gather_rows(t, &indices)
}

/// Rows of an array in any order, copied.
pub(crate) fn gather_rows(t: &Tensor, rows: &[usize]) -> Result<Tensor> {
    let shape: Shape = t.shape().replaced(0, rows.len());
    let width: usize = t.shape()[1..].iter().product();
    let n = t.shape()[0];
    Tensor::build(t.spec().reshaped(shape), |y| {
        dispatch!(t.dtype(), T: all => {
            let view = t.view();
            let x = view.as_slice::<T>();
            for (y, &r) in y.as_mut::<T>().chunks_exact_mut(width.max(1)).zip(rows) {
                if r >= n {
                    return Err(Error::value(format!("row {r} of an array with {n}")));
                }
                y.copy_from_slice(&x[r * width..(r + 1) * width]);
            }
        });
        Ok(())
    })
}

/// A permutation of `0..n` that follows from the key alone (Fisher and Yates).
pub(crate) fn permutation(n: usize, key: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = key;
    for i in (1..n).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        // The high half of a 128-bit product: uniform to within n / 2^64.
        let j = ((u128::from(mix(state)) * (i as u128 + 1)) >> 64) as usize;
        order.swap(i, j);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffles_are_permutations_of_their_key() {
        let a = permutation(1000, 7);
        let mut sorted = a.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_eq!(a, permutation(1000, 7));
        assert_ne!(a, permutation(1000, 8));
    }

    #[test]
    fn bad_arrays_are_refused() {
        let t = |n: usize| Tensor::zeros([n, 2], gradus_tensor::DType::F32).unwrap();
        for (x, y, size, want) in [
            (t(8), t(7), 4, "'x' sizes: 8, 'y' sizes: 7"),
            (t(0), t(0), 4, "there are no samples"),
            (t(8), t(8), 0, "batch_size is 0"),
        ] {
            let e = Batches::new(&x, Some(&y), None, size).unwrap_err().to_string();
            assert!(e.contains(want), "{e}");
        }
        assert_eq!(Batches::new(&t(10), None, None, 4).unwrap().in_order().count(), 3);
    }
}
