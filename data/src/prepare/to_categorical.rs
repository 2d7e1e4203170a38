//! Class numbers as rows of zeros with a one.

use crate::error::{DataError, ErrorKind, Result};

/// One row for every label, 1 in the column of its class. Without a number of classes there are as many
/// as the largest label needs.
///
/// ```
/// use gradus_data::to_categorical;
/// assert_eq!(to_categorical(&[1, 0], Some(3)).unwrap(), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] with index and value of a label that is negative or not below the number
/// of classes, or when the rows together are too large for memory.
pub fn to_categorical(labels: &[i64], num_classes: Option<usize>) -> Result<Vec<Vec<f32>>> {
    let classes = class_count(labels, num_classes)?;
    let row = |(at, label): (usize, &i64)| {
        let mut row = vec![0.0; classes];
        row[class_of(at, *label, classes)?] = 1.0;
        Ok(row)
    };
    labels.iter().enumerate().map(row).collect()
}

/// More ones and zeros than this are a mistake: a single wrong label must not ask for all the memory.
const MAX_CELLS: usize = 1 << 34;

pub(crate) fn class_count(labels: &[i64], num_classes: Option<usize>) -> Result<usize> {
    let largest = labels.iter().max().map_or(0, |m| m.saturating_add(1).max(0));
    let classes = num_classes.unwrap_or(usize::try_from(largest).unwrap_or(usize::MAX));
    if classes.checked_mul(labels.len().max(1)).is_none_or(|n| n > MAX_CELLS) {
        let message = format!("to_categorical: {} labels in {classes} classes are too many", labels.len());
        return Err(DataError::new(ErrorKind::InvalidArgument, message));
    }
    Ok(classes)
}

pub(crate) fn class_of(at: usize, label: i64, classes: usize) -> Result<usize> {
    usize::try_from(label).ok().filter(|c| *c < classes).ok_or_else(|| {
        let message = format!("to_categorical: label {at} is {label}, there are {classes} classes");
        DataError::new(ErrorKind::InvalidArgument, message)
    })
}
