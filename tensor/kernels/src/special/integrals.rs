//! The exponential, Dawson, Fresnel and dilogarithm integrals.

use num_complex::Complex64;
use std::f64::consts::{FRAC_PI_2, PI};

/// Exponential integral Ei(x) for x > 0; -inf at 0, NaN below.
///
/// The power series, whose terms have one sign, and from 40 on the asymptotic one.
pub fn expint(x: f64) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    if x > 40.0 {
        let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
        while k < x && term > 1e-18 {
            term *= k / x;
            sum += term;
            k += 1.0;
        }
        // In two steps: e^x may overflow where the quotient does not.
        let half = (0.5 * x).exp();
        return half * (sum / x) * half;
    }
    let (mut power, mut sum, mut k) = (1.0, 0.0, 1.0);
    loop {
        power *= x / k;
        let term = power / k;
        sum += term;
        if term <= sum * 1e-18 {
            return EULER + x.ln() + sum;
        }
        k += 1.0;
    }
}

/// Dawson's integral e^(-x^2) times the integral of e^(t^2) from 0 to x.
///
/// Rybicki's sum over odd n of e^(-(x - n h)^2) / n; with h = 0.2 its error is e^(-61).
pub fn dawsn(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-3 {
        let z = x * x;
        return x * (1.0 - z * (2.0 / 3.0 - z * (4.0 / 15.0)));
    }
    if a > 1e8 {
        return 0.5 / x;
    }
    if x.is_nan() {
        return x;
    }
    let h = 0.2;
    let n0 = 2.0 * (0.5 * a / h).round();
    let r = a - n0 * h;
    let mut sum = 0.0;
    let mut n = -35.0;
    while n <= 35.0 {
        let d = r - n * h;
        sum += (-d * d).exp() / (n0 + n);
        n += 2.0;
    }
    (sum / PI.sqrt()).copysign(x)
}

/// Fresnel integral of sin(pi t^2 / 2) from 0 to x.
pub fn fresnel_sin(x: f64) -> f64 {
    fresnel(x).im
}

/// Fresnel integral of cos(pi t^2 / 2) from 0 to x.
pub fn fresnel_cos(x: f64) -> f64 {
    fresnel(x).re
}

/// C(x) + i S(x): the power series below 1.5, then the continued fraction of the complementary error function.
fn fresnel(x: f64) -> Complex64 {
    let a = x.abs();
    if x.is_nan() {
        return Complex64::new(x, x);
    }
    let y = if a < 1.5 {
        // Sum of (i pi x^2 / 2)^k x / (k! (2k + 1)).
        let step = Complex64::new(0.0, FRAC_PI_2 * a * a);
        let (mut power, mut sum) = (Complex64::new(a, 0.0), Complex64::new(0.0, 0.0));
        for k in 0..40 {
            sum += power / (2.0 * f64::from(k) + 1.0);
            power *= step / (f64::from(k) + 1.0);
        }
        sum
    } else if a > 1e8 {
        Complex64::new(0.5, 0.5)
    } else {
        let p = PI * a * a;
        let mut b = Complex64::new(1.0, -p);
        let mut c = Complex64::new(1e300, 0.0);
        let mut d = b.inv();
        let mut h = d;
        let mut n = -1.0;
        for _ in 0..1000 {
            n += 2.0;
            let e = -n * (n + 1.0);
            b += 4.0;
            d = (d * e + b).inv();
            c = b + c.inv() * e;
            let step = c * d;
            h *= step;
            if (step - 1.0).l1_norm() < 1e-16 {
                break;
            }
        }
        // The angle pi x^2 / 2 modulo 2 pi, that is x^2 modulo 4.
        let turn = FRAC_PI_2 * ((a * a) % 4.0);
        let h = h * Complex64::new(a, -a);
        Complex64::new(0.5, 0.5) * (1.0 - Complex64::new(turn.cos(), turn.sin()) * h)
    };
    Complex64::new(y.re.copysign(x), y.im.copysign(x))
}

/// Spence's function, the integral of ln(t) / (1 - t) from 1 to x: Li2(1 - x). NaN below 0.
pub fn spence(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return PI * PI / 6.0;
    }
    if x == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    let z = 1.0 - x;
    if z > 0.5 {
        // ln(1 - z) = ln x keeps its digits.
        return PI * PI / 6.0 - (-x).ln_1p() * x.ln() - dilogarithm(x);
    }
    if z < -1.0 {
        let l = (-z).ln();
        let w = 1.0 / z;
        let near = -dilogarithm(w / (w - 1.0)) - 0.5 * (-w).ln_1p().powi(2);
        return -PI * PI / 6.0 - 0.5 * l * l - near;
    }
    if z < 0.0 {
        return -dilogarithm(z / (z - 1.0)) - 0.5 * x.ln().powi(2);
    }
    dilogarithm(z)
}

/// Sum of z^k / k^2 for 0 <= z <= 1/2.
fn dilogarithm(z: f64) -> f64 {
    let (mut power, mut sum, mut k) = (z, 0.0, 1.0);
    while power > 1e-18 * sum && k < 100.0 {
        sum += power / (k * k);
        power *= z;
        k += 1.0;
    }
    sum
}
