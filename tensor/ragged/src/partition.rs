//! How one list of values is cut into consecutive rows.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use gradus_tensor::{Error, Result};

/// Consecutive rows over values: row `i` is `row_splits[i]..row_splits[i + 1]`.
///
/// There is always a first split, 0; splits never decrease; the last one is the number of values. A partition made
/// [`uniform`](RowPartition::uniform) remembers the one length that all its rows have, so that the axis counts as uniform
/// in broadcasting and indexing. Clones share the splits.
#[derive(Clone)]
pub struct RowPartition {
    splits: Arc<[i64]>,
    uniform: Option<usize>,
}

impl RowPartition {
    /// Rows between consecutive splits. Errors unless the splits begin with 0 and never decrease.
    pub fn from_row_splits(splits: impl Into<Vec<i64>>) -> Result<RowPartition> {
        let splits: Vec<i64> = splits.into();
        match splits.first() {
            None => return Err(Error::value("row_splits: there must be at least one, 0; found none")),
            Some(0) => {}
            Some(first) => return Err(Error::value(format!("row_splits: must begin with 0, found {first}"))),
        }
        if let Some(i) = splits.windows(2).position(|w| w[0] > w[1]) {
            let (a, b) = (splits[i], splits[i + 1]);
            return Err(Error::value(format!("row_splits: must not decrease, found {a} before {b} at {i}")));
        }
        Ok(RowPartition { splits: splits.into(), uniform: None })
    }

    /// Rows of these lengths. Errors when one is negative.
    pub fn from_row_lengths(lengths: &[i64]) -> Result<RowPartition> {
        let mut splits = Vec::with_capacity(lengths.len() + 1);
        let mut end = 0i64;
        splits.push(0);
        for (row, &length) in lengths.iter().enumerate() {
            if length < 0 {
                return Err(Error::value(format!("row_lengths: row {row} has length {length}")));
            }
            end = end
                .checked_add(length)
                .ok_or_else(|| Error::value(format!("row_lengths: the sum up to row {row} overflows")))?;
            splits.push(end);
        }
        Ok(RowPartition { splits: splits.into(), uniform: None })
    }

    /// Rows by the row that each value belongs to. `nrows` is one more than the last of them unless given.
    ///
    /// Errors when the ids decrease, or one is negative or not below `nrows`.
    pub fn from_value_rowids(ids: &[i64], nrows: Option<usize>) -> Result<RowPartition> {
        if let Some(i) = ids.windows(2).position(|w| w[0] > w[1]) {
            let (a, b) = (ids[i], ids[i + 1]);
            return Err(Error::value(format!(
                "value_rowids: must not decrease, found {a} before {b} at {i}"
            )));
        }
        if let Some(first) = ids.first().filter(|&&id| id < 0) {
            return Err(Error::value(format!("value_rowids: found {first}, expected at least 0")));
        }
        let least = ids.last().map_or(Some(0), |&last| usize::try_from(last).ok()?.checked_add(1));
        let nrows = match (nrows, least) {
            (None, Some(least)) => least,
            (Some(n), Some(least)) if n >= least => n,
            _ => {
                let last = ids.last().copied().unwrap_or(0);
                return Err(Error::value(format!("value_rowids: found {last} for {nrows:?} rows")));
            }
        };
        let mut splits = room(nrows)?;
        splits.push(0);
        let mut at = 0;
        for row in 0..nrows as i64 {
            while ids.get(at) == Some(&row) {
                at += 1;
            }
            splits.push(at as i64);
        }
        Ok(RowPartition { splits: splits.into(), uniform: None })
    }

    /// Rows by where each begins; the last one ends with the values. Errors as [`RowPartition::from_row_splits`].
    pub fn from_row_starts(starts: &[i64], nvals: usize) -> Result<RowPartition> {
        if starts.is_empty() && nvals > 0 {
            return Err(Error::value(format!("row_starts: no rows for {nvals} values")));
        }
        let mut splits = starts.to_vec();
        splits.push(nvals as i64);
        RowPartition::from_row_splits(splits).map_err(|e| e.within("row_starts"))
    }

    /// Rows by where each ends; the first one begins at 0. Errors as [`RowPartition::from_row_splits`].
    pub fn from_row_limits(limits: &[i64]) -> Result<RowPartition> {
        let splits: Vec<i64> = std::iter::once(0).chain(limits.iter().copied()).collect();
        RowPartition::from_row_splits(splits).map_err(|e| e.within("row_limits"))
    }

    /// `nrows` rows of one length.
    pub fn uniform(nrows: usize, length: usize) -> Result<RowPartition> {
        let mut splits = room(nrows)?;
        let total = nrows.checked_mul(length).filter(|&n| i64::try_from(n).is_ok());
        if total.is_none() {
            return Err(Error::value(format!("{nrows} rows of length {length} are too many values")));
        }
        splits.extend((0..=nrows).map(|row| (row * length) as i64));
        Ok(RowPartition { splits: splits.into(), uniform: Some(length) })
    }

    /// Number of rows.
    pub fn nrows(&self) -> usize {
        self.splits.len() - 1
    }

    /// Number of values in all rows.
    pub fn nvals(&self) -> usize {
        self.splits[self.nrows()] as usize
    }

    /// Where rows begin, and at last the number of values: `nrows + 1` of them.
    pub fn row_splits(&self) -> &[i64] {
        &self.splits
    }

    /// Where each row begins.
    pub fn row_starts(&self) -> &[i64] {
        &self.splits[..self.nrows()]
    }

    /// Where each row ends.
    pub fn row_limits(&self) -> &[i64] {
        &self.splits[1..]
    }

    /// The length of each row.
    pub fn row_lengths(&self) -> Vec<i64> {
        self.splits.windows(2).map(|w| w[1] - w[0]).collect()
    }

    /// The row of each value.
    pub fn value_rowids(&self) -> Vec<i64> {
        let row = |(row, w): (usize, &[i64])| std::iter::repeat_n(row as i64, (w[1] - w[0]) as usize);
        self.splits.windows(2).enumerate().flat_map(row).collect()
    }

    /// The length that all rows were made with, if the partition is uniform.
    pub fn uniform_row_length(&self) -> Option<usize> {
        self.uniform
    }

    /// The values of a row. Panics when there is no such row.
    pub fn row(&self, row: usize) -> Range<usize> {
        self.splits[row] as usize..self.splits[row + 1] as usize
    }

    /// The length of the longest row, 0 without rows.
    pub fn longest(&self) -> usize {
        self.splits.windows(2).map(|w| (w[1] - w[0]) as usize).max().unwrap_or(0)
    }

    /// Rows of these lengths, uniform if this one is and stays so: `length` tells the new length.
    pub(crate) fn from_lengths_like(lengths: &[i64], uniform: Option<usize>) -> Result<RowPartition> {
        match uniform {
            Some(length) => RowPartition::uniform(lengths.len(), length),
            None => RowPartition::from_row_lengths(lengths),
        }
    }

    /// The rows at these positions, and the positions of their values.
    pub(crate) fn take(&self, rows: &[i64]) -> Result<(RowPartition, Vec<i64>)> {
        let mut lengths = Vec::with_capacity(rows.len());
        let mut values = Vec::new();
        for &row in rows {
            let row = self.row(row as usize);
            lengths.push(row.len() as i64);
            values.extend(row.start as i64..row.end as i64);
        }
        Ok((RowPartition::from_lengths_like(&lengths, self.uniform)?, values))
    }
}

/// Room for the splits of that many rows, or an error where memory ends.
fn room(nrows: usize) -> Result<Vec<i64>> {
    let mut splits = Vec::new();
    let n = nrows.saturating_add(1);
    splits.try_reserve_exact(n).map_err(|_| Error::value(format!("{nrows} rows are too many for memory")))?;
    Ok(splits)
}

impl PartialEq for RowPartition {
    /// Two partitions are equal when they cut in the same places.
    fn eq(&self, other: &RowPartition) -> bool {
        Arc::ptr_eq(&self.splits, &other.splits) || self.splits == other.splits
    }
}

impl Eq for RowPartition {}

impl fmt::Debug for RowPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uniform {
            Some(length) => write!(f, "RowPartition({} rows of {length})", self.nrows()),
            None => write!(f, "RowPartition({:?})", self.splits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_tells_the_same_rows() {
        let want = RowPartition::from_row_splits([0, 2, 2, 5]).unwrap();
        let table = [
            ("lengths", RowPartition::from_row_lengths(&want.row_lengths())),
            ("rowids", RowPartition::from_value_rowids(&want.value_rowids(), None)),
            ("starts", RowPartition::from_row_starts(want.row_starts(), 5)),
            ("limits", RowPartition::from_row_limits(want.row_limits())),
        ];
        for (name, found) in table {
            assert_eq!(found.unwrap(), want, "{name}");
        }
        assert_eq!(RowPartition::from_value_rowids(&[], Some(2)).unwrap().row_splits(), [0, 0, 0]);
        assert_eq!(RowPartition::uniform(3, 0).unwrap().row_splits(), [0, 0, 0, 0]);
    }

    #[test]
    fn what_is_not_a_partition_is_refused() {
        let table = [
            ("empty", RowPartition::from_row_splits([])),
            ("first", RowPartition::from_row_splits([1, 2])),
            ("decrease", RowPartition::from_row_splits([0, 3, 2])),
            ("negative length", RowPartition::from_row_lengths(&[2, -1])),
            ("sum of lengths", RowPartition::from_row_lengths(&[i64::MAX, 1])),
            ("unordered ids", RowPartition::from_value_rowids(&[1, 0], None)),
            ("negative id", RowPartition::from_value_rowids(&[-1], None)),
            ("id past the rows", RowPartition::from_value_rowids(&[0, 2], Some(2))),
            ("id too large", RowPartition::from_value_rowids(&[i64::MAX], None)),
            ("starts past the values", RowPartition::from_row_starts(&[0, 9], 5)),
            ("values without rows", RowPartition::from_row_starts(&[], 5)),
            ("too many rows", RowPartition::uniform(usize::MAX, 0)),
            ("too many values", RowPartition::uniform(4, usize::MAX / 2)),
        ];
        for (name, found) in table {
            assert!(found.is_err(), "{name}: {found:?}");
        }
    }
}
