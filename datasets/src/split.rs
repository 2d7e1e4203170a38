//! Keras's division into training and test rows.

use crate::error::{Error, ErrorKind, Result};

/// Refuses shares outside `0 <= test_split < 1`.
pub(crate) fn check_test_split(name: &str, test_split: f64) -> Result<()> {
    if (0.0..1.0).contains(&test_split) {
        return Ok(());
    }
    let text = format!("{name}: expected a test_split from 0 to below 1, found {test_split}");
    Err(Error::new(ErrorKind::InvalidArgument, text))
}

/// How many of the shuffled rows are for training: `int(count * (1 - test_split))`, in the same arithmetic.
pub(crate) fn train_count(count: usize, test_split: f64) -> usize {
    ((count as f64 * (1.0 - test_split)) as usize).min(count)
}
