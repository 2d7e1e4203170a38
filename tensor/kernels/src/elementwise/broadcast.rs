//! How two arrays of different shapes meet, as a value computed once from the shapes.

use crate::error::{Error, Result};
use smallvec::{SmallVec, smallvec};

/// Sizes or strides; those of common ranks need no allocation.
type Sizes = SmallVec<[usize; 6]>;

/// Two operands stretched to one shape, by NumPy's rule: aligned at the last axis, a size of 1 repeats.
///
/// Neighbouring axes that behave alike are merged, so most pairs end as one of the [`Kind`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    shape: Sizes,
    len: usize,
    layouts: [Layout; 2],
}

/// The shape of a broadcast after merging axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Element by element.
    Same,
    /// The left operand is one element.
    ScalarLeft,
    /// The right operand is one element.
    ScalarRight,
    /// Anything else.
    General,
}

impl Broadcast {
    /// The broadcast of two shapes; an error when a pair of sizes differs and neither is 1.
    pub fn new(a: &[usize], b: &[usize]) -> Result<Broadcast> {
        let rank = a.len().max(b.len());
        let size = |s: &[usize], i: usize| if i + s.len() < rank { 1 } else { s[i + s.len() - rank] };
        let mut shape = Sizes::new();
        for i in 0..rank {
            shape.push(match (size(a, i), size(b, i)) {
                (x, y) if x == y => x,
                (1, y) => y,
                (x, 1) => x,
                _ => {
                    return Err(Error::Shape(format!(
                        "broadcast: shapes {a:?} and {b:?} do not fit together"
                    )));
                }
            });
        }
        let len = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let len = len.ok_or_else(|| Error::Shape(format!("broadcast: {shape:?} has too many elements")))?;
        let mut dims = Sizes::new();
        let mut repeats: SmallVec<[[bool; 2]; 6]> = SmallVec::new();
        for i in 0..rank {
            if shape[i] == 1 {
                continue;
            }
            let r = [size(a, i) == 1, size(b, i) == 1];
            match (dims.last_mut(), repeats.last()) {
                (Some(d), Some(last)) if *last == r => *d *= shape[i],
                _ => {
                    dims.push(shape[i]);
                    repeats.push(r);
                }
            }
        }
        if dims.len() > MAX_RANK {
            return Err(Error::Shape(format!("broadcast: {} axes, at most {MAX_RANK}", dims.len())));
        }
        let mut strides: [Sizes; 2] = [smallvec![0; dims.len()], smallvec![0; dims.len()]];
        for (k, stride) in strides.iter_mut().enumerate() {
            let mut step = 1;
            for i in (0..dims.len()).rev() {
                if !repeats[i][k] {
                    stride[i] = step;
                    step *= dims[i];
                }
            }
        }
        let layouts = strides.map(|strides| Layout { dims: dims.clone(), strides });
        Ok(Broadcast { shape, len, layouts })
    }

    /// Shape of the result.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements of the result.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when the result has no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Which fast path fits.
    pub fn kind(&self) -> Kind {
        let [a, b] = &self.layouts;
        if a.strides == b.strides {
            Kind::Same
        } else if b.is_scalar() {
            Kind::ScalarRight
        } else if a.is_scalar() {
            Kind::ScalarLeft
        } else {
            Kind::General
        }
    }

    /// Checks the lengths of the operands and the result against the shapes.
    pub(crate) fn check(&self, name: &str, a: usize, b: usize, y: usize) {
        let lens = self.layouts.each_ref().map(|l| l.input_len().unwrap_or(self.len));
        assert!(
            [a, b, y] == [lens[0], lens[1], self.len],
            "{name}: {a} and {b} elements into {y}, but {self:?}"
        );
    }

    /// The layout of one operand (0 left, 1 right).
    pub fn layout(&self, operand: usize) -> &Layout {
        &self.layouts[operand]
    }
}

/// How one input is stretched over the elements of a result: merged sizes and strides, 0 where it repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    dims: Sizes,
    strides: Sizes,
}

impl Layout {
    /// The layout of an array of shape `from` stretched to shape `to`.
    pub fn new(from: &[usize], to: &[usize]) -> Result<Layout> {
        let b = Broadcast::new(from, to)?;
        if b.shape() != to {
            return Err(Error::Shape(format!("broadcast: shape {from:?} cannot be stretched to {to:?}")));
        }
        Ok(b.layouts[0].clone())
    }

    /// Element by element, for a result of any size.
    pub fn full() -> Layout {
        Layout { dims: smallvec![usize::MAX], strides: smallvec![1] }
    }

    /// Elements of the result; `None` for [`Layout::full`], which fits any.
    pub(crate) fn result_len(&self) -> Option<usize> {
        if self.dims[..] == [usize::MAX] { None } else { Some(self.dims.iter().product()) }
    }

    /// True when the input has the shape of the result, or both are one element.
    pub fn is_full(&self) -> bool {
        self.strides.len() <= 1 && self.strides.first() != Some(&0)
    }

    /// True when the input is one element.
    pub fn is_scalar(&self) -> bool {
        self.strides.iter().all(|&s| s == 0)
    }

    /// Length of the merged last axis.
    pub(crate) fn inner(&self) -> usize {
        self.dims.last().copied().unwrap_or(1)
    }

    /// Elements of the result after which the input starts again, when it is repeated as a whole.
    pub(crate) fn period(&self) -> Option<usize> {
        let repeated = self.dims.len() > 1 && self.strides[0] == 0;
        repeated.then(|| self.dims[1..].iter().product())
    }

    /// Where elements `start..start + n` of the result lie in the input, when they lie together.
    #[inline]
    pub(crate) fn offset(&self, start: usize, n: usize) -> Option<usize> {
        match (&self.dims[..], &self.strides[..]) {
            ([], _) => (n == 1).then_some(0),
            ([_], [1]) => Some(start),
            ([_], [0]) => None,
            (_, [.., 0]) => None,
            (dims, strides) => {
                let (last, inner) = (dims.len() - 1, dims[dims.len() - 1]);
                let (mut rest, col) = (start / inner, start % inner);
                if col + n > inner {
                    return None;
                }
                let mut at = col;
                for i in (0..last).rev() {
                    at += rest % dims[i] * strides[i];
                    rest /= dims[i];
                }
                Some(at)
            }
        }
    }

    /// Elements that the input must have; `None` for [`Layout::full`], which takes the size of the result.
    pub fn input_len(&self) -> Option<usize> {
        if self.dims[..] == [usize::MAX] {
            return None;
        }
        Some(self.dims.iter().zip(&self.strides).filter(|(_, s)| **s != 0).map(|(d, _)| *d).product())
    }

    /// Writes the elements that stand at positions `start..start + out.len()` of the result.
    #[inline]
    pub fn read<T: Copy>(&self, x: &[T], start: usize, out: &mut [T]) {
        let n = out.len();
        if n == 0 {
            return;
        }
        let Some(last) = self.dims.len().checked_sub(1) else {
            out.fill(x[0]);
            return;
        };
        if last == 0 {
            return match self.strides[0] {
                0 => out.fill(x[0]),
                _ => out.copy_from_slice(&x[start..start + n]),
            };
        }
        let mut index = [0usize; MAX_RANK];
        let (mut rest, mut offset) = (start, 0);
        for i in (0..=last).rev() {
            index[i] = rest % self.dims[i];
            rest /= self.dims[i];
            offset += index[i] * self.strides[i];
        }
        let inner = self.dims[last];
        let unit = self.strides[last] != 0;
        let mut done = 0;
        loop {
            let run = (inner - index[last]).min(n - done);
            let dst = &mut out[done..done + run];
            if unit && run <= 16 {
                // A call of memcpy would cost more than the copy.
                for (d, s) in dst.iter_mut().zip(&x[offset..offset + run]) {
                    *d = *s;
                }
            } else if unit {
                dst.copy_from_slice(&x[offset..offset + run]);
            } else {
                dst.fill(x[offset]);
            }
            done += run;
            if done == n {
                return;
            }
            // The run ended at the end of the last axis: step the outer axes.
            offset -= index[last] * self.strides[last];
            index[last] = 0;
            for i in (0..last).rev() {
                index[i] += 1;
                offset += self.strides[i];
                if index[i] < self.dims[i] {
                    break;
                }
                offset -= self.dims[i] * self.strides[i];
                index[i] = 0;
            }
        }
    }
}

/// Most axes that a broadcast can have after merging.
const MAX_RANK: usize = 32;
