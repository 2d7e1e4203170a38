//! Tables of features with a number to predict.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::mt19937::Mt19937;
use crate::npy::Npz;
use crate::source::Source;
use crate::split::train_count;

/// Rows of features, with the number that belongs to each.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// The features, row after row.
    pub x: Vec<f64>,
    /// `[rows, features]`.
    pub shape: [usize; 2],
    /// The number to predict for each row.
    pub y: Vec<f64>,
}

/// A training set and a test set, with where they came from.
#[derive(Clone, Debug)]
pub struct RegressionDataset {
    /// The rows to learn from.
    pub train: Regression,
    /// The rows to be judged by.
    pub test: Regression,
    /// Where the file was found.
    pub source: Source,
    /// What the features are.
    pub feature_names: &'static [&'static str],
}

impl Regression {
    /// One row of features, or `None` past the last one.
    pub fn row(&self, index: usize) -> Option<&[f64]> {
        let [rows, columns] = self.shape;
        (index < rows).then(|| &self.x[index * columns..][..columns])
    }

    /// Reads the arrays `x` and `y` of an npz file.
    pub(crate) fn read_npz(path: &Path, columns: usize) -> Result<Regression> {
        let place = path.display().to_string();
        let mut npz = Npz::open(path)?;
        let (x, y) = (npz.array("x")?, npz.array("y")?);
        match (&x.shape[..], &y.shape[..]) {
            (&[rows, found], &[count]) if found == columns && rows == count => {
                Ok(Regression { x: x.to_f64(&place)?, shape: [rows, columns], y: y.to_f64(&place)? })
            }
            _ => {
                let found = format!("x {:?} and y {:?}", x.shape, y.shape);
                Err(Error::corrupt(&place, format!("x [rows, {columns}] and y [rows]"), found))
            }
        }
    }

    /// The first `count` rows.
    pub(crate) fn first(mut self, count: usize) -> Regression {
        let [rows, columns] = self.shape;
        let count = count.min(rows);
        self.x.truncate(count * columns);
        self.y.truncate(count);
        self.shape = [count, columns];
        self
    }

    /// Shuffles the rows as NumPy does and divides them.
    pub(crate) fn split(&self, seed: u32, test_split: f64) -> [Regression; 2] {
        let order = Mt19937::new(seed).permutation(self.y.len());
        let (train, test) = order.split_at(train_count(order.len(), test_split));
        [train, test].map(|indices| Regression {
            x: indices.iter().flat_map(|&index| self.row(index).unwrap_or_default()).copied().collect(),
            shape: [indices.len(), self.shape[1]],
            y: indices.iter().map(|&index| self.y[index]).collect(),
        })
    }
}

/// Reads numbers in lines, separated by commas or white space; a first line that begins with a letter is a header.
///
/// # Errors
/// `file:line:column` with what was expected and found.
pub(crate) fn read_text(path: &Path, columns: usize) -> Result<Vec<Vec<f64>>> {
    let bytes = fs::read(path).map_err(|e| Error::io("read", path, &e))?;
    let place = path.display().to_string();
    let text =
        String::from_utf8(bytes).map_err(|_| Error::corrupt(&place, "a table in UTF-8", "other bytes"))?;
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let header = index == 0 && line.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
        if header || line.trim().is_empty() {
            continue;
        }
        let words: Vec<&str> = if line.contains(',') {
            line.split(',').map(str::trim).collect()
        } else {
            line.split_whitespace().collect()
        };
        if words.len() != columns {
            let place = format!("{place}:{}", index + 1);
            return Err(Error::corrupt(&place, format!("{columns} numbers"), words.len()));
        }
        let mut row = Vec::with_capacity(columns);
        for (column, word) in words.iter().enumerate() {
            match word.parse::<f64>() {
                Ok(number) if number.is_finite() => row.push(number),
                _ => {
                    let place = format!("{place}:{}:{}", index + 1, column + 1);
                    return Err(Error::corrupt(&place, "a number", format!("{word:?}")));
                }
            }
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(Error::corrupt(&place, "rows of numbers", "none"));
    }
    Ok(rows)
}
