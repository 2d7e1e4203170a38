//! Walking over a strided part of an array row by row.

use smallvec::SmallVec;

/// Calls `f(position in the part, offset in the array)` for every row along the last axis of a part.
///
/// `shape` is the part's, `strides` say how far neighbours along each axis lie apart in the array, and `start` is
/// the offset of the first element.
pub(crate) fn rows(shape: &[usize], strides: &[isize], start: usize, mut f: impl FnMut(usize, usize)) {
    if shape.contains(&0) {
        return;
    }
    let outer = shape.len().saturating_sub(1);
    let row = shape.last().copied().unwrap_or(1);
    let count: usize = shape[..outer].iter().product();
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer);
    let mut at = start as isize;
    for i in 0..count {
        f(i * row, at as usize);
        for a in (0..outer).rev() {
            index[a] += 1;
            at += strides[a];
            if index[a] < shape[a] {
                break;
            }
            at -= strides[a] * shape[a] as isize;
            index[a] = 0;
        }
    }
}
