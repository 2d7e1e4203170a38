//! A shape of which some axis sizes are not known yet.

use std::fmt;

use gradus_tensor::Shape;

/// Axis sizes, `None` where a size is not known; the rank itself may be unknown too.
///
/// ```
/// # use gradus_collections::PartialShape;
/// let rows = PartialShape::new([None, Some(2)]);
/// assert!(rows.admits(&[5, 2]) && !rows.admits(&[5, 3]));
/// assert_eq!(rows.to_string(), "[?, 2]");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialShape(Option<Vec<Option<usize>>>);

impl PartialShape {
    /// A shape of known rank.
    pub fn new(dims: impl Into<Vec<Option<usize>>>) -> PartialShape {
        PartialShape(Some(dims.into()))
    }

    /// A shape of which nothing is known.
    pub fn unknown() -> PartialShape {
        PartialShape(None)
    }

    /// The axis sizes, or `None` when the rank is unknown.
    pub fn dims(&self) -> Option<&[Option<usize>]> {
        self.0.as_deref()
    }

    /// The shape, when every size is known.
    pub fn known(&self) -> Option<Shape> {
        self.0.as_ref()?.iter().copied().collect::<Option<Vec<_>>>().map(Shape::from)
    }

    /// Whether a tensor of shape `dims` fits.
    pub fn admits(&self, dims: &[usize]) -> bool {
        self.0.as_ref().is_none_or(|own| {
            own.len() == dims.len() && own.iter().zip(dims).all(|(own, d)| own.is_none_or(|own| own == *d))
        })
    }
}

impl From<&Shape> for PartialShape {
    fn from(shape: &Shape) -> PartialShape {
        PartialShape::from(shape.dims())
    }
}

impl From<&[usize]> for PartialShape {
    fn from(dims: &[usize]) -> PartialShape {
        PartialShape(Some(dims.iter().copied().map(Some).collect()))
    }
}

impl<const N: usize> From<[usize; N]> for PartialShape {
    fn from(dims: [usize; N]) -> PartialShape {
        PartialShape::from(&dims[..])
    }
}

impl<const N: usize> From<[Option<usize>; N]> for PartialShape {
    fn from(dims: [Option<usize>; N]) -> PartialShape {
        PartialShape::new(dims)
    }
}

impl fmt::Display for PartialShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(dims) = &self.0 else { return f.write_str("<unknown>") };
        let sizes = dims.iter().map(|d| d.map_or("?".to_string(), |d| d.to_string()));
        write!(f, "[{}]", sizes.collect::<Vec<_>>().join(", "))
    }
}
