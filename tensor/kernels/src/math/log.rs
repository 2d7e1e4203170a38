//! Logarithms in f32.

use super::select;

const LN_2: f32 = std::f32::consts::LN_2;

/// ln x = e ln 2 + ln m with m in [sqrt 1/2, sqrt 2); the polynomial is that of Cephes `logf`. 1 ulp.
///
/// Zero gives -inf, negative numbers NaN.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // Subnormals are scaled up by 2^23 first.
    let tiny = x < f32::MIN_POSITIVE;
    let v = select(tiny, x * 8_388_608.0, x);
    let bias = select(tiny, -23, 0);
    // Subtracting the bits of sqrt(1/2) puts the mantissa boundary there.
    let bits = (v.to_bits() as i32).wrapping_sub(0x3f35_04f3);
    let e = ((bits >> 23) + bias) as f32;
    let m = f32::from_bits(((bits & 0x007f_ffff) + 0x3f35_04f3) as u32) - 1.0;
    let z = m * m;
    let p = 7.037_683_6e-2f32.mul_add(m, -1.151_461e-1);
    let p = p.mul_add(m, 1.167_699_9e-1);
    let p = p.mul_add(m, -1.242_014_1e-1);
    let p = p.mul_add(m, 1.424_932_3e-1);
    let p = p.mul_add(m, -1.666_805_8e-1);
    let p = p.mul_add(m, 2.000_071_5e-1);
    let p = p.mul_add(m, -2.499_999_4e-1);
    let p = p.mul_add(m, 0.333_333_3);
    let y = e.mul_add(-2.121_944_4e-4, m * z * p);
    let y = z.mul_add(-0.5, y);
    let y = e.mul_add(0.693_359_4, m + y);
    let y = select(x == 0.0, f32::NEG_INFINITY, y);
    // +inf and NaN give themselves.
    let y = select(x < f32::INFINITY, y, x);
    select(x < 0.0, f32::NAN, y)
}

/// ln(1 + x): the logarithm of the rounded sum, plus what the rounding lost. 2 ulp.
#[inline(always)]
pub fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let lost = select(u >= 2.0, 1.0 - (u - x), x - (u - 1.0));
    let y = ln(u) + lost / u;
    // u is infinite or zero: the correction is not a number. A zero keeps its sign.
    let y = select(x < f32::INFINITY, y, x);
    let y = select(u == 0.0, f32::NEG_INFINITY, y);
    select(x == 0.0, x, y)
}

/// ln(x + sqrt(x^2 + 1)). 4 ulp.
#[inline(always)]
pub fn asinh(x: f32) -> f32 {
    let a = x.abs();
    let big = a > 1e6;
    let b = select(big, 1.0, a);
    let s = b * b;
    let u = b + s / (1.0 + (s + 1.0).sqrt());
    let near = ln_1p(u);
    select(big, ln(a) + LN_2, near).copysign(x)
}

/// ln(x + sqrt(x^2 - 1)); NaN below 1. 4 ulp.
#[inline(always)]
pub fn acosh(x: f32) -> f32 {
    let big = x > 1e6;
    let t = select(big, 1.0, x) - 1.0;
    let near = ln_1p(t + t.mul_add(t, t + t).sqrt());
    let y = select(big, ln(x) + LN_2, near);
    select(x < 1.0, f32::NAN, y)
}

/// ln((1 + x) / (1 - x)) / 2. 4 ulp.
#[inline(always)]
pub fn atanh(x: f32) -> f32 {
    let a = x.abs();
    let y = (0.5 * ln_1p((a + a) / (1.0 - a))).copysign(x);
    select(a > 1.0, f32::NAN, y)
}
