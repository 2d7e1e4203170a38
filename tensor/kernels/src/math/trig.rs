//! Trigonometric functions in f32.

use super::select;
use std::f32::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, PI};

/// pi / 2 in three parts, for a reduction with fused multiply-adds.
const PIO2_1: f32 = 1.570_796_4;
const PIO2_2: f32 = -4.371_139e-8;
const PIO2_3: f32 = -1.716_339_7e-15;
const ROUND: f32 = 12_582_912.0;

/// Beyond this the three-part reduction is no longer exact enough.
pub const LIMIT: f32 = 30_000.0;

/// x = n pi / 2 + r with |r| <= pi / 4.
#[inline(always)]
fn reduce(x: f32) -> (u32, f32) {
    let t = x.mul_add(FRAC_2_PI, ROUND);
    let k = t - ROUND;
    let r = k.mul_add(-PIO2_1, x);
    let r = k.mul_add(-PIO2_2, r);
    (t.to_bits(), k.mul_add(-PIO2_3, r))
}

#[inline(always)]
fn sin_poly(r: f32) -> f32 {
    let z = r * r;
    let p = (-1.951_529_6e-4f32).mul_add(z, 8.332_161e-3);
    let p = p.mul_add(z, -1.666_665_5e-1);
    (p * z).mul_add(r, r)
}

#[inline(always)]
fn cos_poly(r: f32) -> f32 {
    let z = r * r;
    let p = 2.443_315_7e-5f32.mul_add(z, -1.388_731_6e-3);
    let p = p.mul_add(z, 4.166_664_6e-2);
    (p * z).mul_add(z, z.mul_add(-0.5, 1.0))
}

/// Sine, for |x| <= [`LIMIT`]. 2 ulp.
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    let (n, r) = reduce(x);
    let y = select(n & 1 != 0, cos_poly(r), sin_poly(r));
    let y = f32::from_bits(y.to_bits() ^ ((n & 2) << 30));
    select(x == 0.0, x, y)
}

/// Cosine, for |x| <= [`LIMIT`]. 2 ulp.
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    let (n, r) = reduce(x);
    let y = select(n & 1 != 0, sin_poly(r), cos_poly(r));
    f32::from_bits(y.to_bits() ^ ((n.wrapping_add(1) & 2) << 30))
}

/// Tangent, for |x| <= [`LIMIT`]. 4 ulp.
#[inline(always)]
pub fn tan(x: f32) -> f32 {
    let (n, r) = reduce(x);
    let z = r * r;
    let p = 9.385_402e-3f32.mul_add(z, 3.119_922_3e-3);
    let p = p.mul_add(z, 2.443_013_6e-2);
    let p = p.mul_add(z, 5.341_128_1e-2);
    let p = p.mul_add(z, 1.333_88e-1);
    let p = p.mul_add(z, 3.333_315_7e-1);
    let t = (p * z).mul_add(r, r);
    let y = select(n & 1 != 0, -1.0 / t, t);
    select(x == 0.0, x, y)
}

/// Arc tangent. 3 ulp.
#[inline(always)]
pub fn atan(x: f32) -> f32 {
    let a = x.abs();
    // tan(3 pi / 8) and tan(pi / 8) part the line in three.
    let far = a > 2.414_213_7;
    let mid = a > 0.414_213_57;
    let num = select(far, -1.0, select(mid, a - 1.0, a));
    let den = select(far, a, select(mid, a + 1.0, 1.0));
    let base = select(far, FRAC_PI_2, select(mid, FRAC_PI_4, 0.0));
    let t = num / den;
    let z = t * t;
    let p = 8.053_745e-2f32.mul_add(z, -1.387_768_5e-1);
    let p = p.mul_add(z, 1.997_771e-1);
    let p = p.mul_add(z, -3.333_295e-1);
    (base + (p * z).mul_add(t, t)).copysign(x)
}

/// asin(t) for 0 <= t <= 1/2, given t and t^2.
#[inline(always)]
fn asin_poly(t: f32, z: f32) -> f32 {
    let p = 4.216_32e-2f32.mul_add(z, 2.418_131e-2);
    let p = p.mul_add(z, 4.547_002_6e-2);
    let p = p.mul_add(z, 7.495_300_3e-2);
    let p = p.mul_add(z, 1.666_675_2e-1);
    (p * z).mul_add(t, t)
}

/// Arc sine; NaN outside [-1, 1]. 3 ulp.
#[inline(always)]
pub fn asin(x: f32) -> f32 {
    let a = x.abs();
    let far = a > 0.5;
    let z = select(far, 0.5 * (1.0 - a), a * a);
    let t = select(far, z.sqrt(), a);
    let p = asin_poly(t, z);
    select(far, FRAC_PI_2 - (p + p), p).copysign(x)
}

/// Arc cosine; NaN outside [-1, 1]. 3 ulp.
#[inline(always)]
pub fn acos(x: f32) -> f32 {
    let a = x.abs();
    let far = a > 0.5;
    let z = select(far, 0.5 * (1.0 - a), a * a);
    let t = select(far, z.sqrt(), a);
    let p = asin_poly(t, z);
    let wide = p + p;
    let near = FRAC_PI_2 - p.copysign(x);
    select(far, select(x > 0.0, wide, PI - wide), near)
}
