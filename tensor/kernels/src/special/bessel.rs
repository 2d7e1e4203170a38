//! Bessel functions of orders 0 and 1.

use std::f64::consts::PI;

/// From here on the asymptotic series is exact to f64: its smallest term is about e^(-2x).
const FAR: f64 = 22.0;

/// Sum over k of (x^2 / 4)^k / (k! (k + n)!), times (x / 2)^n: all terms have one sign.
fn series(n: f64, x: f64) -> f64 {
    let z = 0.25 * x * x;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-18 {
        term *= z / (k * (k + n));
        sum += term;
        k += 1.0;
    }
    if n == 0.0 { sum } else { sum * 0.5 * x }
}

/// e^-x I_n(x) for large x (Abramowitz and Stegun 9.7.1).
fn far(n: f64, x: f64) -> f64 {
    let mu = 4.0 * n * n;
    let (mut term, mut sum, mut k) = (1.0f64, 1.0, 1.0);
    while k < 30.0 && term.abs() > 1e-18 {
        let odd = 2.0 * k - 1.0;
        term *= -(mu - odd * odd) / (k * 8.0 * x);
        sum += term;
        k += 1.0;
    }
    sum / (2.0 * PI * x).sqrt()
}

/// I_0(x).
pub fn bessel_i0(x: f64) -> f64 {
    let a = x.abs();
    if a < FAR { series(0.0, a) } else { scaled_up(far(0.0, a), a) }
}

/// e^-|x| I_0(x).
pub fn bessel_i0e(x: f64) -> f64 {
    let a = x.abs();
    if a < FAR { series(0.0, a) * (-a).exp() } else { far(0.0, a) }
}

/// I_1(x).
pub fn bessel_i1(x: f64) -> f64 {
    let a = x.abs();
    let y = if a < FAR { series(1.0, a) } else { scaled_up(far(1.0, a), a) };
    y.copysign(x)
}

/// e^-|x| I_1(x).
pub fn bessel_i1e(x: f64) -> f64 {
    let a = x.abs();
    let y = if a < FAR { series(1.0, a) * (-a).exp() } else { far(1.0, a) };
    y.copysign(x)
}

/// e^x y in two steps: e^x may overflow where the product does not.
fn scaled_up(y: f64, x: f64) -> f64 {
    if x == f64::INFINITY {
        return x;
    }
    let half = (0.5 * x).exp();
    y * half * half
}

/// J_0(x).
pub fn bessel_j0(x: f64) -> f64 {
    libm::j0(x)
}

/// J_1(x).
pub fn bessel_j1(x: f64) -> f64 {
    libm::j1(x)
}

/// Y_0(x); -inf at 0, NaN below.
pub fn bessel_y0(x: f64) -> f64 {
    libm::y0(x)
}

/// Y_1(x); -inf at 0, NaN below.
pub fn bessel_y1(x: f64) -> f64 {
    libm::y1(x)
}

/// e^x K_n(x) for n = 0, 1; inf at 0, NaN below.
///
/// The integral of e^(-x (cosh t - 1)) cosh(n t) over t > 0 by the trapezoidal rule, which converges
/// exponentially for integrands like this one; the logarithmic series near zero (A&S 9.6.13, 9.6.11).
fn k_scaled(n: f64, x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::INFINITY;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    if x < 1.0 {
        return k_series(n, x) * x.exp();
    }
    // The integrand is about 1 / sqrt(x) wide.
    let step = 0.15 / x.max(1.0).sqrt();
    let (mut sum, mut t) = (0.5, step);
    loop {
        let s = f64::sinh(0.5 * t);
        let term = (-2.0 * x * s * s).exp() * (n * t).cosh();
        sum += term;
        if term < sum * 1e-18 {
            return sum * step;
        }
        t += step;
    }
}

fn k_series(n: f64, x: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    let z = 0.25 * x * x;
    let log = (0.5 * x).ln();
    // Sum of z^k / (k! (k + n)!) weighted with digamma(k + 1) + digamma(k + n + 1).
    let (mut term, mut k) = (1.0, 0.0);
    let (mut psi, mut psi_n) = (-EULER, -EULER + n);
    let (mut plain, mut weighted) = (0.0, 0.0);
    while term > 1e-20 {
        plain += term;
        weighted += term * (psi + psi_n);
        k += 1.0;
        term *= z / (k * (k + n));
        psi += 1.0 / k;
        psi_n += 1.0 / (k + n);
    }
    if n == 0.0 { 0.5 * weighted - log * plain } else { 1.0 / x + 0.5 * x * (log * plain - 0.5 * weighted) }
}

/// K_0(x).
pub fn bessel_k0(x: f64) -> f64 {
    k_scaled(0.0, x) * (-x).exp()
}

/// e^x K_0(x).
pub fn bessel_k0e(x: f64) -> f64 {
    k_scaled(0.0, x)
}

/// K_1(x).
pub fn bessel_k1(x: f64) -> f64 {
    k_scaled(1.0, x) * (-x).exp()
}

/// e^x K_1(x).
pub fn bessel_k1e(x: f64) -> f64 {
    k_scaled(1.0, x)
}
