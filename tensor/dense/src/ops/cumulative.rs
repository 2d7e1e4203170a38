//! Running sums, products and log-sum-exps along an axis.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[CumSum::DEF, CumProd::DEF, CumLogSumExp::DEF];

/// `y[k] = join(y[k - 1], x[k])` along the middle of (outer, n, inner), in either direction.
///
/// Rows of `inner` elements are joined at once, so that memory is walked in order. `load` and `store` convert to
/// the type that is accumulated in.
fn scan<T: Element, A: Copy>(
    x: &[T],
    y: &mut [T],
    around: (usize, usize, usize),
    (exclusive, reverse): (bool, bool),
    (empty, load, store): (A, impl Fn(T) -> A, impl Fn(A) -> T),
    join: impl Fn(A, A) -> A,
) {
    let (outer, n, inner) = around;
    let mut acc = vec![empty; inner];
    for o in 0..outer {
        acc.fill(empty);
        for k in 0..n {
            let k = if reverse { n - 1 - k } else { k };
            let at = (o * n + k) * inner;
            for ((a, &x), y) in acc.iter_mut().zip(&x[at..at + inner]).zip(&mut y[at..at + inner]) {
                let next = join(*a, load(x));
                *y = store(if exclusive { *a } else { next });
                *a = next;
            }
        }
    }
}

macro_rules! cumulative {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $keep:expr,
     ints $int:expr, floats ($empty:expr, $join:expr), |$op:ident, $cx:ident| $vjp:expr) => {
        crate::op! {
            $(#[$m])*
            pub struct $name { axis: usize, exclusive: bool, reverse: bool } = $s
        }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                let d = x[0].dtype;
                let int: Option<(i128, fn(i128, i128) -> i128)> = $int;
                if d.is_complex() || d == DType::Bool || (d.is_int() && int.is_none()) {
                    return Err(unsupported_dtype(Self::NAME, d));
                }
                Ok(smallvec![x[0].clone()])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                let around = x[0].shape().around(self.axis);
                let how = (self.exclusive, self.reverse);
                let int: Option<(i128, fn(i128, i128) -> i128)> = $int;
                dispatch!(x[0].dtype(), T: real => {
                    let (from, to) = (x[0].as_slice::<T>(), y[0].as_mut::<T>());
                    match int {
                        Some((empty, join)) if T::DTYPE.is_int() => scan::<T, i128>(
                            from, to, around, how, (empty, |v: T| v.to_i128(), |a| T::from_i128(a)),
                            |a, b| T::from_i128(join(a, b)).to_i128(),
                        ),
                        _ => scan::<T, f64>(
                            from, to, around, how, ($empty, |v: T| v.to_f64(), |a| T::from_f64(a)), $join,
                        ),
                    }
                    Ok(())
                } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
            }
            fn keep(&self) -> Keep {
                $keep
            }
            fn vjp(&self, $cx: &mut Backward<'_>) -> Result<()> {
                let $op = self;
                $vjp
            }
        }
        impl Tensor {
            $(#[$m])*
            ///
            /// With `exclusive` the element itself is left out, with `reverse` the walk goes from the end.
            pub fn $method(&self, axis: isize, exclusive: bool, reverse: bool) -> Result<Tensor> {
                apply1(&$name { axis: self.shape().axis(axis)?, exclusive, reverse }, &[self])
            }
        }
    };
}

cumulative! {
    /// The running sum along an axis.
    CumSum = "cumsum", cumsum, Keep::NONE,
    ints Some((0, |a, b| a + b)), floats (0.0, |a, b| a + b), |op, cx| {
        let g = cx.dy(0)?.cumsum(op.axis as isize, op.exclusive, !op.reverse)?;
        cx.give(0, g)
    }
}

cumulative! {
    /// The running product along an axis. The gradient at an element that is 0 is 0, as TensorFlow's.
    CumProd = "cumprod", cumprod, Keep::ALL,
    ints Some((1, |a, b| a * b)), floats (1.0, |a, b| a * b), |op, cx| {
        let sum = cx.y(0).mul(&cx.dy(0)?)?.cumsum(op.axis as isize, op.exclusive, !op.reverse)?;
        let g = sum.div_no_nan(cx.x(0))?;
        cx.give(0, g)
    }
}

/// `ln(e^a + e^b)` without overflow.
fn log_add(a: f64, b: f64) -> f64 {
    let top = a.max(b);
    if !top.is_finite() {
        return if a.is_nan() || b.is_nan() { f64::NAN } else { top };
    }
    top + (-(a - b).abs()).exp().ln_1p()
}

cumulative! {
    /// The running `ln(sum(exp(x)))` along an axis, without overflow; with `exclusive` it starts with -inf.
    CumLogSumExp = "cumulative_logsumexp", cumulative_logsumexp, Keep::ALL,
    ints None, floats (f64::NEG_INFINITY, log_add), |op, cx| {
        // The positive and the negative gradients apart, each as a running log-sum-exp from the other end.
        let g = cx.dy(0)?;
        let (x, y) = (cx.x(0), cx.y(0));
        let lowest = x.like(f64::NEG_INFINITY)?;
        let zero = x.like(0)?;
        let through = |g: &Tensor| -> Result<Tensor> {
            let some = g.greater(&zero)?;
            let log = some.select(&some.select(g, &x.like(1)?)?.log()?, &lowest)?;
            // Where y is -inf nothing came before; such a term must vanish, not become NaN.
            let none = y.equal(&lowest)?;
            let terms = none.select(&lowest, &log.sub(&none.select(&zero, y)?)?)?;
            terms.cumulative_logsumexp(op.axis as isize, op.exclusive, !op.reverse)?.add(x)?.exp()
        };
        let d = through(&g)?.sub(&through(&g.neg()?)?)?;
        cx.give(0, d)
    }
}
