//! The f32 functions against f64, in units in the last place, over their whole ranges.

use super::Float;
use crate::special;

/// Distance in units in the last place of the f32 nearest to the exact value.
fn ulps(found: f32, exact: f64) -> f64 {
    let near = exact as f32;
    if found.is_nan() || near.is_nan() {
        return if found.is_nan() == near.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if found == near {
        return 0.0;
    }
    let (a, b) = (near.abs(), f32::from_bits(near.abs().to_bits() + 1));
    let ulp = if b.is_finite() { f64::from(b) - f64::from(a) } else { 2f64.powi(104) };
    (f64::from(found) - exact).abs() / ulp
}

/// A name, the f32 function, the f64 function, the bound in ulp, and the range of arguments.
type Case = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f64, (f32, f32));

const ALL: (f32, f32) = (f32::NEG_INFINITY, f32::INFINITY);

fn cases() -> Vec<Case> {
    let limit = f32::TRIG_LIMIT as f32;
    vec![
        ("exp", Float::exp, f64::exp, 1.1, ALL),
        ("expm1", Float::expm1, f64::exp_m1, 2.0, ALL),
        ("ln", Float::ln, f64::ln, 1.0, ALL),
        ("ln_1p", Float::ln_1p, f64::ln_1p, 2.0, ALL),
        ("sin", Float::sin, f64::sin, 2.0, (-limit, limit)),
        ("cos", Float::cos, f64::cos, 2.0, (-limit, limit)),
        ("tan", Float::tan, f64::tan, 4.0, (-limit, limit)),
        ("asin", Float::asin, f64::asin, 3.0, ALL),
        ("acos", Float::acos, f64::acos, 3.0, ALL),
        ("atan", Float::atan, f64::atan, 3.0, ALL),
        ("sinh", Float::sinh, f64::sinh, 3.0, ALL),
        ("cosh", Float::cosh, f64::cosh, 2.0, ALL),
        ("tanh", Float::tanh, f64::tanh, 3.0, ALL),
        ("asinh", Float::asinh, f64::asinh, 4.0, ALL),
        ("acosh", Float::acosh, f64::acosh, 4.0, ALL),
        ("atanh", Float::atanh, f64::atanh, 4.0, ALL),
        ("erf", Float::erf, special::erf, 2.0, ALL),
        ("sigmoid", Float::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 3.0, ALL),
        ("softplus", Float::softplus, |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p(), 3.0, ALL),
    ]
}

/// Every exponent with a few mantissas, and a fine grid where the functions bend.
fn arguments() -> Vec<f32> {
    let mut x =
        vec![0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, 1e-45, 88.72284, -87.4, -103.9];
    for bits in (0..0x7f80_0000u32).step_by(9973) {
        x.push(f32::from_bits(bits));
        x.push(-f32::from_bits(bits));
    }
    x.extend((-120_000..120_000).map(|i| i as f32 * 0.000_97));
    x
}

#[test]
fn f32_functions_keep_their_error_bounds() {
    let mut failed = Vec::new();
    for (name, f, exact, bound, (low, high)) in cases() {
        let mut worst = (0.0, 0.0);
        for x in arguments().into_iter().filter(|x| (low..=high).contains(x)) {
            let mut e = ulps(f(x), exact(f64::from(x)));
            // Gradual underflow of the f64 reference or of a product of two scales: an absolute bound.
            if exact(f64::from(x)).abs() < 2e-38 {
                e = e.min((f64::from(f(x)) - exact(f64::from(x))).abs() / 1.5e-45 / 2.0);
            }
            if e > worst.0 {
                worst = (e, x);
            }
        }
        println!("{name}: {:.2} ulp at {}", worst.0, worst.1);
        if worst.0 > bound {
            failed.push(format!("{name}: {:.2} ulp at {:e}, bound {bound}", worst.0, worst.1));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn not_a_number_stays() {
    for (name, f, ..) in cases() {
        assert!(f(f32::NAN).is_nan(), "{name}");
    }
}

#[test]
fn signs_of_zero_stay() {
    for (name, f, exact, ..) in cases() {
        for x in [0.0f32, -0.0] {
            let (found, expected) = (f(x), exact(f64::from(x)) as f32);
            assert_eq!(found.to_bits(), expected.to_bits(), "{name}({x}): {expected}, found {found}");
        }
    }
}

#[test]
fn powers() {
    let special =
        [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    for x in special {
        for y in special {
            let (found, expected) = (Float::pow(x, y), x.powf(y));
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(same, "{x}^{y}: {expected}, found {found}");
        }
    }
    let mut worst = (0.0, 0.0, 0.0);
    for i in 0..200_000u32 {
        let x = f32::from_bits(i.wrapping_mul(10_007) % 0x7f80_0000);
        let y = (i.wrapping_mul(7919) % 10_007) as f32 * 0.01 - 50.0;
        let exact = f64::from(x).powf(f64::from(y));
        let e = if exact.abs() < 2e-38 { 0.0 } else { ulps(Float::pow(x, y), exact) };
        if e > worst.0 {
            worst = (e, x, y);
        }
    }
    println!("pow: {:.2} ulp at {} ^ {}", worst.0, worst.1, worst.2);
    assert!(worst.0 <= 1.0, "{worst:?}");
}
