//! Borders around an array.

use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::split;

/// What a border is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pad<T> {
    /// One value.
    Constant(T),
    /// The array mirrored at its edge elements, which are not repeated: `b c | a b c | b a`.
    Reflect,
    /// The array mirrored at its edges: `b a | a b c | c b`.
    Symmetric,
}

/// y = x with `before` and `after` elements added along every axis.
///
/// An error when a mirrored border is longer than the array allows: size - 1 for [`Pad::Reflect`], size for
/// [`Pad::Symmetric`].
pub fn pad<T: Element>(
    x: &[T],
    shape: &[usize],
    borders: &[(usize, usize)],
    mode: Pad<T>,
    y: &mut [T],
) -> Result {
    T::pad(x, shape, borders, mode, y)
}

pub(crate) fn pad_of<T: Element>(
    x: &[T],
    shape: &[usize],
    borders: &[(usize, usize)],
    mode: Pad<T>,
    y: &mut [T],
) -> Result {
    if borders.len() != shape.len() {
        return Err(Error::Shape(format!(
            "pad: {} pairs of borders for the axes of {shape:?}",
            borders.len()
        )));
    }
    let most = |d: usize| match mode {
        Pad::Constant(_) => usize::MAX,
        Pad::Reflect => d.saturating_sub(1),
        Pad::Symmetric => d,
    };
    if let Some(i) = (0..shape.len()).find(|&i| borders[i].0.max(borders[i].1) > most(shape[i])) {
        return Err(Error::Shape(format!(
            "pad: borders {:?} are too long for axis {i} of {shape:?}",
            borders[i]
        )));
    }
    let size: Vec<usize> = shape.iter().zip(borders).map(|(d, b)| d + b.0 + b.1).collect();
    assert_eq!(
        (x.len(), y.len()),
        (shape.iter().product(), size.iter().product()),
        "pad: elements for {shape:?}"
    );
    let Some(last) = shape.len().checked_sub(1) else {
        y.copy_from_slice(x);
        return Ok(());
    };
    if y.is_empty() {
        return Ok(());
    }
    // For every axis: the source of each position; none where the constant stands.
    let maps: Vec<Vec<Option<usize>>> = (0..=last)
        .map(|i| (0..size[i]).map(|p| source(p as isize - borders[i].0 as isize, shape[i], mode)).collect())
        .collect();
    let value = if let Pad::Constant(v) = mode { v } else { T::ZERO };
    let (inner, from) = (size[last], shape[last]);
    let start_inner = borders[last].0;
    let rows = (16_384 / inner).max(1);
    split::chunks(y, rows * inner, |start, y| {
        for (r, y) in (start / inner..).zip(y.chunks_exact_mut(inner)) {
            let (mut rest, mut at, mut unit) = (r, Some(0), from);
            for i in (0..last).rev() {
                let p = maps[i][rest % size[i]];
                rest /= size[i];
                at = at.zip(p).map(|(at, p)| at + p * unit);
                unit *= shape[i];
            }
            let Some(at) = at else {
                y.fill(value);
                continue;
            };
            let x = &x[at..at + from];
            let (before, y) = y.split_at_mut(start_inner);
            let (middle, after) = y.split_at_mut(from);
            middle.copy_from_slice(x);
            for (y, p) in before.iter_mut().zip(&maps[last]) {
                *y = p.map_or(value, |p| x[p]);
            }
            for (y, p) in after.iter_mut().zip(&maps[last][start_inner + from..]) {
                *y = p.map_or(value, |p| x[p]);
            }
        }
    });
    Ok(())
}

/// The element of an axis of size d that stands at position p relative to its start.
fn source<T>(p: isize, d: usize, mode: Pad<T>) -> Option<usize> {
    let d = d as isize;
    if (0..d).contains(&p) {
        return Some(p as usize);
    }
    let mirrored = match mode {
        Pad::Constant(_) => return None,
        Pad::Reflect if p < 0 => -p,
        Pad::Reflect => 2 * d - 2 - p,
        Pad::Symmetric if p < 0 => -p - 1,
        Pad::Symmetric => 2 * d - 1 - p,
    };
    Some(mirrored as usize)
}
