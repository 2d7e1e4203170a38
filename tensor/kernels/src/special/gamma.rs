//! The logarithm of the gamma function, its derivative, and the incomplete gamma functions.

use std::f64::consts::PI;

/// ln |gamma(x)|; +inf at zero and the negative integers.
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Derivative of ln gamma. NaN at the poles 0, -1, -2, ..., as in TensorFlow.
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        // Reflection. The fractional part first, so that a large argument keeps its accuracy.
        let f = x - x.floor();
        return digamma(1.0 - x) - PI / (PI * f).tan();
    }
    if x == f64::INFINITY {
        return x;
    }
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    // Asymptotic series with the Bernoulli numbers B2 / 2, B4 / 4, ...
    let z = 1.0 / (x * x);
    let tail =
        [1.0 / 12.0, -691.0 / 32760.0, 1.0 / 132.0, -1.0 / 240.0, 1.0 / 252.0, -1.0 / 120.0, 1.0 / 12.0]
            .iter()
            .fold(0.0, |p, &c| p * z + c);
    shift + x.ln() - 0.5 / x - z * tail
}

/// Most terms of a series or continued fraction; the terms needed near x = a grow like sqrt(a).
const TERMS: usize = 100_000;

/// Regularised lower incomplete gamma function P(a, x). NaN for a <= 0 or x < 0.
pub fn igamma(a: f64, x: f64) -> f64 {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 {
        f64::NAN
    } else if x == 0.0 {
        0.0
    } else if x == f64::INFINITY {
        1.0
    } else if x > 1.0 && x > a {
        1.0 - upper_fraction(a, x)
    } else {
        lower_series(a, x)
    }
}

/// Regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x).
pub fn igammac(a: f64, x: f64) -> f64 {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 {
        f64::NAN
    } else if x == 0.0 {
        1.0
    } else if x == f64::INFINITY {
        0.0
    } else if x > 1.0 && x > a {
        upper_fraction(a, x)
    } else {
        1.0 - lower_series(a, x)
    }
}

/// x^a e^-x / gamma(a).
fn prefactor(a: f64, x: f64) -> f64 {
    if a < 200.0 {
        return (a * x.ln() - x - lgamma(a)).exp();
    }
    // Large terms cancel near x = a: take them together, with the Stirling series for gamma.
    let d = (x - a) / a;
    let stirling = 1.0 / (12.0 * a) - 1.0 / (360.0 * a * a * a);
    (a * (d.ln_1p() - d) - stirling).exp() * (a / (2.0 * PI)).sqrt()
}

/// P(a, x) = x^a e^-x / gamma(a + 1) * (1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ...).
fn lower_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0, 1.0, a);
    for _ in 0..TERMS {
        n += 1.0;
        term *= x / n;
        sum += term;
        if term <= sum * 1e-17 {
            break;
        }
    }
    sum * prefactor(a, x) / a
}

/// Q(a, x) by the continued fraction of Legendre, evaluated with Lentz's method.
fn upper_fraction(a: f64, x: f64) -> f64 {
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / if b.abs() < tiny { tiny } else { b };
    let mut h = d;
    for i in 1..TERMS {
        let n = i as f64;
        let an = -n * (n - a);
        b += 2.0;
        d = an * d + b;
        d = 1.0 / if d.abs() < tiny { tiny } else { d };
        c = b + an / c;
        if c.abs() < tiny {
            c = tiny;
        }
        let step = d * c;
        h *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h * prefactor(a, x)
}
