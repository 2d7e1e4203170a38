//! The slope of the incomplete gamma function in its first argument.
//!
//! `P(a, x) = x^a e^-x / gamma(a + 1) * sum of x^n / ((a + 1) .. (a + n))` where that converges quickly, and
//! `1 - P = x^a e^-x / gamma(a) * (a continued fraction)` elsewhere, both as Cephes has them. The slope follows term by term: every quantity
//! of the two recurrences is carried along with its derivative (Moore 1982, algorithm AS 187). TensorFlow does the same.

use crate::attr::OpDef;
use crate::op::{Op, apply1, same_dtype, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Spec, Specs, Tensor};
use gradus_kernels::special::{digamma, lgamma};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[IgammaGradA::DEF];

/// Terms after which a sum that has not converged ends; large arguments need about ten times their root.
const TERMS: usize = 20_000;

/// The derivative of `P(a, x)` by `a`; NaN where P is not defined.
fn slope(a: f64, x: f64) -> f64 {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 || a.is_infinite() {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return 0.0;
    }
    if x > 1.0 && x > a { -of_fraction(a, x) } else { of_series(a, x) }
}

fn of_series(a: f64, x: f64) -> f64 {
    let front = (a * x.ln() - x - lgamma(a + 1.0)).exp();
    let (mut term, mut term_slope) = (1.0, 0.0);
    let (mut sum, mut sum_slope) = (1.0, 0.0);
    let mut r = a;
    for _ in 0..TERMS {
        r += 1.0;
        term_slope = (term_slope - term / r) * x / r;
        term *= x / r;
        sum += term;
        sum_slope += term_slope;
        if term_slope.abs() <= f64::EPSILON * sum_slope.abs() && term <= f64::EPSILON * sum {
            break;
        }
    }
    front * (sum * (x.ln() - digamma(a + 1.0)) + sum_slope)
}

/// The derivative of the upper function `Q(a, x)`.
fn of_fraction(a: f64, x: f64) -> f64 {
    let front = (a * x.ln() - x - lgamma(a)).exp();
    if front == 0.0 {
        return 0.0;
    }
    // Numerators p and denominators q of the convergents, with their derivatives by a.
    let (mut y, mut z) = (1.0 - a, x + 2.0 - a);
    let (mut p2, mut q2, mut p1, mut q1) = (1.0, x, x + 1.0, z * x);
    let (mut dp2, mut dq2, mut dp1, mut dq1) = (0.0, 0.0, 0.0, -x);
    let mut value = p1 / q1;
    let mut value_slope = (dp1 - value * dq1) / q1;
    for c in 1..TERMS {
        let c = c as f64;
        y += 1.0;
        z += 2.0;
        let (p, q) = (p1 * z - p2 * y * c, q1 * z - q2 * y * c);
        let dp = dp1 * z - p1 - dp2 * y * c + p2 * c;
        let dq = dq1 * z - q1 - dq2 * y * c + q2 * c;
        (p2, p1, q2, q1) = (p1, p, q1, q);
        (dp2, dp1, dq2, dq1) = (dp1, dp, dq1, dq);
        if q != 0.0 {
            let (last, last_slope) = (value, value_slope);
            value = p / q;
            value_slope = (dp - value * dq) / q;
            let still = |now: f64, before: f64| (now - before).abs() <= f64::EPSILON * now.abs();
            if still(value, last) && still(value_slope, last_slope) {
                break;
            }
        }
        // Only ratios count: all are scaled down before they overflow.
        if p.abs() > 1e150 || q.abs() > 1e150 || dp.abs() > 1e150 || dq.abs() > 1e150 {
            for v in [&mut p2, &mut p1, &mut q2, &mut q1, &mut dp2, &mut dp1, &mut dq2, &mut dq1] {
                *v *= 1e-150;
            }
        }
    }
    front * (value_slope + value * (x.ln() - digamma(a)))
}

crate::op! {
    /// The derivative of [`Igamma`](super::Igamma) by its first input, for inputs of one shape. It has no gradient, as in
    /// TensorFlow.
    pub struct IgammaGradA {} = "igamma_grad_a"
}

impl Op for IgammaGradA {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        same_dtype(Self::NAME, x)?;
        if !matches!(x[0].dtype, DType::F32 | DType::F64) {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        if x[0].shape != x[1].shape {
            return Err(Error::shape(format!(
                "{}: shapes differ: {} and {}",
                Self::NAME,
                x[0].shape,
                x[1].shape
            )));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        fn fill<T: Element>(a: &[T], x: &[T], y: &mut [T]) {
            for ((y, a), x) in y.iter_mut().zip(a).zip(x) {
                *y = T::from_f64(slope(a.to_f64(), x.to_f64()));
            }
        }
        match x[0].dtype() {
            DType::F32 => fill::<f32>(x[0].as_slice(), x[1].as_slice(), y[0].as_mut()),
            _ => fill::<f64>(x[0].as_slice(), x[1].as_slice(), y[0].as_mut()),
        }
        Ok(())
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

/// The derivative of `P(a, x)` by `a`, for inputs that broadcast to each other.
pub(super) fn igamma_grad_a(a: &Tensor, x: &Tensor) -> Result<Tensor> {
    let shape = a.shape().broadcast(x.shape())?;
    apply1(&IgammaGradA {}, &[&a.broadcast_to(shape.clone())?, &x.broadcast_to(shape)?])
}

#[cfg(test)]
mod tests {
    use super::slope;

    /// Central differences of mpmath's regularised gamma function with 50 digits.
    #[test]
    fn slopes_in_every_region() {
        let cases: [(f64, f64, f64); 15] = [
            (0.1, 0.05, -2.0264226621003975),
            (0.5, 0.5, -0.64720035237775388),
            (0.5, 3.0, -0.047240326447973751),
            (1.0, 0.2, -0.3775384461177071),
            (1.0, 2.0, -0.22082542621185951),
            (2.0, 1.0, -0.2761960457028348),
            (2.5, 2.5, -0.26084496236866945),
            (3.0, 9.0, -0.0086954664197425259),
            (10.0, 4.0, -0.0082139958722372781),
            (10.0, 25.0, -0.00022661830393258108),
            (50.0, 40.0, -0.019821892882228661),
            (50.0, 60.0, -0.021284992786349492),
            (200.0, 195.0, -0.02681993284176063),
            (1000.0, 1010.0, -0.011945731337225442),
            (5000.0, 4900.0, -0.0020684190598600765),
        ];
        for (a, x, want) in cases {
            let found = slope(a, x);
            assert!(
                (found - want).abs() <= 1e-11 * want.abs().max(1e-3),
                "a {a}, x {x}: expected {want}, found {found}"
            );
        }
        assert!(slope(-1.0, 2.0).is_nan() && slope(2.0, -1.0).is_nan() && slope(f64::NAN, 1.0).is_nan());
        assert_eq!((slope(2.0, 0.0), slope(2.0, f64::INFINITY)), (0.0, 0.0));
    }
}
