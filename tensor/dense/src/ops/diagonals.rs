//! Bands of diagonals: several neighbouring diagonals of a matrix, stored as the rows of a smaller one.
//!
//! Diagonal 0 is the main one, 1 the one above it, -1 the one below. A band is a range of them, and its rows run from
//! the highest diagonal down. Diagonals differ in length; where one is shorter than the longest of the band, its row is
//! filled up at one end, and [`Align`] says at which.
//!
//! ```
//! use gradus_tensor::{Tensor, ops::{Align, Diagonals}};
//! let a = Tensor::new([[1, 2, 3], [4, 5, 6], [7, 8, 9]])?;
//! assert_eq!(a.diag_part(1)?.to_nested::<Vec<i32>>()?, [2, 6]);
//! let band = a.diag_part(-1..=1)?;
//! assert_eq!(band.to_nested::<Vec<Vec<i32>>>()?, [[0, 2, 6], [1, 5, 9], [4, 8, 0]]);
//! let left = a.diag_part(Diagonals::from(-1..=1).align(Align::LeftLeft).padding(-1.0))?;
//! assert_eq!(left.to_nested::<Vec<Vec<i32>>>()?, [[2, 6, -1], [1, 5, 9], [4, 8, -1]]);
//! assert_eq!(a.zeros_like()?.set_diag(&band, -1..=1)?.to_nested::<Vec<Vec<i32>>>()?, [[1, 2, 0], [4, 5, 6], [0, 8, 9]]);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```

use super::diagonal::{diagonal, matrix};
use crate::{Error, Result, Shape, Tensor};
use std::ops::RangeInclusive;

/// At which end the rows of a band are flush: of the diagonals above the main one, then of those below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Above: left; below: right.
    LeftRight,
    /// Above: right; below: left, so that columns of the band are columns of the matrix. The default, as in TensorFlow.
    #[default]
    RightLeft,
    /// All begin at the left.
    LeftLeft,
    /// All end at the right.
    RightRight,
}

/// One diagonal or a band of them: made from a number (`1`) or a range (`-1..=1`).
#[derive(Clone, Debug, PartialEq)]
pub struct Diagonals {
    lower: isize,
    upper: isize,
    /// A number names a vector of the diagonal, a range rows of a matrix, even if it has one only.
    band: bool,
    align: Align,
    padding: f64,
}

impl From<isize> for Diagonals {
    fn from(k: isize) -> Diagonals {
        Diagonals { lower: k, upper: k, band: false, align: Align::default(), padding: 0.0 }
    }
}

impl From<RangeInclusive<isize>> for Diagonals {
    fn from(k: RangeInclusive<isize>) -> Diagonals {
        Diagonals { band: true, lower: *k.start(), upper: *k.end(), ..Diagonals::from(0) }
    }
}

impl Diagonals {
    /// Where shorter diagonals stand in their rows.
    #[must_use]
    pub fn align(self, align: Align) -> Diagonals {
        Diagonals { align, ..self }
    }

    /// What fills the rest: of a row in [`Tensor::diag_part`], of the matrix in [`Tensor::diag`]. The default is 0.
    #[must_use]
    pub fn padding(self, value: f64) -> Diagonals {
        Diagonals { padding: value, ..self }
    }

    /// The only diagonal, and its number.
    pub(super) fn single(&self) -> Option<isize> {
        (!self.band && self.padding == 0.0).then_some(self.lower)
    }

    /// Rows of the band.
    fn count(&self) -> usize {
        self.upper.saturating_sub(self.lower).saturating_add(1).max(0) as usize
    }

    /// Errors unless every diagonal lies inside of an `m` by `n` matrix; the length of the longest.
    fn longest(&self, name: &str, m: usize, n: usize) -> Result<usize> {
        let inside = |k: isize| k == 0 || diagonal(m, n, k).2 > 0;
        if self.lower > self.upper || !inside(self.lower) || !inside(self.upper) {
            return Err(Error::value(format!(
                "{name}: a matrix of shape [{m}, {n}] has no diagonals {} to {}",
                self.lower, self.upper
            )));
        }
        let nearest = 0.clamp(self.lower, self.upper);
        Ok(diagonal(m, n, nearest).2)
    }

    /// How far the content of a row of length `longest` is moved to the right.
    fn offset(&self, k: isize, len: usize, longest: usize) -> usize {
        let left = match self.align {
            Align::LeftLeft => true,
            Align::RightRight => false,
            Align::LeftRight => k >= 0,
            Align::RightLeft => k <= 0,
        };
        if left { 0 } else { longest - len }
    }

    /// The shape of the band behind the batch axes.
    fn shape(&self, batch: &Shape, longest: usize) -> Shape {
        let rows = self.band.then(|| self.count());
        batch.iter().copied().chain(rows).chain([longest]).collect()
    }

    /// For each element of a band, the place in an `m` by `n` matrix, or `None` where it is filled up.
    fn places(&self, m: usize, n: usize, longest: usize) -> Vec<Option<usize>> {
        let mut places = vec![None; self.count() * longest];
        for (row, k) in (self.lower..=self.upper).rev().enumerate() {
            let (i, j, len) = diagonal(m, n, k);
            let at = row * longest + self.offset(k, len, longest);
            for d in 0..len {
                places[at + d] = Some((i + d) * n + j + d);
            }
        }
        places
    }
}

/// The elements of flattened matrices at these places of their last axis, and `otherwise` where there is none.
fn pick(flat: &Tensor, places: &[Option<usize>], shape: &[usize], otherwise: &Tensor) -> Result<Tensor> {
    let index: Vec<i64> = places.iter().map(|p| p.unwrap_or(0) as i64).collect();
    let picked = flat.gather(&Tensor::from_vec(index, shape)?, -1)?;
    if places.iter().all(Option::is_some) {
        return Ok(picked);
    }
    let there = places.iter().map(Option::is_some).collect();
    Tensor::from_vec(there, shape)?.select(&picked, otherwise)
}

impl Tensor {
    /// Diagonals of every matrix: a vector for a number (0 the main one, positive above, negative below), and for a
    /// range the rows of a band. Errors for one outside.
    pub fn diag_part(&self, k: impl Into<Diagonals>) -> Result<Tensor> {
        let k = k.into();
        if let Some(k) = k.single() {
            return self.one_diagonal(k);
        }
        let (batch, m, n) = matrix("diag_part", self)?;
        let longest = k.longest("diag_part", m, n)?;
        let shape = k.shape(&batch, longest);
        let fill = Tensor::scalar_of(self.dtype(), k.padding);
        if m * n == 0 {
            return fill.broadcast_to(shape);
        }
        let flat = self.reshape(batch.with(batch.rank(), m * n))?;
        pick(&flat, &k.places(m, n, longest), &shape[batch.rank()..], &fill)
    }

    /// Square matrices with these diagonals, the smallest that hold them, and the padding elsewhere.
    ///
    /// For a number the last axis is the diagonal; for a range the last two are a band as [`Tensor::diag_part`] gives.
    pub fn diag(&self, k: impl Into<Diagonals>) -> Result<Tensor> {
        self.diag_sized(k, None, None)
    }

    /// As [`Tensor::diag`], in matrices of these numbers of rows and columns; where one of them is not given, it is the
    /// smallest possible.
    ///
    /// Errors when neither is the smallest that holds the diagonals.
    pub fn diag_sized(
        &self,
        k: impl Into<Diagonals>,
        rows: Option<usize>,
        columns: Option<usize>,
    ) -> Result<Tensor> {
        let k = k.into();
        if let (Some(k), None, None) = (k.single(), rows, columns) {
            return self.on_diagonal(k);
        }
        let band = if k.band { 2 } else { 1 };
        if self.rank() < band || k.band && self.shape()[self.rank() - 2] != k.count() {
            return Err(Error::shape(format!(
                "diag: diagonals {} to {} from shape {}",
                k.lower,
                k.upper,
                self.shape()
            )));
        }
        let (batch, content) = self.shape().split_at(self.rank() - band);
        let longest = content[band - 1];
        let too_large = || Error::shape("diag: the matrix is too large");
        let least = |k: isize| longest.checked_add(k.max(0) as usize).ok_or_else(too_large);
        let (least_rows, least_columns) = (least(-k.upper)?, least(k.lower)?);
        let (m, n) = match (rows, columns) {
            (None, None) => {
                let n = least_rows.max(least_columns);
                (n, n)
            }
            (m, n) => (m.unwrap_or(least_rows), n.unwrap_or(least_columns)),
        };
        let smallest = m == least_rows || n == least_columns;
        if !smallest || m < least_rows || n < least_columns {
            return Err(Error::shape(format!(
                "diag: diagonals {} to {} of length {longest} do not fill a matrix of shape [{m}, {n}]; \
                 the smallest is [{least_rows}, {least_columns}]",
                k.lower, k.upper
            )));
        }
        let shape: Shape = batch.iter().copied().chain([m, n]).collect();
        shape.checked_len()?;
        let padding = Tensor::scalar_of(self.dtype(), k.padding).broadcast_to(shape)?;
        padding.set_diag(self, k)
    }

    /// These matrices with diagonals replaced: by a vector for a number, by the rows of a band for a range.
    pub fn set_diag(&self, diagonals: &Tensor, k: impl Into<Diagonals>) -> Result<Tensor> {
        let k = k.into();
        let (batch, m, n) = matrix("set_diag", self)?;
        let longest = k.longest("set_diag", m, n)?;
        let shape = k.shape(&batch, longest);
        if diagonals.shape() != &shape {
            return Err(Error::shape(format!(
                "set_diag: diagonals of shape {} for matrices of shape {}, expected {shape}",
                diagonals.shape(),
                self.shape()
            )));
        }
        if shape.contains(&0) {
            return Ok(self.clone());
        }
        let mut from = vec![None; m * n];
        for (at, place) in k.places(m, n, longest).into_iter().enumerate() {
            if let Some(place) = place {
                from[place] = Some(at);
            }
        }
        let flat = diagonals.reshape(batch.with(batch.rank(), k.count() * longest))?;
        pick(&flat, &from, &[m, n], self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_tensorflows() {
        // tf.linalg.diag_part(reshape(range(1, 13), [3, 4]), k=(lower, upper), align=..).
        let a = Tensor::range_step(1i32, 13, 1).unwrap().reshape([3, 4]).unwrap();
        let cases: [(RangeInclusive<isize>, Align, &[&[i32]]); 6] = [
            (-1..=1, Align::RightLeft, &[&[2, 7, 12], &[1, 6, 11], &[5, 10, 0]]),
            (-1..=1, Align::LeftRight, &[&[2, 7, 12], &[1, 6, 11], &[0, 5, 10]]),
            (0..=2, Align::RightLeft, &[&[0, 3, 8], &[2, 7, 12], &[1, 6, 11]]),
            (0..=2, Align::LeftLeft, &[&[3, 8, 0], &[2, 7, 12], &[1, 6, 11]]),
            (-2..=-1, Align::RightRight, &[&[5, 10], &[0, 9]]),
            (3..=3, Align::RightLeft, &[&[4]]),
        ];
        for (k, align, want) in cases {
            let k = Diagonals::from(k).align(align);
            let band = a.diag_part(k.clone()).unwrap();
            assert_eq!(band.to_nested::<Vec<Vec<i32>>>().unwrap(), want, "{k:?}");
            assert_eq!(
                a.set_diag(&band, k.clone()).unwrap().to_bytes().unwrap(),
                a.to_bytes().unwrap(),
                "{k:?}"
            );
            let again =
                a.zeros_like().unwrap().set_diag(&band, k.clone()).unwrap().diag_part(k.clone()).unwrap();
            assert_eq!(again.to_bytes().unwrap(), band.to_bytes().unwrap(), "{k:?}");
        }
        for outside in [-3..=0, 0..=4, 1..=-1] {
            assert!(a.diag_part(outside.clone()).is_err(), "{outside:?}");
        }
    }

    #[test]
    fn a_diagonal_makes_a_matrix_of_any_fitting_size() {
        let v = Tensor::new([1i32, 2]).unwrap();
        let table: [(isize, Option<usize>, Option<usize>, Option<[usize; 2]>); 6] = [
            (0, None, None, Some([2, 2])),
            (-1, None, None, Some([3, 3])),
            (0, Some(2), Some(4), Some([2, 4])),
            (1, None, Some(3), Some([2, 3])),
            (0, Some(3), Some(4), None),
            (0, Some(1), None, None),
        ];
        for (k, rows, columns, want) in table {
            let found = v.diag_sized(k, rows, columns).ok();
            let shape = found.as_ref().map(|t| t.shape().dims().to_vec());
            assert_eq!(shape, want.map(|w| w.to_vec()), "diagonal {k}, {rows:?} x {columns:?}");
            if let Some(t) = found {
                assert_eq!(t.diag_part(k).unwrap().to_vec::<i32>().unwrap(), [1, 2]);
            }
        }
        let nines = v.diag(Diagonals::from(0).padding(9.0)).unwrap();
        assert_eq!(nines.to_vec::<i32>().unwrap(), [1, 9, 9, 2]);
    }
}
