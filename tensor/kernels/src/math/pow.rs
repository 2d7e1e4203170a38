//! Powers in f32.

use super::select;
use std::f64::consts::{LN_2, LOG2_E};

/// 2^52 * 1.5: adding it leaves the nearest integer in the low mantissa bits of an f64.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// log2 of a positive f32 in f64, relative error about 1e-11; -inf at 0, inf at inf.
#[inline(always)]
fn log2(a: f32) -> f64 {
    let tiny = a < f32::MIN_POSITIVE;
    let v = select(tiny, a * 8_388_608.0, a);
    let bits = (v.to_bits() as i32).wrapping_sub(0x3f35_04f3);
    let e = (bits >> 23) + select(tiny, -23, 0);
    let m = f64::from(f32::from_bits(((bits & 0x007f_ffff) + 0x3f35_04f3) as u32));
    // ln m = 2 atanh s, s = (m - 1) / (m + 1), |s| < 0.172: seven terms of the series.
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let p = (1.0f64 / 13.0).mul_add(z, 1.0 / 11.0);
    let p = p.mul_add(z, 1.0 / 9.0);
    let p = p.mul_add(z, 1.0 / 7.0);
    let p = p.mul_add(z, 1.0 / 5.0);
    let p = p.mul_add(z, 1.0 / 3.0);
    let p = p.mul_add(z, 1.0);
    let l = (s * p).mul_add(2.0 * LOG2_E, f64::from(e));
    let l = select(a == 0.0, f64::NEG_INFINITY, l);
    select(a < f32::INFINITY, l, f64::from(a))
}

/// 2^t, relative error about 1e-10; t is clamped to where f32 has long over- or underflowed.
#[inline(always)]
fn exp2(t: f64) -> f64 {
    let t = select(t > 200.0, 200.0, t);
    let t = select(t < -200.0, -200.0, t);
    let shifted = t + ROUND;
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let r = (t - (shifted - ROUND)) * LN_2;
    let p = (1.0f64 / 40320.0).mul_add(r, 1.0 / 5040.0);
    let p = p.mul_add(r, 1.0 / 720.0);
    let p = p.mul_add(r, 1.0 / 120.0);
    let p = p.mul_add(r, 1.0 / 24.0);
    let p = p.mul_add(r, 1.0 / 6.0);
    let p = p.mul_add(r, 0.5);
    let p = p.mul_add(r, 1.0);
    let p = p.mul_add(r, 1.0);
    p * f64::from_bits(n.wrapping_add(1023) << 52)
}

/// x^y after IEEE 754, by way of f64. 1 ulp.
#[inline(always)]
pub fn pow(x: f32, y: f32) -> f32 {
    let a = x.abs();
    let magnitude = exp2(f64::from(y) * log2(a)) as f32;
    // 1 to an infinite power, where the product is 0 times infinity.
    let magnitude = select((a == 1.0) & !y.is_nan(), 1.0, magnitude);
    let whole = y.floor() == y;
    let half = 0.5 * y;
    let odd = whole & (half.floor() != half);
    let signed = select(odd, magnitude.copysign(x), magnitude);
    // A negative finite number to a power that is not whole.
    let v = select((x < 0.0) & !whole & (a < f32::INFINITY), f32::NAN, signed);
    select((y == 0.0) | (x == 1.0), 1.0, v)
}
