//! Axes in another order.

use super::Strided;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::simd::{self, Kernel, Simd};
use crate::threads::{self, SharedMut};

/// Edge of the square blocks: a block of both arrays stays in the innermost cache.
const BLOCK: usize = 32;

/// y = x with its axes permuted: axis i of y is axis `perm[i]` of x.
///
/// Axes that stay neighbours are merged. When the last axis changes, blocks of the two axes that are last in x
/// and y are transposed, so both arrays are touched in whole cache lines.
pub fn transpose<T: Element>(x: &[T], shape: &[usize], perm: &[usize], y: &mut [T]) -> Result {
    T::transpose(x, shape, perm, y)
}

pub(crate) fn transpose_of<T: Element>(x: &[T], shape: &[usize], perm: &[usize], y: &mut [T]) -> Result {
    let rank = shape.len();
    let mut seen = vec![false; rank];
    let valid =
        perm.len() == rank && perm.iter().all(|&p| p < rank && !std::mem::replace(&mut seen[p], true));
    if !valid {
        return Err(Error::Shape(format!("transpose: {perm:?} is no order of the {rank} axes of {shape:?}")));
    }
    let len: usize = shape.iter().product();
    assert_eq!((x.len(), y.len()), (len, len), "transpose: elements for {shape:?}");
    if len == 0 {
        return Ok(());
    }
    // Axes of y as (size, stride in x), merged where one continues the other.
    let mut strides = vec![1; rank];
    for i in (0..rank.saturating_sub(1)).rev() {
        strides[i] = strides[i + 1] * shape[i + 1];
    }
    let mut axes: Vec<(usize, usize)> = Vec::new();
    for &p in perm.iter().filter(|&&p| shape[p] != 1) {
        match axes.last_mut() {
            Some((d, s)) if *s == strides[p] * shape[p] => (*d, *s) = (*d * shape[p], strides[p]),
            _ => axes.push((shape[p], strides[p])),
        }
    }
    let inner = axes.iter().position(|a| a.1 == 1);
    match inner {
        Some(i) if i + 1 < axes.len() => blocks(x, y, &axes, i),
        _ => {
            let (sizes, steps): (Vec<_>, Vec<_>) = axes.iter().map(|&(d, s)| (d, s as isize)).unzip();
            Strided::new(&sizes, &steps, 0)?.read(x, y);
        }
    }
    Ok(())
}

/// Transposes the axis `inner`, contiguous in x, with the last one, contiguous in y, for all values of the others.
fn blocks<T: Element>(x: &[T], y: &mut [T], axes: &[(usize, usize)], inner: usize) {
    let last = axes.len() - 1;
    let mut steps = vec![1; axes.len()];
    for i in (0..last).rev() {
        steps[i] = steps[i + 1] * axes[i + 1].0;
    }
    // In x: rows along the last axis of y, columns along `inner`. In y the other way round.
    let (rows, row_x) = axes[last];
    let (cols, row_y) = (axes[inner].0, steps[inner]);
    let others: Vec<usize> = (0..last).filter(|&i| i != inner).collect();
    let batch: usize = others.iter().map(|&i| axes[i].0).product();
    let per = cols.div_ceil(BLOCK);
    let shared = SharedMut::new(y);
    let run = |task: usize| {
        let (mut rest, c) = (task / per, task % per * BLOCK);
        let (mut at_x, mut at_y) = (c, c * row_y);
        for &i in others.iter().rev() {
            at_x += rest % axes[i].0 * axes[i].1;
            at_y += rest % axes[i].0 * steps[i];
            rest /= axes[i].0;
        }
        let cols = BLOCK.min(cols - c);
        let mut r = 0;
        while r < rows {
            let n = BLOCK.min(rows - r);
            // SAFETY: the block lies inside both arrays, and no other task has these rows and columns.
            unsafe {
                block(x.as_ptr().add(at_x + r * row_x), row_x, shared.as_ptr().add(at_y + r), row_y, n, cols)
            };
            r += n;
        }
    };
    let tasks = batch * per;
    if tasks == 1 || x.len() < 1 << 15 {
        (0..tasks).for_each(run);
    } else {
        let group = ((1 << 14) / (rows * BLOCK.min(cols))).max(1);
        threads::parallel_for(tasks.div_ceil(group), |g| {
            (g * group..((g + 1) * group).min(tasks)).for_each(run)
        });
    }
}

/// y[c][r] = x[r][c] for a block.
///
/// # Safety
/// `rows` rows of `cols` elements at stride `sx` must be readable, `cols` rows of `rows` at stride `sy` writable,
/// and they must not overlap.
unsafe fn block<T: Element>(x: *const T, sx: usize, y: *mut T, sy: usize, rows: usize, cols: usize) {
    if matches!(T::DTYPE, DType::F32 | DType::I32 | DType::U32) && rows == BLOCK && cols == BLOCK {
        // SAFETY: the three types have four bytes, and the block is the one that the caller vouches for.
        return simd::dispatch(Square { x: x.cast(), sx, y: y.cast(), sy });
    }
    for c in 0..cols {
        for r in 0..rows {
            // SAFETY: r < rows and c < cols.
            unsafe { *y.add(c * sy + r) = *x.add(r * sx + c) };
        }
    }
}

/// A full block of 32-bit elements; made only in [`block`], whose caller vouches for the pointers.
struct Square {
    x: *const f32,
    sx: usize,
    y: *mut f32,
    sy: usize,
}

impl Kernel for Square {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let l = S::LANES;
        for r in (0..BLOCK).step_by(l) {
            for c in (0..BLOCK).step_by(l) {
                // SAFETY: LANES divides BLOCK, so the square of lanes lies in the block.
                unsafe {
                    s.transpose_ptr(
                        self.x.add(r * self.sx + c),
                        self.sx,
                        self.y.add(c * self.sy + r),
                        self.sy,
                    );
                }
            }
        }
    }
}
