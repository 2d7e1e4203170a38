//! Reductions over any axes of a contiguous array.
//!
//! Axes that are neighbours and alike (kept or reduced) are merged, then every group of reduced axes is one
//! pass over an array seen as (outer, n, inner).
//!
//! # Accuracy and order
//! A pass cuts n into blocks, sums each block in parallel lanes, and combines the blocks as a balanced
//! tree: the error grows with the logarithm of n. Blocks and tree follow from the shape alone, so the bits do not
//! depend on the number of threads. f16 and bf16 are summed in f32, integers wrap around.

pub(crate) mod arg;
mod fold;
mod pass;
pub(crate) mod scan;

pub use arg::{Arg, arg};
pub use scan::{Scan, scan};

pub(crate) use fold::{Fold, Max, Number, Plus, Squares};
pub(crate) use pass::{pairwise, pass, row};

use crate::cast::{same, same_mut};
use crate::convert::{clamp_to, convert};
use crate::dtype::{DType, Element};
use crate::elementwise::{narrow_round, narrow_widen};
use crate::error::{Error, Result};
use crate::math::Float;
use fold::{And, Min, Or, Times};
use num_complex::Complex;
use smallvec::{SmallVec, smallvec};

/// What becomes of the elements that are reduced to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// Sum; 0 of nothing.
    Sum,
    /// Arithmetic mean, towards zero for integers; NaN (integers: 0) of nothing.
    Mean,
    /// Product; 1 of nothing.
    Prod,
    /// Largest; NaN when there is one; the lowest value of the type of nothing.
    Max,
    /// Smallest; NaN when there is one; the highest value of the type of nothing.
    Min,
    /// Sum of squares; of complex numbers z z.
    SumSquares,
    /// ln of the sum of e^x, without overflow; -inf of nothing.
    LogSumExp,
    /// True when any is; bools only.
    Any,
    /// True when all are; bools only.
    All,
}

impl Reduce {
    /// Every reduction.
    pub const ALL: &[Reduce] = &[
        Reduce::Sum,
        Reduce::Mean,
        Reduce::Prod,
        Reduce::Max,
        Reduce::Min,
        Reduce::SumSquares,
        Reduce::LogSumExp,
        Reduce::Any,
        Reduce::All,
    ];

    /// Name in messages, as TensorFlow's.
    pub const fn name(self) -> &'static str {
        match self {
            Reduce::Sum => "reduce_sum",
            Reduce::Mean => "reduce_mean",
            Reduce::Prod => "reduce_prod",
            Reduce::Max => "reduce_max",
            Reduce::Min => "reduce_min",
            Reduce::SumSquares => "reduce_sum_squares",
            Reduce::LogSumExp => "reduce_logsumexp",
            Reduce::Any => "reduce_any",
            Reduce::All => "reduce_all",
        }
    }

    /// True when [`reduce`] can do it for this type.
    pub fn supports(self, dtype: DType) -> bool {
        match self {
            Reduce::Any | Reduce::All => dtype == DType::Bool,
            Reduce::LogSumExp => dtype.is_float(),
            Reduce::Max | Reduce::Min => dtype.is_float() || dtype.is_int(),
            _ => dtype != DType::Bool,
        }
    }
}

/// Which axes of which shape are reduced: computed once, used for many arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// Merged sizes with a mark on the reduced ones; marks alternate.
    groups: SmallVec<[(usize, bool); 6]>,
    kept: SmallVec<[usize; 6]>,
    count: usize,
}

impl Axes {
    /// The axes to reduce, in any order; an error for an axis out of range or named twice.
    pub fn new(shape: &[usize], axes: &[usize]) -> Result<Axes> {
        let mut reduced: SmallVec<[bool; 8]> = smallvec![false; shape.len()];
        for &axis in axes {
            match reduced.get_mut(axis) {
                Some(r) if !*r => *r = true,
                Some(_) => {
                    return Err(Error::Shape(format!("reduce: axis {axis} is named twice in {axes:?}")));
                }
                None => {
                    return Err(Error::Shape(format!("reduce: axis {axis} is out of range for {shape:?}")));
                }
            }
        }
        let mut groups: SmallVec<[(usize, bool); 6]> = SmallVec::new();
        for (&d, &r) in shape.iter().zip(&reduced).filter(|(d, _)| **d != 1) {
            match groups.last_mut() {
                Some((size, last)) if *last == r => *size *= d,
                _ => groups.push((d, r)),
            }
        }
        let pick =
            |which: bool| shape.iter().zip(&reduced).filter(move |(_, r)| **r == which).map(|(d, _)| *d);
        Ok(Axes { groups, kept: pick(false).collect(), count: pick(true).product() })
    }

    /// All axes.
    pub fn all(shape: &[usize]) -> Axes {
        let n = shape.iter().product();
        Axes { groups: smallvec![(n, true)], kept: SmallVec::new(), count: n }
    }

    /// Sizes of the axes that stay.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// Elements of the result.
    pub fn outputs(&self) -> usize {
        self.kept.iter().product()
    }

    /// Elements that make one element of the result.
    pub fn count(&self) -> usize {
        self.count
    }

    fn inputs(&self) -> usize {
        self.groups.iter().map(|g| g.0).product()
    }

    /// Runs one pass per reduced group, the last group first; `f` maps x to y over (outer, n, inner) and is told
    /// whether it is the first pass.
    fn passes<T: Element>(&self, x: &[T], y: &mut [T], f: impl Fn(&[T], &mut [T], [usize; 3], bool)) {
        let mut groups = self.groups.clone();
        let mut held: Vec<T> = Vec::new();
        let mut first = true;
        while let Some(g) = groups.iter().rposition(|g| g.1) {
            let size = |g: &[(usize, bool)]| g.iter().map(|g| g.0).product::<usize>();
            let dims = [size(&groups[..g]), groups[g].0, size(&groups[g + 1..])];
            let last = !groups[..g].iter().any(|g| g.1);
            let src: &[T] = if first { x } else { &held };
            if last {
                return f(src, y, dims, first);
            }
            let mut next = vec![T::ZERO; dims[0] * dims[2]];
            f(src, &mut next, dims, first);
            held = next;
            first = false;
            groups[g].0 = 1;
            groups[g].1 = false;
        }
        // Nothing to reduce: one pass over single elements applies the function of the leaves.
        f(x, y, [x.len(), 1, 1], true);
    }
}

/// Reduces x to y. An error when the type has no such reduction; panics when the lengths do not fit the axes.
pub fn reduce<T: Element>(op: Reduce, axes: &Axes, x: &[T], y: &mut [T]) -> Result {
    T::reduce(op, axes, x, y)
}

pub(crate) fn reduce_of<T: Element>(op: Reduce, axes: &Axes, x: &[T], y: &mut [T]) -> Result {
    assert_eq!(x.len(), axes.inputs(), "{}: elements for {axes:?}", op.name());
    assert_eq!(y.len(), axes.outputs(), "{}: elements of the result for {axes:?}", op.name());
    if !op.supports(T::DTYPE) {
        return Err(Error::Unsupported { op: op.name(), dtype: T::DTYPE });
    }
    macro_rules! int {
        ($t:ty) => {
            integer::<$t>(op, axes, same::<T, $t>(x), same_mut(y))
        };
    }
    match T::DTYPE {
        DType::F32 => float(op, axes, same::<T, f32>(x), same_mut(y)),
        DType::F64 => float(op, axes, same::<T, f64>(x), same_mut(y)),
        DType::F16 | DType::BF16 => {
            let (mut wide, mut out) = (vec![0.0; x.len()], vec![0.0; y.len()]);
            narrow_widen(x, &mut wide);
            float::<f32>(op, axes, &wide, &mut out);
            narrow_round(&out, y);
        }
        DType::I32 => int!(i32),
        DType::I64 => int!(i64),
        DType::U64 => int!(u64),
        // Products of bytes have no instruction, and their loops are the largest of all.
        DType::U8 if !matches!(op, Reduce::Prod | Reduce::SumSquares) => {
            sum_or_extreme(op, axes, same::<T, u8>(x), same_mut(y));
        }
        // What wraps in 64 bits wraps to the same low bits, and the order is the same: no copy of every loop for these.
        DType::U8 | DType::I8 | DType::I16 | DType::U16 | DType::U32 => {
            let (mut wide, mut out) = (vec![0i64; x.len()], vec![0i64; y.len()]);
            convert(x, &mut wide);
            integer(op, axes, &wide, &mut out);
            if matches!(op, Reduce::Max | Reduce::Min) {
                clamp_to::<T>(&mut out);
            }
            convert(&out, y);
        }
        DType::Bool => {
            let (x, y) = (same::<T, bool>(x), same_mut::<T, bool>(y));
            axes.passes(x, y, |x, y, d, _| match op {
                Reduce::Any => pass::pass(Or, x, y, d),
                _ => pass::pass(And, x, y, d),
            });
        }
        DType::C64 => complex::<f32>(op, axes, same::<T, Complex<f32>>(x), same_mut(y)),
        DType::C128 => complex::<f64>(op, axes, same::<T, Complex<f64>>(x), same_mut(y)),
    }
    Ok(())
}

fn float<T: Float + fold::Number>(op: Reduce, axes: &Axes, x: &[T], y: &mut [T]) {
    axes.passes(x, y, |x, y, d, first| match op {
        Reduce::Sum | Reduce::Mean => pass::pass(Plus, x, y, d),
        Reduce::SumSquares if first => pass::pass(Squares, x, y, d),
        Reduce::SumSquares => pass::pass(Plus, x, y, d),
        Reduce::Prod => pass::pass(Times, x, y, d),
        Reduce::Max => pass::pass(Max, x, y, d),
        Reduce::Min => pass::pass(Min, x, y, d),
        _ => log_sum_exp(x, y, d),
    });
    if op == Reduce::Mean {
        let n = T::lit(axes.count() as f64);
        y.iter_mut().for_each(|y| *y = *y / n);
    }
}

fn integer<T: fold::Number>(op: Reduce, axes: &Axes, x: &[T], y: &mut [T]) {
    match op {
        Reduce::Prod => axes.passes(x, y, |x, y, d, _| pass::pass(Times, x, y, d)),
        Reduce::SumSquares => axes.passes(x, y, |x, y, d, first| match first {
            true => pass::pass(Squares, x, y, d),
            false => pass::pass(Plus, x, y, d),
        }),
        _ => sum_or_extreme(op, axes, x, y),
    }
}

fn sum_or_extreme<T: fold::Number>(op: Reduce, axes: &Axes, x: &[T], y: &mut [T]) {
    match op {
        Reduce::Sum => axes.passes(x, y, |x, y, d, _| pass::pass(Plus, x, y, d)),
        Reduce::Max => axes.passes(x, y, |x, y, d, _| pass::pass(Max, x, y, d)),
        Reduce::Min => axes.passes(x, y, |x, y, d, _| pass::pass(Min, x, y, d)),
        Reduce::Mean => {
            // The sum may not fit the type.
            let wide: Vec<i64> = x.iter().map(|v| v.to_wide()).collect();
            let mut sums = vec![0i64; y.len()];
            axes.passes(&wide, &mut sums, |x, y, d, _| pass::pass(Plus, x, y, d));
            let n = axes.count().max(1) as i64;
            y.iter_mut().zip(sums).for_each(|(y, s)| *y = T::from_wide(s / n));
        }
        _ => {}
    }
}

fn complex<F: Float>(op: Reduce, axes: &Axes, x: &[Complex<F>], y: &mut [Complex<F>])
where
    Complex<F>: fold::Number,
{
    axes.passes(x, y, |x, y, d, first| match op {
        Reduce::Prod => pass::pass(Times, x, y, d),
        Reduce::SumSquares if first => pass::pass(Squares, x, y, d),
        _ => pass::pass(Plus, x, y, d),
    });
    if op == Reduce::Mean {
        let n = F::lit(axes.count() as f64);
        y.iter_mut().for_each(|y| *y = Complex::new(y.re / n, y.im / n));
    }
}

/// y = m + ln(sum of e^(x - m)), m the largest x, or 0 where that is infinite.
fn log_sum_exp<T: Float + fold::Number>(x: &[T], y: &mut [T], dims: [usize; 3]) {
    let [_, n, inner] = dims;
    pass::pass(Max, x, y, dims);
    if n == 0 {
        return;
    }
    if inner == 1 {
        return crate::split::chunks(y, crate::split::piece(n as f64), |start, y| {
            let mut tile = vec![T::ZERO; n.min(4096)];
            for (m, x) in y.iter_mut().zip(x[start * n..].chunks_exact(n)) {
                let shift = if m.abs() < T::INFINITY { *m } else { T::ZERO };
                let sums = x.chunks(4096).map(|x| {
                    let tile = &mut tile[..x.len()];
                    tile.iter_mut().zip(x).for_each(|(t, x)| *t = *x - shift);
                    crate::elementwise::exp_in_place(tile);
                    row(Plus, tile)
                });
                *m = shift + pairwise(Plus, &sums.collect::<Vec<_>>()).ln();
            }
        });
    }
    // A column tile of exponentials at a time keeps the loop over contiguous elements.
    let rows = (4096 / inner.max(1)).clamp(1, n);
    crate::split::chunks(y, inner.max(1), |start, y| {
        let x = &x[start * n..(start + y.len()) * n];
        let shift: Vec<T> = y.iter().map(|m| if m.abs() < T::INFINITY { *m } else { T::ZERO }).collect();
        let mut sums = Vec::new();
        let mut tile = vec![T::ZERO; rows * inner];
        for block in x.chunks(rows * inner) {
            let tile = &mut tile[..block.len()];
            for (t, x) in tile.chunks_mut(inner).zip(block.chunks(inner)) {
                t.iter_mut().zip(x).zip(&shift).for_each(|((t, x), m)| *t = *x - *m);
            }
            crate::elementwise::exp_in_place(tile);
            let mut sum = vec![T::ZERO; inner];
            pass::pass(Plus, tile, &mut sum, [1, block.len() / inner, inner]);
            sums.extend(sum);
        }
        pass::pass(Plus, &sums, y, [1, sums.len() / inner, inner]);
        y.iter_mut().zip(&shift).for_each(|(y, m)| *y = *m + y.ln());
    });
}

#[cfg(test)]
mod tests;
