//! Running sums and products.

use super::fold::{Fold, Max, Min, Number, Plus, Times};
use crate::cast::{same, same_mut};
use crate::convert::{clamp_to, convert};
use crate::dtype::{DType, Element};
use crate::elementwise::{narrow_round, narrow_widen};
use crate::error::{Error, Result};
use crate::threads::{self, SharedMut};
use num_complex::Complex;

/// What runs along the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scan {
    /// Running sum.
    Sum,
    /// Running product.
    Prod,
    /// Running maximum.
    Max,
    /// Running minimum.
    Min,
}

/// y[o, k, i] = fold of x[o, ..=k, i]; `exclusive` leaves k itself out, `reverse` runs from the end.
///
/// x is seen as (outer, n, inner). An error for bools, and for the maximum or minimum of complex numbers.
pub fn scan<T: Element>(
    which: Scan,
    exclusive: bool,
    reverse: bool,
    x: &[T],
    y: &mut [T],
    dims: [usize; 3],
) -> Result {
    T::scan(which, exclusive, reverse, x, y, dims)
}

pub(crate) fn scan_of<T: Element>(
    which: Scan,
    exclusive: bool,
    reverse: bool,
    x: &[T],
    y: &mut [T],
    dims: [usize; 3],
) -> Result {
    let len: usize = dims.iter().product();
    assert_eq!((x.len(), y.len()), (len, len), "scan: elements for {dims:?}");
    let op = match which {
        Scan::Sum => "cumsum",
        Scan::Prod => "cumprod",
        Scan::Max => "cummax",
        Scan::Min => "cummin",
    };
    if T::DTYPE == DType::Bool || T::DTYPE.is_complex() && matches!(which, Scan::Max | Scan::Min) {
        return Err(Error::Unsupported { op, dtype: T::DTYPE });
    }
    macro_rules! run {
        ($t:ty) => {
            number::<$t>(which, exclusive, reverse, same::<T, $t>(x), same_mut(y), dims)
        };
    }
    match T::DTYPE {
        DType::F32 => run!(f32),
        DType::F64 => run!(f64),
        DType::I32 => run!(i32),
        DType::I64 => run!(i64),
        DType::U64 => run!(u64),
        // What wraps in 64 bits wraps to the same low bits, and the order is the same.
        DType::I8 | DType::I16 | DType::U8 | DType::U16 | DType::U32 => {
            let (mut wide, mut out) = (vec![0i64; len], vec![0i64; len]);
            convert(x, &mut wide);
            number(which, exclusive, reverse, &wide, &mut out, dims);
            if matches!(which, Scan::Max | Scan::Min) {
                clamp_to::<T>(&mut out);
            }
            convert(&out, y);
        }
        DType::C64 => run!(Complex<f32>),
        DType::C128 => run!(Complex<f64>),
        _ => {
            let (mut wide, mut out) = (vec![0.0f32; len], vec![0.0f32; len]);
            narrow_widen(x, &mut wide);
            number(which, exclusive, reverse, &wide, &mut out, dims);
            narrow_round(&out, y);
        }
    }
    Ok(())
}

fn number<T: Number>(which: Scan, exclusive: bool, reverse: bool, x: &[T], y: &mut [T], dims: [usize; 3]) {
    match which {
        Scan::Sum => run(Plus, exclusive, reverse, x, y, dims),
        Scan::Prod => run(Times, exclusive, reverse, x, y, dims),
        Scan::Max => run(Max, exclusive, reverse, x, y, dims),
        Scan::Min => run(Min, exclusive, reverse, x, y, dims),
    }
}

fn run<T: Number, F: Fold<T>>(f: F, exclusive: bool, reverse: bool, x: &[T], y: &mut [T], dims: [usize; 3]) {
    let [outer, n, inner] = dims;
    if x.is_empty() {
        return;
    }
    let width = inner.min(256);
    let wide = inner.div_ceil(width);
    let shared = SharedMut::new(y);
    threads::parallel_for_cost(outer * wide, x.len(), |task| {
        let (o, from) = (task / wide, task % wide * width);
        let cols = width.min(inner - from);
        let mut acc = vec![f.identity(); cols];
        for step in 0..n {
            let k = if reverse { n - 1 - step } else { step };
            let at = (o * n + k) * inner + from;
            // SAFETY: every task has columns of its own.
            let y = unsafe { shared.slice(at..at + cols) };
            for ((y, a), &v) in y.iter_mut().zip(&mut acc).zip(&x[at..at + cols]) {
                let next = f.op(*a, v);
                *y = if exclusive { *a } else { next };
                *a = next;
            }
        }
    });
}
