//! Repetition: tile, repeat, roll, meshgrid, and padding.

use super::slice::Unslice;
use crate::op::apply1;
use crate::{DType, Error, Result, Shape, Tensor};

/// How [`Tensor::pad`] fills the new positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// With one value.
    Constant(f64),
    /// With the elements mirrored at the border, which is not repeated.
    Reflect,
    /// With the elements mirrored behind the border, which is repeated.
    Symmetric,
}

impl Tensor {
    /// Copies of this tensor side by side: `multiples[i]` along axis `i`.
    pub fn tile(&self, multiples: &[usize]) -> Result<Tensor> {
        if multiples.len() != self.rank() {
            return Err(Error::shape(format!(
                "tile: {} multiples for shape {} of rank {}",
                multiples.len(),
                self.shape(),
                self.rank()
            )));
        }
        let (mut apart, mut stretched, mut out) = (vec![], vec![], vec![]);
        for (&n, &m) in self.shape().iter().zip(multiples) {
            apart.extend([1, n]);
            stretched.extend([m, n]);
            out.push(n.checked_mul(m).ok_or_else(|| Error::shape("tile: the result is too large"))?);
        }
        Shape::new(&out).checked_len()?;
        self.reshape(apart)?.broadcast_to(stretched)?.reshape(out)
    }

    /// Every element `times` times in a row along an axis.
    pub fn repeat(&self, times: usize, axis: isize) -> Result<Tensor> {
        let axis = self.shape().axis(axis)?;
        let n = self.shape()[axis];
        let long = n.checked_mul(times).ok_or_else(|| Error::shape("repeat: the result is too large"))?;
        let apart = self.shape().with(axis + 1, 1);
        let stretched = self.shape().with(axis + 1, times);
        stretched.checked_len()?;
        self.reshape(apart)?.broadcast_to(stretched)?.reshape(self.shape().replaced(axis, long))
    }

    /// Element `i` along an axis `times[i]` times in a row.
    pub fn repeat_each(&self, times: &[usize], axis: isize) -> Result<Tensor> {
        let at = self.shape().axis(axis)?;
        if times.len() != self.shape()[at] {
            return Err(Error::shape(format!(
                "repeat: {} counts for axis {axis} of shape {}",
                times.len(),
                self.shape()
            )));
        }
        let total = times.iter().try_fold(0usize, |n, &t| n.checked_add(t)).unwrap_or(usize::MAX);
        self.shape().replaced(at, total).checked_len()?;
        let index: Vec<i64> =
            times.iter().enumerate().flat_map(|(i, &t)| std::iter::repeat_n(i as i64, t)).collect();
        let len = index.len();
        self.gather(&Tensor::from_vec(index, [len])?, axis)
    }

    /// Elements shifted along an axis toward higher positions; those that leave come back at the start.
    pub fn roll(&self, shift: isize, axis: isize) -> Result<Tensor> {
        let at = self.shape().axis(axis)?;
        let n = self.shape()[at];
        if n == 0 {
            return Ok(self.clone());
        }
        let shift = shift.rem_euclid(n as isize) as usize;
        if shift == 0 {
            return Ok(self.clone());
        }
        let parts = self.split_sizes(&[n - shift, shift], axis)?;
        Tensor::concat(&[&parts[1], &parts[0]], axis)
    }

    /// `paddings[i]` new positions before and after axis `i`, filled as `mode` says.
    ///
    /// Errors when there is not a pair per axis, or when a mirrored padding is longer than the axis.
    pub fn pad(&self, paddings: &[(usize, usize)], mode: PadMode) -> Result<Tensor> {
        if paddings.len() != self.rank() {
            return Err(Error::shape(format!(
                "pad: {} pairs for shape {} of rank {}",
                paddings.len(),
                self.shape(),
                self.rank()
            )));
        }
        if paddings.iter().all(|&p| p == (0, 0)) {
            return Ok(self.clone());
        }
        let long = |(n, (before, after)): (&usize, &(usize, usize))| {
            n.checked_add(*before)
                .and_then(|n| n.checked_add(*after))
                .ok_or_else(|| Error::shape("pad: the result is too large"))
        };
        let shape = self.shape().iter().zip(paddings).map(long).collect::<Result<Vec<_>>>()?;
        Shape::new(&shape).checked_len()?;
        let inner = match mode {
            PadMode::Constant(fill) => {
                let begin = paddings.iter().map(|p| p.0).collect();
                let op = Unslice { shape: shape.into(), begin, step: vec![1; self.rank()], fill };
                return apply1(&op, &[self]);
            }
            PadMode::Reflect => 1,
            PadMode::Symmetric => 0,
        };
        let mut y = self.clone();
        for (axis, &(before, after)) in paddings.iter().enumerate() {
            if (before, after) == (0, 0) {
                continue;
            }
            let n = self.shape()[axis];
            if before.max(after) + inner > n {
                return Err(Error::shape(format!(
                    "pad: a mirror of ({before}, {after}) does not fit axis {axis} of shape {}",
                    self.shape()
                )));
            }
            let left = (0..before).map(|i| before - 1 - i + inner);
            let right = (0..after).map(|i| n - 1 - inner - i);
            let index: Vec<i64> = left.chain(0..n).chain(right).map(|i| i as i64).collect();
            let len = index.len();
            y = y.gather(&Tensor::from_vec(index, [len])?, axis as isize)?;
        }
        Ok(y)
    }

    /// True at the first `lengths[i]` of `max_len` positions: shape `[..lengths, max_len]`.
    ///
    /// Without `max_len` the largest length is taken, which a trace cannot do.
    pub fn sequence_mask(&self, max_len: Option<usize>) -> Result<Tensor> {
        let lengths = self.cast(DType::I64)?;
        let max_len = match max_len {
            Some(n) => n,
            None => lengths.as_slice::<i64>()?.iter().copied().max().unwrap_or(0).max(0) as usize,
        };
        let positions = Tensor::range(max_len as i64)?;
        positions.less(&lengths.expand_dims(-1)?)
    }
}

/// The coordinates of a grid spanned by vectors: with `matrix` indexing axis `i` belongs to vector `i`, without it
/// ("xy", TensorFlow's default) the first two change places.
pub fn meshgrid(vectors: &[&Tensor], matrix: bool) -> Result<Vec<Tensor>> {
    let mut shape: Vec<usize> = vectors.iter().map(|v| v.len()).collect();
    let swapped = !matrix && vectors.len() >= 2;
    if swapped {
        shape.swap(0, 1);
    }
    let place = |i: usize| if swapped && i < 2 { 1 - i } else { i };
    let grid = |(i, v): (usize, &&Tensor)| {
        let mut flat = vec![1; vectors.len()];
        flat[place(i)] = v.len();
        v.reshape(flat)?.broadcast_to(&shape)
    };
    vectors.iter().enumerate().map(grid).collect()
}
