//! A batch of elements drawn at random, for training loops written by hand.

use crate::element::Element;
use crate::error::{DataError, ErrorKind, Result};
use crate::key::KeyedRng;
use crate::sources::Slices;

/// Draws `size` slices with replacement and puts them in one batch: rows of a tensor, items of a `Vec`,
/// or both from a tuple.
///
/// ```
/// use gradus_data::{Key, random_batch};
/// let mut rng = Key::new(42).rng();
/// let (x, y) = random_batch(&(vec![0.5f32, 1.5], vec![0i64, 1]), 32, &mut rng).unwrap();
/// assert_eq!((x.len(), y.len()), (32, 32));
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] when there is nothing to draw from; else what the data gives.
pub fn random_batch<S: Slices>(
    data: &S,
    size: usize,
    rng: &mut KeyedRng,
) -> Result<<S::Item as Element>::Batch> {
    let count = data.len()? as u64;
    if count == 0 {
        return Err(DataError::new(ErrorKind::InvalidArgument, "random_batch: the data has no elements"));
    }
    let indices: Vec<u64> = (0..size).map(|_| rng.below(count)).collect();
    data.gather(&indices)
}
