//! exp and its kin in f32.

use super::select;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts; the first has nine trailing zero bits, so its product with an exponent is exact.
const LN2_HI: f32 = 0.693_359_4;
const LN2_LO: f32 = -2.121_944_4e-4;
/// 1.5 * 2^23: adding it leaves the nearest integer (halves to even) in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;

/// 2^n for n in -126..=127.
#[inline(always)]
fn pow2(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// x = n ln 2 + r with |r| <= ln(2) / 2.
#[inline(always)]
fn reduce(x: f32) -> (i32, f32) {
    let t = x.mul_add(LOG2_E, ROUND);
    let n = (t.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let k = t - ROUND;
    let r = k.mul_add(-LN2_LO, k.mul_add(-LN2_HI, x));
    (n, r)
}

/// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2: the minimax polynomial of Cephes `expf`.
#[inline(always)]
fn tail(r: f32) -> f32 {
    let p = 1.987_569_1e-4f32.mul_add(r, 1.398_2e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_6e-1);
    p.mul_add(r, 0.5)
}

/// 2^shift e^x, with gradual underflow and overflow to infinity. 1 ulp.
#[inline(always)]
pub fn exp(x: f32, shift: i32) -> f32 {
    // The scale 2^n is applied in two steps, which keeps both factors normal; NaN passes both clamps.
    let c = select(x > 90.0, 90.0, x);
    let c = select(c < -105.0, -105.0, c);
    let (n, r) = reduce(c);
    let p = (r * r).mul_add(tail(r), r) + 1.0;
    let half = n >> 1;
    p * pow2(half.wrapping_add(shift)) * pow2(n.wrapping_sub(half))
}

/// e^x - 1. 2 ulp.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    let c = select(x > 89.0, 89.0, x);
    let c = select(c < -30.0, -30.0, c);
    let (n, r) = reduce(c);
    let p = (r * r).mul_add(tail(r), r);
    // 2^n (e^r - 1) + (2^n - 1), halved so that n = 128 does not overflow before the result does.
    let s = pow2(n.wrapping_sub(1));
    let y = s.mul_add(p, s - 0.5);
    // The clamp at 89 gives infinity, and a negative zero must stay one.
    select(x == 0.0, x, y + y)
}

/// Hyperbolic tangent as e / (e + 2) with e = expm1(2 |x|). 3 ulp.
///
/// The last bits of e count for little here: the steps of [`expm1`], but with ln 2 in one part and one power less.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let a = x.abs();
    // 1 - tanh(10) is below half an ulp of 1.
    let a = select(a > 10.0, 10.0, a);
    let t = a.mul_add(2.0 * LOG2_E, ROUND);
    let n = (t.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let r = (t - ROUND).mul_add(-std::f32::consts::LN_2, a + a);
    let p = 1.389_823_3e-3f32.mul_add(r, 8.366_067e-3);
    let p = p.mul_add(r, 4.166_685_4e-2);
    let p = p.mul_add(r, 1.666_654_8e-1);
    let p = p.mul_add(r, 0.5);
    let p = (r * r).mul_add(p, r);
    let s = pow2(n);
    let e = s.mul_add(p, s - 1.0);
    (e / (e + 2.0)).copysign(x)
}

/// Hyperbolic sine: (e + e / (e + 1)) / 2 with e = expm1(|x|), and e^|x| / 2 where that is the same. 3 ulp.
#[inline(always)]
pub fn sinh(x: f32) -> f32 {
    let a = x.abs();
    let e = expm1(select(a > 20.0, 20.0, a));
    let small = 0.5 * (e + e / (e + 1.0));
    select(a > 20.0, exp(a, -1), small).copysign(x)
}

/// Hyperbolic cosine. 2 ulp.
#[inline(always)]
pub fn cosh(x: f32) -> f32 {
    let a = x.abs();
    exp(a, -1) + exp(-a, -1)
}

/// Error function: x p(x^2) near zero, 1 - e^-q(|x|) beyond. 2 ulp. NaN stays NaN.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let t = x.abs();
    let s = x * x;
    let t = select(t > 4.0, 4.0, t);
    let q = {
        let s = t * t;
        let a = (-1.728_534_7e-5f32).mul_add(t, 3.831_97e-4);
        let b = (-3.883_964_4e-3f32).mul_add(t, 2.425_462_2e-2);
        let q = a.mul_add(s, b);
        let q = q.mul_add(t, -1.067_778_8e-1);
        let q = q.mul_add(t, -6.348_467e-1);
        let q = q.mul_add(t, -1.287_175e-1);
        q.mul_add(t, -t)
    };
    let far = (1.0 - exp(q, 0)).copysign(x);
    let p = (-5.967_617e-4f32).mul_add(s, 4.991_194e-3);
    let p = p.mul_add(s, -2.676_813_5e-2);
    let p = p.mul_add(s, 1.128_199_2e-1);
    let p = p.mul_add(s, -3.761_253_4e-1);
    let p = p.mul_add(s, 1.283_791_7e-1);
    let near = p.mul_add(x, x);
    select(t > 475.0 / 512.0, far, near)
}
