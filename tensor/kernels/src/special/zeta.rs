//! The Hurwitz zeta function and the polygamma functions.

use super::{digamma, lgamma};

/// Below this the sum over the negative terms would take too long.
const FAR: f64 = -1e6;

/// Sum over k >= 0 of (k + q)^-s, for s > 1.
///
/// Inf at s = 1 and at the poles q = 0, -1, ... for even integer s; NaN for s < 1, and where a power of a negative
/// number is not real, or q is below -10^6. Ten terms, then the Euler-Maclaurin formula.
pub fn zeta(s: f64, q: f64) -> f64 {
    if s.is_nan() || q.is_nan() || s < 1.0 {
        return f64::NAN;
    }
    if s == 1.0 {
        return f64::INFINITY;
    }
    if q == f64::INFINITY {
        return 0.0;
    }
    if q < FAR {
        return f64::NAN;
    }
    if q <= 0.0 {
        if q == q.floor() {
            return if s % 2.0 == 0.0 { f64::INFINITY } else { f64::NAN };
        }
        if s != s.floor() {
            return f64::NAN;
        }
    }
    if s == f64::INFINITY {
        return if q > 1.0 {
            0.0
        } else if q == 1.0 {
            1.0
        } else {
            f64::INFINITY
        };
    }
    let (mut sum, mut a) = (0.0, q);
    let mut k = 0;
    while k < 10 || a <= 9.0 {
        let term = a.powf(-s);
        sum += term;
        if term.abs() < sum.abs() * 1e-17 && a > 0.0 {
            return sum;
        }
        a += 1.0;
        k += 1;
    }
    let power = a.powf(-s);
    sum += power * a / (s - 1.0) + 0.5 * power;
    // B_2j / (2j)!, j = 1, 2, ...
    let bernoulli = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30240.0,
        -1.0 / 1209600.0,
        1.0 / 47900160.0,
        -691.0 / 1307674368000.0,
        1.0 / 74724249600.0,
        -3617.0 / 10670622842880000.0,
        43867.0 / 5109094217170944000.0,
    ];
    let mut factor = s * power / a;
    for (j, b) in bernoulli.iter().enumerate() {
        let term = b * factor;
        sum += term;
        if term.abs() < sum.abs() * 1e-17 {
            break;
        }
        let m = s + 2.0 * j as f64;
        factor *= (m + 1.0) * (m + 2.0) / (a * a);
    }
    sum
}

/// The n-th derivative of digamma, for whole n >= 0: (-1)^(n+1) n! zeta(n + 1, x). NaN for other n.
pub fn polygamma(n: f64, x: f64) -> f64 {
    if n < 0.0 || n != n.floor() || n.is_nan() {
        return f64::NAN;
    }
    if n == 0.0 {
        return digamma(x);
    }
    let sign = if n % 2.0 == 0.0 { -1.0 } else { 1.0 };
    sign * lgamma(n + 1.0).exp() * zeta(n + 1.0, x)
}
