//! Shapes whose batch size is not known yet.

use gradus_tensor::{Error, Result, Shape};
use std::fmt;

/// Axis sizes, of which some (the batch, as a rule) are not known yet. Prints as Keras prints shapes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Dims(Vec<Option<usize>>);

impl Dims {
    /// Sizes, `None` where unknown.
    pub fn new(dims: impl Into<Vec<Option<usize>>>) -> Dims {
        Dims(dims.into())
    }

    /// An unknown batch of items of that shape.
    pub fn batch_of(item: &[usize]) -> Dims {
        Dims(std::iter::once(None).chain(item.iter().map(|&d| Some(d))).collect())
    }

    /// The shape of a tensor, with its first axis taken as a batch of any size.
    pub fn of_batch(shape: &Shape) -> Dims {
        Dims(shape.iter().enumerate().map(|(i, &d)| (i > 0).then_some(d)).collect())
    }

    /// All sizes.
    pub fn as_slice(&self) -> &[Option<usize>] {
        &self.0
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The size of an axis that must be known; `who` names the asker in the error.
    pub fn known(&self, axis: isize, who: &str) -> Result<usize> {
        let at = if axis < 0 { axis + self.rank() as isize } else { axis };
        match usize::try_from(at).ok().and_then(|a| self.0.get(a)) {
            Some(Some(d)) => Ok(*d),
            Some(None) => Err(Error::shape(format!("{who}: axis {axis} of the input {self} must be known"))),
            None => Err(Error::shape(format!("{who}: the input {self} has no axis {axis}"))),
        }
    }

    /// The sizes after the batch, all of which must be known.
    pub fn item(&self, who: &str) -> Result<Vec<usize>> {
        (1..self.rank() as isize).map(|a| self.known(a, who)).collect()
    }

    /// The same with one axis replaced; negative axes count from the end.
    #[must_use]
    pub fn replaced(&self, axis: isize, size: Option<usize>) -> Dims {
        let mut d = self.0.clone();
        let at = if axis < 0 { axis + d.len() as isize } else { axis };
        if let Some(v) = usize::try_from(at).ok().and_then(|a| d.get_mut(a)) {
            *v = size;
        }
        Dims(d)
    }

    /// True when a tensor of that shape fits.
    pub fn accepts(&self, shape: &Shape) -> bool {
        shape.rank() == self.rank() && self.0.iter().zip(shape.iter()).all(|(d, &s)| d.is_none_or(|d| d == s))
    }

    /// As a JSON list, `null` where unknown.
    pub fn to_json(&self) -> serde_json::Value {
        self.0.iter().map(|d| serde_json::json!(d)).collect()
    }

    /// From a JSON list.
    pub fn from_json(v: &serde_json::Value) -> Option<Dims> {
        v.as_array()?
            .iter()
            .map(|d| match d {
                serde_json::Value::Null => Some(None),
                d => usize::try_from(d.as_u64()?).ok().map(Some),
            })
            .collect::<Option<Vec<_>>>()
            .map(Dims)
    }
}

impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Vec<String> =
            self.0.iter().map(|d| d.map_or("None".to_string(), |d| d.to_string())).collect();
        match &text[..] {
            [one] => write!(f, "({one},)"),
            _ => write!(f, "({})", text.join(", ")),
        }
    }
}
