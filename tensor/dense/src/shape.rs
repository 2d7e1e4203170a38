//! Shapes, and the pair of shape and dtype that describes a tensor.

use crate::{DType, Error, Result};
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Largest number of elements that a tensor may have; sizes in bytes stay far below `isize::MAX`.
const MAX_LEN: usize = 1 << 42;

/// The sizes of a tensor's axes; the empty shape is a scalar's. Derefs to `[usize]`.
#[derive(Eq, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

// Written by hand: every small operation copies and compares shapes, and the vector's own code calls memcpy and memcmp
// for a few words.
impl Clone for Shape {
    #[inline]
    fn clone(&self) -> Shape {
        if self.0.spilled() {
            return Shape(self.0.clone());
        }
        let mut dims = [0; 4];
        dims.iter_mut().zip(&self.0).for_each(|(to, &from)| *to = from);
        Shape(SmallVec::from_buf_and_len(dims, self.0.len()))
    }
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Shape) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Shape {
        Shape::default()
    }

    /// A shape with these axis sizes.
    pub fn new(dims: &[usize]) -> Shape {
        Shape(SmallVec::from_slice(dims))
    }

    /// Axis sizes, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements: the product of the axis sizes, 1 for a scalar.
    ///
    /// Does not overflow for the shape of an existing tensor; see [`Shape::checked_len`].
    pub fn num_elements(&self) -> usize {
        self.0.iter().product()
    }

    /// Number of elements, or an error when it exceeds what memory can hold.
    ///
    /// The sizes other than 0 must fit memory too: then no product of some of them, such as a stride, overflows.
    #[inline]
    pub fn checked_len(&self) -> Result<usize> {
        let (mut n, mut empty) = (1usize, false);
        for &d in &self.0 {
            empty |= d == 0;
            match n.checked_mul(d.max(1)) {
                Some(m) if m <= MAX_LEN => n = m,
                _ => {
                    return Err(Error::shape(format!("shape {self} has more elements than memory can hold")));
                }
            }
        }
        Ok(if empty { 0 } else { n })
    }

    /// Resolves an axis that may count from the end (-1 is the last).
    pub fn axis(&self, axis: isize) -> Result<usize> {
        let rank = self.rank() as isize;
        let resolved = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&resolved) {
            Ok(resolved as usize)
        } else {
            Err(Error::shape(format!("axis {axis} is out of range for shape {self} of rank {rank}")))
        }
    }

    /// Row-major strides in elements.
    pub fn strides(&self) -> SmallVec<[usize; 4]> {
        let mut s: SmallVec<[usize; 4]> = SmallVec::from_elem(1, self.rank());
        for i in (0..self.rank().saturating_sub(1)).rev() {
            s[i] = s[i + 1] * self.0[i + 1];
        }
        s
    }

    /// The shape that two shapes broadcast to: axes are matched from the last, and 1 stretches.
    pub fn broadcast(&self, other: &Shape) -> Result<Shape> {
        if self == other {
            return Ok(self.clone());
        }
        let rank = self.rank().max(other.rank());
        let mut out: SmallVec<[usize; 4]> = SmallVec::from_elem(1, rank);
        for i in 0..rank {
            let a = self.from_end(i);
            let b = other.from_end(i);
            out[rank - 1 - i] = match (a, b) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return Err(Error::shape(format!("shapes {self} and {other} do not broadcast"))),
            };
        }
        Ok(Shape(out))
    }

    /// Size of the i-th axis from the end, 1 where there is none.
    fn from_end(&self, i: usize) -> usize {
        if i < self.rank() { self.0[self.rank() - 1 - i] } else { 1 }
    }

    /// This shape without one axis.
    #[must_use]
    pub fn without(&self, axis: usize) -> Shape {
        let mut d = self.0.clone();
        d.remove(axis);
        Shape(d)
    }

    /// This shape with an axis inserted.
    #[must_use]
    pub fn with(&self, axis: usize, size: usize) -> Shape {
        let mut d = self.0.clone();
        d.insert(axis, size);
        Shape(d)
    }

    /// This shape with the size of one axis replaced.
    #[must_use]
    pub fn replaced(&self, axis: usize, size: usize) -> Shape {
        let mut d = self.0.clone();
        d[axis] = size;
        Shape(d)
    }

    /// The product of the sizes before, at, and after an axis.
    pub fn around(&self, axis: usize) -> (usize, usize, usize) {
        (self.0[..axis].iter().product(), self.0[axis], self.0[axis + 1..].iter().product())
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0[..])
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&Shape> for Shape {
    fn from(s: &Shape) -> Shape {
        s.clone()
    }
}

impl From<&[usize]> for Shape {
    fn from(d: &[usize]) -> Shape {
        Shape::new(d)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(d: Vec<usize>) -> Shape {
        Shape(SmallVec::from_vec(d))
    }
}

impl From<&Vec<usize>> for Shape {
    fn from(d: &Vec<usize>) -> Shape {
        Shape::new(d)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(d: [usize; N]) -> Shape {
        Shape::new(&d)
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(d: &[usize; N]) -> Shape {
        Shape::new(d)
    }
}

impl From<()> for Shape {
    fn from((): ()) -> Shape {
        Shape::scalar()
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(iter: I) -> Shape {
        Shape(iter.into_iter().collect())
    }
}

/// Dtype and shape of a tensor.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Spec {
    /// Element type.
    pub dtype: DType,
    /// Axis sizes.
    pub shape: Shape,
}

impl Spec {
    /// A spec of that dtype and shape.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Spec {
        Spec { dtype, shape: shape.into() }
    }

    /// The same dtype with another shape.
    #[must_use]
    pub fn reshaped(&self, shape: impl Into<Shape>) -> Spec {
        Spec::new(self.dtype, shape)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.num_elements()
    }

    /// True when there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}

/// One spec for most operations, several for the few with several results.
pub type Specs = SmallVec<[Spec; 1]>;

/// The axes that a reduction runs over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Every axis.
    All,
    /// These axes; negative ones count from the end.
    List(SmallVec<[isize; 4]>),
}

impl Axes {
    /// The axes as a sorted list, or an error for one that is out of range or named twice.
    pub fn resolve(&self, shape: &Shape) -> Result<SmallVec<[usize; 4]>> {
        let mut out: SmallVec<[usize; 4]> = match self {
            Axes::All => (0..shape.rank()).collect(),
            Axes::List(list) => list.iter().map(|&a| shape.axis(a)).collect::<Result<_>>()?,
        };
        out.sort_unstable();
        if let Some(twice) = out.windows(2).find(|w| w[0] == w[1]) {
            return Err(Error::shape(format!("axis {} of shape {shape} is named twice", twice[0])));
        }
        Ok(out)
    }
}

impl From<()> for Axes {
    /// `()` stands for every axis.
    fn from((): ()) -> Axes {
        Axes::All
    }
}

impl From<isize> for Axes {
    fn from(a: isize) -> Axes {
        Axes::List(SmallVec::from_elem(a, 1))
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(a: [isize; N]) -> Axes {
        Axes::List(SmallVec::from_slice(&a))
    }
}

impl From<&[isize]> for Axes {
    fn from(a: &[isize]) -> Axes {
        Axes::List(SmallVec::from_slice(a))
    }
}

impl From<Option<isize>> for Axes {
    fn from(a: Option<isize>) -> Axes {
        a.map_or(Axes::All, Axes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_table() {
        let cases: &[(&[usize], &[usize], Option<&[usize]>)] = &[
            (&[], &[], Some(&[])),
            (&[2, 3], &[3], Some(&[2, 3])),
            (&[2, 1], &[1, 4], Some(&[2, 4])),
            (&[0], &[1], Some(&[0])),
            (&[0], &[2], None),
            (&[2], &[3], None),
        ];
        for (a, b, want) in cases {
            let got = Shape::new(a).broadcast(&Shape::new(b)).ok();
            assert_eq!(got, want.map(Shape::new), "{a:?} with {b:?}");
        }
    }

    #[test]
    fn axes_are_sorted_and_named_once() {
        let shape = Shape::from([2, 3, 4]);
        let cases: &[(&[isize], Option<&[usize]>)] = &[
            (&[], Some(&[])),
            (&[2, 0], Some(&[0, 2])),
            (&[-1, -3], Some(&[0, 2])),
            (&[1, 1], None),
            (&[0, -3], None),
            (&[3], None),
        ];
        for (axes, want) in cases {
            let got = Axes::from(*axes).resolve(&shape).ok();
            assert_eq!(got.as_deref(), *want, "{axes:?}");
        }
        assert_eq!(Axes::All.resolve(&shape).unwrap()[..], [0, 1, 2]);
    }

    #[test]
    fn lengths_never_wrap() {
        assert!(Shape::from([1 << 31, 1 << 31, 4]).checked_len().is_err());
        assert!(Shape::from([usize::MAX, 2]).checked_len().is_err());
        assert!(Shape::from([usize::MAX, 0, usize::MAX]).checked_len().is_err(), "its strides overflow");
        assert_eq!(Shape::from([1 << 20, 0, 1 << 20]).checked_len().unwrap(), 0);
    }
}
