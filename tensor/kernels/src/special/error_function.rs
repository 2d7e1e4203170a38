//! The error function, the normal distribution function, and their inverses.

// The coefficients stand as published, with more digits than f64 holds.
#![allow(clippy::excessive_precision)]

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. NaN gives NaN.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 - erf(x), without cancellation for large x.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Normal distribution function, erfc(-x / sqrt 2) / 2.
pub fn ndtr(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// Inverse of [`ndtr`]: -inf at 0, inf at 1, NaN outside [0, 1].
pub fn ndtri(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    quantile(p - 0.5, p.min(1.0 - p))
}

/// Inverse of [`erf`]: -inf at -1, inf at 1, NaN outside [-1, 1].
pub fn erfinv(x: f64) -> f64 {
    if !(-1.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    quantile(0.5 * x, 0.5 * (1.0 - x.abs())) / SQRT_2
}

/// The normal quantile of 1/2 + q, with `tail` the probability of the nearer end.
///
/// Algorithm AS 241, PPND16 (Wichura 1988), relative error about 1e-16.
fn quantile(q: f64, tail: f64) -> f64 {
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        let num = [
            2509.0809287301226727,
            33430.575583588128105,
            67265.770927008700853,
            45921.953931549871457,
            13731.693765509461125,
            1971.5909503065514427,
            133.14166789178437745,
            3.387132872796366608,
        ];
        let den = [
            5226.495278852545925,
            28729.085735721942674,
            39307.89580009271061,
            21213.794301586595867,
            5394.1960214247511077,
            687.1870074920579083,
            42.313330701600911252,
            1.0,
        ];
        return q * horner(&num, r) / horner(&den, r);
    }
    if tail == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-tail.ln()).sqrt();
    let y = if r <= 5.0 {
        let num = [
            7.7454501427834140764e-4,
            0.0227238449892691845833,
            0.24178072517745061177,
            1.27045825245236838258,
            3.64784832476320460504,
            5.7694972214606914055,
            4.6303378461565452959,
            1.42343711074968357734,
        ];
        let den = [
            1.05075007164441684324e-9,
            5.475938084995344946e-4,
            0.0151986665636164571966,
            0.14810397642748007459,
            0.68976733498510000455,
            1.6763848301838038494,
            2.05319162663775882187,
            1.0,
        ];
        horner(&num, r - 1.6) / horner(&den, r - 1.6)
    } else {
        let num = [
            2.01033439929228813265e-7,
            2.71155556874348757815e-5,
            0.0012426609473880784386,
            0.026532189526576123093,
            0.29656057182850489123,
            1.7848265399172913358,
            5.4637849111641143699,
            6.6579046435011037772,
        ];
        let den = [
            2.04426310338993978564e-15,
            1.4215117583164458887e-7,
            1.8463183175100546818e-5,
            7.868691311456132591e-4,
            0.0148753612908506148525,
            0.13692988092273580531,
            0.59983220655588793769,
            1.0,
        ];
        horner(&num, r - 5.0) / horner(&den, r - 5.0)
    };
    y.copysign(q)
}

/// Polynomial with the highest coefficient first.
fn horner(c: &[f64], x: f64) -> f64 {
    c.iter().fold(0.0, |p, &c| p * x + c)
}
