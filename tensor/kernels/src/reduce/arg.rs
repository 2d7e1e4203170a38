//! Where the largest or smallest element is.

use crate::cast::same;
use crate::convert::convert;
use crate::dtype::{DType, Element};
use crate::elementwise::narrow_widen;
use crate::error::{Error, Result};
use crate::split;

/// Which extreme is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// y[o, i] = index k of the extreme among x[o, k, i], the first one on ties.
///
/// x is seen as (outer, n, inner). NaN is never chosen unless it stands first, and then hides the rest;
/// TensorFlow leaves this open. An error for n = 0, bools and complex numbers.
pub fn arg<T: Element>(which: Arg, x: &[T], y: &mut [i64], dims: [usize; 3]) -> Result {
    T::arg(which, x, y, dims)
}

pub(crate) fn arg_of<T: Element>(
    which: Arg,
    x: &[T],
    y: &mut [i64],
    [outer, n, inner]: [usize; 3],
) -> Result {
    assert_eq!(
        (x.len(), y.len()),
        (outer * n * inner, outer * inner),
        "arg: elements for {:?}",
        [outer, n, inner]
    );
    let op = if which == Arg::Max { "argmax" } else { "argmin" };
    if n == 0 && !y.is_empty() {
        return Err(Error::Shape(format!("{op}: the axis is empty")));
    }
    macro_rules! run {
        ($t:ty) => {
            match which {
                // Functions, since closures would be compiled anew for every T.
                Arg::Max => run(same::<T, $t>(x), y, n, inner, <$t as PartialOrd>::gt),
                Arg::Min => run(same::<T, $t>(x), y, n, inner, <$t as PartialOrd>::lt),
            }
        };
    }
    match T::DTYPE {
        DType::F32 => run!(f32),
        DType::F64 => run!(f64),
        DType::I32 => run!(i32),
        DType::I64 => run!(i64),
        DType::U64 => run!(u64),
        // Widening keeps the order.
        DType::F16 | DType::BF16 => {
            let mut wide = vec![0f32; x.len()];
            narrow_widen(x, &mut wide);
            return arg(which, &wide, y, [outer, n, inner]);
        }
        DType::I8 | DType::I16 | DType::U8 | DType::U16 | DType::U32 => {
            let mut wide = vec![0i64; x.len()];
            convert(x, &mut wide);
            return arg(which, &wide, y, [outer, n, inner]);
        }
        dtype => return Err(Error::Unsupported { op, dtype }),
    }
    Ok(())
}

fn run<T: Element>(x: &[T], y: &mut [i64], n: usize, inner: usize, better: impl Fn(&T, &T) -> bool + Sync) {
    if inner == 1 {
        let piece = (16_384 / n.max(1)).max(1);
        split::chunks(y, piece, |start, y| {
            for (y, x) in y.iter_mut().zip(x[start * n..].chunks_exact(n)) {
                *y = first(x, &better) as i64;
            }
        });
        return;
    }
    let piece = (16_384 / n.max(1)).max(16);
    split::chunks(y, piece, |start, y| {
        let mut best = vec![T::ZERO; y.len()];
        // A piece may cross from one outer index to the next.
        let mut done = 0;
        while done < y.len() {
            let (o, i) = ((start + done) / inner, (start + done) % inner);
            let run = (inner - i).min(y.len() - done);
            let (y, best) = (&mut y[done..done + run], &mut best[done..done + run]);
            best.copy_from_slice(&x[o * n * inner + i..][..run]);
            y.fill(0);
            for k in 1..n {
                let row = &x[(o * n + k) * inner + i..][..run];
                for ((y, best), v) in y.iter_mut().zip(best.iter_mut()).zip(row) {
                    if better(v, best) {
                        *best = *v;
                        *y = k as i64;
                    }
                }
            }
            done += run;
        }
    });
}

/// Index of the first extreme of a row: chunks are searched for their best value, then the best chunk for its place.
fn first<T: Copy + PartialEq>(x: &[T], better: &impl Fn(&T, &T) -> bool) -> usize {
    let (mut best, mut place) = (x[0], 0);
    for (c, chunk) in x.chunks(64).enumerate() {
        let mut top = chunk[0];
        for v in chunk {
            top = if better(v, &top) { *v } else { top };
        }
        if better(&top, &best) {
            best = top;
            place = c * 64;
        }
    }
    place + x[place..].iter().position(|v| *v == best).unwrap_or(0)
}
