//! From where to where a factor is drawn.

use gradus_tensor::{Error, Result};

use super::draw::Draw;

/// A range of factors: one number, from which each augmentation makes a range as Keras does, or both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum Range {
    /// One number.
    Factor(f64),
    /// From, to.
    Between(f64, f64),
}

impl From<f64> for Range {
    fn from(factor: f64) -> Range {
        Range::Factor(factor)
    }
}

impl From<(f64, f64)> for Range {
    fn from((low, high): (f64, f64)) -> Range {
        Range::Between(low, high)
    }
}

impl Range {
    /// `f` as `-f` to `f`, cut to the bounds; a pair as it is.
    pub(crate) fn within(self, op: &str, least: f64, most: f64) -> Result<(f64, f64)> {
        let (low, high) = match self {
            Range::Factor(f) => ((-f.abs()).max(least), f.abs()),
            Range::Between(low, high) => (low.min(high), low.max(high)),
        };
        if low >= least && high <= most {
            return Ok((low, high));
        }
        Err(Error::value(format!("{op}: factors must be from {least} to {most}, found {low} to {high}")))
    }
}

pub(crate) fn draw(range: (f64, f64), draw: &mut Draw) -> f64 {
    draw.uniform(range.0, range.1)
}
