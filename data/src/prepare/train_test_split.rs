//! Two parts of data, at random.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::element::Element;
use crate::error::{DataError, ErrorKind, Result};
use crate::key::Key;
use crate::sources::Slices;

/// How data is split.
#[derive(Debug, Clone)]
pub struct Split {
    test_size: f64,
    seed: u64,
    shuffle: bool,
    stratify: Option<Vec<i64>>,
}

impl Default for Split {
    /// A quarter for the test part, as in scikit-learn.
    fn default() -> Self {
        Split::test_size(0.25)
    }
}

impl Split {
    /// This share (above 0, below 1) for the test part, shuffled with seed 0.
    pub fn test_size(share: f64) -> Self {
        Split { test_size: share, seed: 0, shuffle: true, stratify: None }
    }

    /// The seed. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether elements are drawn at random; if not, the test part is the end. Default true.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// The class of every element: both parts get each class in the same share, as closely as whole
    /// elements allow.
    pub fn stratify(mut self, labels: impl Into<Vec<i64>>) -> Self {
        self.stratify = Some(labels.into());
        self
    }

    /// The numbers of the elements of the two parts, out of `count`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a share outside 0 to 1, a part that would be empty, or labels
    /// that are not one for each element.
    pub fn indices(&self, count: usize) -> Result<(Vec<u64>, Vec<u64>)> {
        let invalid = |what: String| {
            Err(DataError::new(ErrorKind::InvalidArgument, format!("train_test_split: {what}")))
        };
        if !(self.test_size > 0.0 && self.test_size < 1.0) {
            return invalid(format!("the test share must be between 0 and 1, found {}", self.test_size));
        }
        // scikit-learn rounds the test part up.
        let test = (count as f64 * self.test_size).ceil() as usize;
        if test == 0 || test >= count {
            return invalid(format!("{count} elements cannot give a test part of {}", self.test_size));
        }
        let mut order: Vec<u64> = (0..count as u64).collect();
        if self.shuffle {
            shuffle(&mut order, Key::new(self.seed));
        }
        let Some(labels) = &self.stratify else {
            let part = order.split_off(count - test);
            return Ok((order, part));
        };
        if labels.len() != count || !self.shuffle {
            return invalid(format!(
                "stratify needs shuffle and a label for each of {count} elements, found {}",
                labels.len()
            ));
        }
        let mut classes: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for i in order {
            classes.entry(labels[i as usize]).or_default().push(i);
        }
        if let Some((class, _)) = classes.iter().find(|(_, members)| members.len() < 2) {
            return invalid(format!("class {class} has a single element and cannot be in both parts"));
        }
        let quotas = quotas(&classes.values().map(Vec::len).collect::<Vec<_>>(), test, count);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (members, quota) in classes.into_values().zip(quotas) {
            second.extend_from_slice(&members[..quota]);
            first.extend_from_slice(&members[quota..]);
        }
        shuffle(&mut first, Key::new(self.seed).fold(1));
        shuffle(&mut second, Key::new(self.seed).fold(2));
        Ok((first, second))
    }
}

/// How many of each class belong to the test part: the whole parts of the exact shares, then one more for
/// those with the largest rests (Hamilton's method), so that the sum is `test`.
fn quotas(sizes: &[usize], test: usize, count: usize) -> Vec<usize> {
    let exact = |size: usize| size as u128 * test as u128;
    let mut quotas: Vec<usize> = sizes.iter().map(|s| (exact(*s) / count as u128) as usize).collect();
    let mut by_rest: Vec<usize> = (0..sizes.len()).collect();
    by_rest.sort_by_key(|i| Reverse(exact(sizes[*i]) % count as u128));
    let missing = test - quotas.iter().sum::<usize>();
    by_rest.into_iter().take(missing).for_each(|i| quotas[i] += 1);
    quotas
}

fn shuffle(items: &mut [u64], key: Key) {
    for i in (1..items.len()).rev() {
        items.swap(i, key.below(i as u64, i as u64 + 1) as usize);
    }
}

/// Splits data along its first axis in a training and a test part: a tensor in two tensors, a `Vec` in
/// two, a tuple part by part with the same rows.
///
/// ```
/// use gradus_data::{Split, train_test_split};
/// let (x, y): (Vec<f32>, Vec<i64>) = (0..10).map(|i| (i as f32, i % 2)).unzip();
/// let split = Split::test_size(0.2).seed(42).stratify(y.clone());
/// let ((_, y_train), (x_test, y_test)) = train_test_split(&(x, y), &split).unwrap();
/// assert_eq!((y_train.len(), x_test.len()), (8, 2));
/// assert_eq!(y_test.iter().sum::<i64>(), 1);
/// ```
///
/// # Errors
/// Those of [`Split::indices`], and what the data gives.
pub fn train_test_split<S: Slices>(
    data: &S,
    split: &Split,
) -> Result<(<S::Item as Element>::Batch, <S::Item as Element>::Batch)> {
    let (train, test) = split.indices(data.len()?)?;
    Ok((data.gather(&train)?, data.gather(&test)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_scikit_learns_sizes_and_every_element_once() {
        let cases = [
            (60_000, 0.3, 42_000),
            (20_640, 0.25, 15_480),
            (15_480, 0.25, 11_610),
            (10, 0.01, 9),
            (3, 0.5, 1),
        ];
        for (count, share, train) in cases {
            for split in [Split::test_size(share), Split::test_size(share).shuffle(false)] {
                let (first, second) = split.indices(count).unwrap();
                assert_eq!((first.len(), second.len()), (train, count - train), "{count} at {share}");
                let mut all = [first, second].concat();
                all.sort_unstable();
                assert!(all.into_iter().eq(0..count as u64), "{count} at {share}");
            }
        }
        for (count, share) in [(10, 0.0), (10, 1.0), (10, f64::NAN), (1, 0.5), (0, 0.5)] {
            assert!(Split::test_size(share).indices(count).is_err(), "{count} at {share}");
        }
        assert_eq!(quotas(&[3, 3, 4], 5, 10), [2, 1, 2]);
    }
}
