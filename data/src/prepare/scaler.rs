//! Columns of a common scale, and back.
//!
//! Values are rows of `columns` numbers, one row after another. Statistics are computed in f64.

use crate::error::{DataError, ErrorKind, Result};

/// Scales every column to mean 0 and standard deviation 1: `(x - mean) / std`.
///
/// The standard deviation is that of the population (divided by n), as in scikit-learn. A column without
/// spread is only centred.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardScaler {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

/// Scales every column to a range, by default 0 to 1: `(x - min) / (max - min)`. A column without spread
/// is only moved to the range's beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct MinMaxScaler {
    min: Vec<f64>,
    scale: Vec<f64>,
    low: f64,
}

fn rows<'a>(name: &str, values: &'a [f32], columns: usize) -> Result<std::slice::ChunksExact<'a, f32>> {
    if columns == 0 || values.is_empty() || !values.len().is_multiple_of(columns) {
        let message = format!("{name}: {} values are not whole rows of {columns} columns", values.len());
        return Err(DataError::new(ErrorKind::Shape, message));
    }
    if let Some(at) = values.iter().position(|x| !x.is_finite()) {
        let (row, column, found) = (at / columns, at % columns, values[at]);
        let message = format!("{name}: row {row}, column {column} is {found}");
        return Err(DataError::new(ErrorKind::InvalidArgument, message));
    }
    Ok(values.chunks_exact(columns))
}

fn apply(name: &str, values: &mut [f32], columns: usize, f: impl Fn(usize, f64) -> f64) -> Result<()> {
    if !values.len().is_multiple_of(columns) {
        let message =
            format!("{name}: {} values are not whole rows of the {columns} columns fitted", values.len());
        return Err(DataError::new(ErrorKind::Shape, message));
    }
    for row in values.chunks_exact_mut(columns) {
        row.iter_mut().enumerate().for_each(|(c, x)| *x = f(c, f64::from(*x)) as f32);
    }
    Ok(())
}

impl StandardScaler {
    /// Learns mean and standard deviation of every column.
    ///
    /// ```
    /// use gradus_data::StandardScaler;
    /// let mut values = [1.0, 10.0, 3.0, 30.0];
    /// let scaler = StandardScaler::fit(&values, 2).unwrap();
    /// scaler.transform(&mut values).unwrap();
    /// assert_eq!(values, [-1.0, -1.0, 1.0, 1.0]);
    /// scaler.inverse_transform(&mut values).unwrap();
    /// assert_eq!(values, [1.0, 10.0, 3.0, 30.0]);
    /// ```
    ///
    /// # Errors
    /// When the values are not whole rows, none, or not finite.
    pub fn fit(values: &[f32], columns: usize) -> Result<Self> {
        let rows = rows("StandardScaler", values, columns)?;
        let n = rows.len() as f64;
        let mut mean = vec![0.0; columns];
        for row in rows.clone() {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x));
        }
        mean.iter_mut().for_each(|m| *m /= n);
        // Two passes: the sum of squares of differences loses nothing to cancellation.
        let mut scale = vec![0.0; columns];
        for row in rows {
            for ((s, x), m) in scale.iter_mut().zip(row).zip(&mean) {
                *s += (f64::from(*x) - m).powi(2);
            }
        }
        for s in &mut scale {
            *s = (*s / n).sqrt();
            if *s == 0.0 {
                *s = 1.0;
            }
        }
        Ok(StandardScaler { mean, scale })
    }

    /// The mean of every column.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What every column is divided by.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Scales rows in place.
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn transform(&self, values: &mut [f32]) -> Result<()> {
        apply("StandardScaler", values, self.mean.len(), |c, x| (x - self.mean[c]) / self.scale[c])
    }

    /// Undoes [`transform`](Self::transform).
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn inverse_transform(&self, values: &mut [f32]) -> Result<()> {
        apply("StandardScaler", values, self.mean.len(), |c, x| x * self.scale[c] + self.mean[c])
    }
}

impl MinMaxScaler {
    /// Learns the range of every column, to scale it to 0 to 1.
    ///
    /// # Errors
    /// When the values are not whole rows, none, or not finite.
    pub fn fit(values: &[f32], columns: usize) -> Result<Self> {
        MinMaxScaler::fit_range(values, columns, 0.0, 1.0)
    }

    /// Learns the range of every column, to scale it to `low` to `high`.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and when `low` is not below `high`.
    pub fn fit_range(values: &[f32], columns: usize, low: f64, high: f64) -> Result<Self> {
        if low.is_nan() || high.is_nan() || low >= high {
            let message = format!("MinMaxScaler: the range must rise, found {low} to {high}");
            return Err(DataError::new(ErrorKind::InvalidArgument, message));
        }
        let rows = rows("MinMaxScaler", values, columns)?;
        let mut min = vec![f64::INFINITY; columns];
        let mut max = vec![f64::NEG_INFINITY; columns];
        for row in rows {
            for (c, x) in row.iter().enumerate() {
                min[c] = min[c].min(f64::from(*x));
                max[c] = max[c].max(f64::from(*x));
            }
        }
        let spread = |(min, max): (&f64, &f64)| if max > min { max - min } else { 1.0 };
        let scale = min.iter().zip(&max).map(spread).map(|s| (high - low) / s).collect();
        Ok(MinMaxScaler { min, scale, low })
    }

    /// The smallest value of every column.
    pub fn min(&self) -> &[f64] {
        &self.min
    }

    /// What every column is multiplied by.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Scales rows in place.
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn transform(&self, values: &mut [f32]) -> Result<()> {
        apply("MinMaxScaler", values, self.min.len(), |c, x| (x - self.min[c]) * self.scale[c] + self.low)
    }

    /// Undoes [`transform`](Self::transform).
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn inverse_transform(&self, values: &mut [f32]) -> Result<()> {
        apply("MinMaxScaler", values, self.min.len(), |c, x| (x - self.low) / self.scale[c] + self.min[c])
    }
}
