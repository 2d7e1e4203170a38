//! Copies between a contiguous array and a strided view: slices, reversals, tiles, broadcasts.

use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::split;

/// A view into an array: sizes, steps in elements, and the place of its first element.
///
/// Steps may be negative (reversal) or 0 (repetition).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strided {
    shape: Vec<usize>,
    strides: Vec<isize>,
    offset: usize,
    /// One past the largest offset in use; 0 when empty.
    end: usize,
}

impl Strided {
    /// A view; an error when an element would lie before the array's start.
    pub fn new(shape: &[usize], strides: &[isize], offset: usize) -> Result<Strided> {
        let bad = || {
            Error::Shape(format!("view {shape:?} with strides {strides:?} from {offset} leaves the array"))
        };
        if shape.len() != strides.len() {
            return Err(bad());
        }
        let (mut low, mut high) = (offset as i128, offset as i128);
        for (&d, &s) in shape.iter().zip(strides) {
            let reach = (d.max(1) as i128 - 1) * s as i128;
            low += reach.min(0);
            high += reach.max(0);
        }
        if low < 0 || high >= isize::MAX as i128 {
            return Err(bad());
        }
        let end = if shape.contains(&0) { 0 } else { high as usize + 1 };
        // Axes that continue each other are merged, single ones dropped.
        let (mut sizes, mut steps): (Vec<usize>, Vec<isize>) = (Vec::new(), Vec::new());
        for (&d, &s) in shape.iter().zip(strides).filter(|(d, _)| **d != 1) {
            match (sizes.last_mut(), steps.last_mut()) {
                (Some(last), Some(step)) if *step == s * d as isize => {
                    *last *= d;
                    *step = s;
                }
                _ => {
                    sizes.push(d);
                    steps.push(s);
                }
            }
        }
        Ok(Strided { shape: sizes, strides: steps, offset, end })
    }

    /// Elements begin, begin + step, ... of every axis, `size` of them, of a contiguous array of shape `from`.
    pub fn slice(from: &[usize], begin: &[usize], step: &[isize], size: &[usize]) -> Result<Strided> {
        let rank = from.len();
        let (mut strides, mut offset, mut unit) = (vec![0isize; rank], 0usize, 1usize);
        let fits = [begin.len(), step.len(), size.len()].iter().all(|&l| l == rank);
        for i in (0..rank).rev().filter(|_| fits) {
            let last = begin[i] as i128 + (size[i].max(1) as i128 - 1) * step[i] as i128;
            if size[i] > 0 && (begin[i] >= from[i] || !(0..from[i] as i128).contains(&last)) {
                return Err(Error::Shape(format!(
                    "slice: {} elements from {} in steps of {} leave axis {i} of {from:?}",
                    size[i], begin[i], step[i]
                )));
            }
            strides[i] = unit as isize * step[i];
            offset += if size[i] > 0 { begin[i] * unit } else { 0 };
            unit *= from[i];
        }
        if !fits {
            return Err(Error::Shape(format!(
                "slice: begin, step and size must have the {rank} axes of {from:?}"
            )));
        }
        Strided::new(size, &strides, offset)
    }

    /// Elements of the view.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True when the view has no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Calls `f(place in the contiguous array, offset of the view)` for every run along the last axis in a range of runs.
    #[inline]
    fn runs(&self, range: std::ops::Range<usize>, mut f: impl FnMut(usize, usize)) {
        let outer = self.shape.len().saturating_sub(1);
        let inner = self.shape.last().copied().unwrap_or(1);
        let mut index = vec![0usize; outer];
        let (mut rest, mut at) = (range.start, self.offset as isize);
        for i in (0..outer).rev() {
            index[i] = rest % self.shape[i];
            rest /= self.shape[i];
            at += index[i] as isize * self.strides[i];
        }
        for r in range {
            f(r * inner, at as usize);
            for i in (0..outer).rev() {
                index[i] += 1;
                at += self.strides[i];
                if index[i] < self.shape[i] {
                    break;
                }
                at -= self.shape[i] as isize * self.strides[i];
                index[i] = 0;
            }
        }
    }

    fn inner(&self) -> (usize, isize) {
        (self.shape.last().copied().unwrap_or(1), self.strides.last().copied().unwrap_or(1))
    }

    /// y = the elements of the view into x, in order. Panics when the lengths do not fit.
    pub fn read<T: Element>(&self, x: &[T], y: &mut [T]) {
        T::read(self, x, y);
    }

    pub(crate) fn read_of<T: Element>(&self, x: &[T], y: &mut [T]) {
        assert!(
            self.end <= x.len() && self.len() == y.len(),
            "view {self:?} of {} elements into {}",
            x.len(),
            y.len()
        );
        if y.is_empty() {
            return;
        }
        let (inner, step) = self.inner();
        let piece = (65_536 / inner).max(1) * inner;
        split::chunks(y, piece, |start, y| {
            let first = start / inner;
            self.runs(first..first + y.len() / inner, |at, from| {
                let y = &mut y[at - start..at - start + inner];
                match step {
                    1 if inner > 16 => y.copy_from_slice(&x[from..from + inner]),
                    0 => y.fill(x[from]),
                    -1 => y.iter_mut().zip(x[..=from].iter().rev()).for_each(|(y, x)| *y = *x),
                    _ => {
                        let mut k = from as isize;
                        for y in y {
                            *y = x[k as usize];
                            k += step;
                        }
                    }
                }
            });
        });
    }

    /// Writes x, in order, to the elements of the view into y; where elements coincide the last one stays.
    pub fn write<T: Element>(&self, x: &[T], y: &mut [T]) {
        T::write(self, x, y);
    }

    pub(crate) fn write_of<T: Element>(&self, x: &[T], y: &mut [T]) {
        self.each(x, y, |y, x| *y = x);
    }

    /// Calls `f(element of y, element of x)` for the elements of the view into y, in order.
    fn each<T: Element>(&self, x: &[T], y: &mut [T], f: impl Fn(&mut T, T)) {
        assert!(
            self.end <= y.len() && self.len() == x.len(),
            "view {self:?} of {} elements from {}",
            y.len(),
            x.len()
        );
        if x.is_empty() {
            return;
        }
        let (inner, step) = self.inner();
        self.runs(0..x.len() / inner, |at, to| {
            let mut k = to as isize;
            for &x in &x[at..at + inner] {
                f(&mut y[k as usize], x);
                k += step;
            }
        });
    }
}

/// y = x with the named axes reversed.
pub fn reverse<T: Element>(x: &[T], shape: &[usize], axes: &[usize], y: &mut [T]) -> Result {
    T::reverse(x, shape, axes, y)
}

pub(crate) fn reverse_of<T: Element>(x: &[T], shape: &[usize], axes: &[usize], y: &mut [T]) -> Result {
    let (mut begin, mut step) = (vec![0; shape.len()], vec![1isize; shape.len()]);
    for &a in axes {
        let Some(&d) = shape.get(a) else {
            return Err(Error::Shape(format!("reverse: axis {a} is out of range for {shape:?}")));
        };
        (begin[a], step[a]) = (d.saturating_sub(1), -1);
    }
    Strided::slice(shape, &begin, &step, shape)?.read(x, y);
    Ok(())
}

/// y = x repeated `times[i]` times along every axis i.
pub fn tile<T: Element>(x: &[T], shape: &[usize], times: &[usize], y: &mut [T]) -> Result {
    T::tile(x, shape, times, y)
}

pub(crate) fn tile_of<T: Element>(x: &[T], shape: &[usize], times: &[usize], y: &mut [T]) -> Result {
    if shape.len() != times.len() {
        return Err(Error::Shape(format!("tile: {} repeats for the axes of {shape:?}", times.len())));
    }
    let (mut sizes, mut strides, mut unit) = (Vec::new(), Vec::new(), 1usize);
    for (&d, &t) in shape.iter().zip(times).rev() {
        sizes.extend([d, t]);
        strides.extend([unit as isize, 0]);
        unit *= d;
    }
    sizes.reverse();
    strides.reverse();
    Strided::new(&sizes, &strides, 0)?.read(x, y);
    Ok(())
}
