//! Running sums, products and log-sum-exps along an axis.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Keep, Result, Spec, Specs, Tensor, dispatch};
use gradus_kernels::reduce::{Scan, scan};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[CumSum::DEF, CumProd::DEF, CumLogSumExp::DEF];

macro_rules! cumulative {
    ($(#[$m:meta])* $name:ident = $s:literal, $method:ident, $keep:expr, $supports:expr, $forward:expr,
     |$op:ident, $cx:ident| $vjp:expr) => {
        crate::op! {
            $(#[$m])*
            pub struct $name { axis: usize, exclusive: bool, reverse: bool } = $s
        }
        impl Op for $name {
            fn name(&self) -> &'static str {
                Self::NAME
            }
            fn infer(&self, x: &[&Spec]) -> Result<Specs> {
                let supports: fn(DType) -> bool = $supports;
                if !supports(x[0].dtype) {
                    return Err(unsupported_dtype(Self::NAME, x[0].dtype));
                }
                Ok(smallvec![x[0].clone()])
            }
            fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
                let (outer, n, inner) = x[0].shape().around(self.axis);
                let run: fn(&$name, &View<'_>, &mut ViewMut<'_>, [usize; 3]) -> Result<()> = $forward;
                run(self, &x[0], &mut y[0], [outer, n, inner])
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
    /// The running sum along an axis; integers wrap.
    CumSum = "cumsum", cumsum, Keep::NONE, |d| d != DType::Bool, |op, x, y, dims| {
        dispatch!(x.dtype(), T: all => {
            Ok(scan::<T>(Scan::Sum, op.exclusive, op.reverse, x.as_slice(), y.as_mut(), dims)?)
        })
    }, |op, cx| {
        let g = cx.dy(0)?.cumsum(op.axis as isize, op.exclusive, !op.reverse)?;
        cx.give(0, g)
    }
}

cumulative! {
    /// The running product along an axis; integers wrap. The gradient at an element that is 0 is 0, as TensorFlow's.
    CumProd = "cumprod", cumprod, Keep::ALL, |d| d != DType::Bool, |op, x, y, dims| {
        dispatch!(x.dtype(), T: all => {
            Ok(scan::<T>(Scan::Prod, op.exclusive, op.reverse, x.as_slice(), y.as_mut(), dims)?)
        })
    }, |op, cx| {
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

/// The running log-sum-exp along the middle of (outer, n, inner); rows of `inner` elements are joined at once, so that
/// memory is walked in order.
fn running_log_sum<T: Element>(x: &[T], y: &mut [T], dims: [usize; 3], exclusive: bool, reverse: bool) {
    let [outer, n, inner] = dims;
    let mut sums = vec![f64::NEG_INFINITY; inner];
    for o in 0..outer {
        sums.fill(f64::NEG_INFINITY);
        for k in 0..n {
            let k = if reverse { n - 1 - k } else { k };
            let at = (o * n + k) * inner;
            for ((sum, &x), y) in sums.iter_mut().zip(&x[at..at + inner]).zip(&mut y[at..at + inner]) {
                let next = log_add(*sum, x.to_f64());
                *y = T::from_f64(if exclusive { *sum } else { next });
                *sum = next;
            }
        }
    }
}

cumulative! {
    /// The running `ln(sum(exp(x)))` along an axis, without overflow; with `exclusive` it starts with -inf.
    CumLogSumExp = "cumulative_logsumexp", cumulative_logsumexp, Keep::ALL,
    |d| d.is_float(), |op, x, y, dims| {
        dispatch!(x.dtype(), T: float => {
            running_log_sum(x.as_slice::<T>(), y.as_mut::<T>(), dims, op.exclusive, op.reverse);
            Ok(())
        } else { Err(unsupported_dtype(op.name(), x.dtype())) })
    }, |op, cx| {
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
