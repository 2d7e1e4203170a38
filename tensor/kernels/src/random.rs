//! Random numbers as a pure function of (key, counter, index).
//!
//! Philox4x32-10 (Salmon et al. 2011): block b of four 32-bit words is a keyed permutation of the 128-bit number
//! counter + b. Element i of an array takes its words from a block that follows from i alone, so neither
//! threads nor the length of the array change it. Words become numbers as in TensorFlow's
//! `stateless_random_*` with the Philox algorithm: uniform numbers have the same bits.

use crate::dtype::Element;
use crate::math::{Float, select};
use crate::special;
use crate::split;
use crate::vector::{self, Body};

/// Blocks that are permuted side by side: a round waits for its product, so several vectors take turns, as
/// many as registers hold: twice as many go through memory, and took six times as long with AVX-512.
const WIDTH: usize = 16;

/// Where a stream of random words starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    /// The key: streams of different keys are independent.
    pub key: u64,
    /// Number of the first block.
    pub counter: u128,
}

impl Philox {
    /// The stream of a key from its start.
    pub fn new(key: u64) -> Philox {
        Philox { key, counter: 0 }
    }

    /// The stream `blocks` blocks (of four words) further on.
    pub fn skip(self, blocks: u128) -> Philox {
        Philox { counter: self.counter.wrapping_add(blocks), ..self }
    }

    /// The four words of block b.
    pub fn block(self, b: u64) -> [u32; 4] {
        self.permute::<1>(b).map(|w| w[0])
    }

    /// The words of W blocks b, b + 1, ...: word w of block b + i is at [w][i].
    ///
    /// Words have 64 bits, of which the lower half counts: products of 32-bit numbers come so, and need not be taken apart.
    #[inline(always)]
    fn permute<const W: usize>(self, b: u64) -> [[u32; W]; 4] {
        let base = self.counter.wrapping_add(u128::from(b));
        let mut c = [[0u64; W]; 4];
        for i in 0..W {
            c[0][i] = u64::from((base as u32).wrapping_add(i as u32));
        }
        if u64::from(base as u32) + (W as u64) <= 1 << 32 {
            for w in 1..4 {
                c[w] = [u64::from((base >> (32 * w)) as u32); W];
            }
        } else {
            for i in 0..W {
                let n = base.wrapping_add(i as u128);
                for (w, c) in c.iter_mut().enumerate().skip(1) {
                    c[i] = u64::from((n >> (32 * w)) as u32);
                }
            }
        }
        let (mut k0, mut k1) = (self.key as u32, (self.key >> 32) as u32);
        for _ in 0..10 {
            let (a, b) = (u64::from(k0), u64::from(k1));
            for i in 0..W {
                let p = u64::from(c[0][i] as u32) * 0xD251_1F53;
                let q = u64::from(c[2][i] as u32) * 0xCD9E_8D57;
                let (x1, x3) = (c[1][i], c[3][i]);
                c[0][i] = (q >> 32) ^ x1 ^ a;
                c[1][i] = q;
                c[2][i] = (p >> 32) ^ x3 ^ b;
                c[3][i] = p;
            }
            // The golden ratio and sqrt(3) - 1, as 32-bit fractions.
            k0 = k0.wrapping_add(0x9E37_79B9);
            k1 = k1.wrapping_add(0xBB67_AE85);
        }
        c.map(|w| w.map(|v| v as u32))
    }
}

/// Words of blocks `first`, ... into `out`, four per block.
struct Words<'a> {
    stream: Philox,
    first: u64,
    out: &'a mut [u32],
}

impl Body for Words<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let mut b = self.first;
        for out in self.out.chunks_mut(4 * WIDTH) {
            let c = self.stream.permute::<WIDTH>(b);
            b += WIDTH as u64;
            if out.len() == 4 * WIDTH {
                for (i, out) in out.chunks_exact_mut(4).enumerate() {
                    for w in 0..4 {
                        out[w] = c[w][i];
                    }
                }
            } else {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = c[i % 4][i / 4];
                }
            }
        }
    }
}

/// Elements per tile: a multiple of the elements of a block.
const TILE: usize = 1024;

/// Fills y tile by tile: `f` makes elements from `words` words each.
fn fill<T: Send>(stream: Philox, y: &mut [T], words: usize, ns: f64, f: impl Fn(&[u32], &mut [T]) + Sync) {
    split::chunks(y, split::piece(ns).max(TILE), |start, y| {
        let mut bits = vec![0u32; (TILE.min(y.len()) * words).next_multiple_of(4)];
        for (t, y) in y.chunks_mut(TILE).enumerate() {
            let first = ((start + t * TILE) * words / 4) as u64;
            // Whole blocks: the last element may need a word beyond its own.
            let bits = &mut bits[..(y.len() * words).next_multiple_of(4)];
            vector::run(Words { stream, first, out: bits });
            f(bits, y);
        }
    });
}

/// Word i of the stream.
pub fn bits_u32(stream: Philox, y: &mut [u32]) {
    fill(stream, y, 1, 0.8, |bits, y| y.copy_from_slice(&bits[..y.len()]));
}

/// Words 2i (low half) and 2i + 1 (high half) of the stream.
pub fn bits_u64(stream: Philox, y: &mut [u64]) {
    fill(stream, y, 2, 1.6, |bits, y| {
        for (y, b) in y.iter_mut().zip(bits.chunks_exact(2)) {
            *y = u64::from(b[0]) | u64::from(b[1]) << 32;
        }
    });
}

/// f32 in [0, 1) from the low 23 bits of a word.
#[inline(always)]
fn unit32(bits: u32) -> f32 {
    f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000) - 1.0
}

/// f64 in [0, 1) from the low 20 bits of the first word and all of the second.
#[inline(always)]
fn unit64(high: u32, low: u32) -> f64 {
    let mantissa = u64::from(high & 0x000f_ffff) << 32 | u64::from(low);
    f64::from_bits(mantissa | 1023 << 52) - 1.0
}

struct Uniform<'a> {
    bits: &'a [u32],
    y: &'a mut [f32],
    low: f32,
    range: f32,
}

impl Body for Uniform<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (y, &b) in self.y.iter_mut().zip(self.bits) {
            *y = unit32(b) * self.range + self.low;
        }
    }
}

/// Uniform in [low, high): low + (high - low) u, one word per f32.
pub fn uniform_f32(stream: Philox, low: f32, high: f32, y: &mut [f32]) {
    fill(stream, y, 1, 1.0, |bits, y| vector::run(Uniform { bits, y, low, range: high - low }));
}

struct Dropout<'a> {
    bits: &'a [u32],
    x: &'a [f32],
    y: &'a mut [f32],
    rate: f32,
    scale: f32,
}

impl Body for Dropout<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for ((y, &x), &b) in self.y.iter_mut().zip(self.x).zip(self.bits) {
            *y = select(unit32(b) < self.rate, 0.0, x * self.scale);
        }
    }
}

/// y = 0 where the stream's [`uniform_f32`] in [0, 1) is below `rate`, else `x * scale`. Panics when lengths differ.
pub fn dropout_f32(stream: Philox, rate: f32, scale: f32, x: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "dropout: lengths");
    split::chunks(y, split::piece(0.6).max(TILE), |start, y| {
        let mut bits = [0u32; TILE];
        for (t, y) in y.chunks_mut(TILE).enumerate() {
            let at = start + t * TILE;
            let bits = &mut bits[..y.len().next_multiple_of(4)];
            vector::run(Words { stream, first: at as u64 / 4, out: bits });
            vector::run(Dropout { bits, x: &x[at..at + y.len()], y, rate, scale });
        }
    });
}

/// Uniform in [low, high): low + (high - low) u, two words per f64.
pub fn uniform_f64(stream: Philox, low: f64, high: f64, y: &mut [f64]) {
    fill(stream, y, 2, 2.0, |bits, y| {
        for (y, b) in y.iter_mut().zip(bits.chunks_exact(2)) {
            *y = unit64(b[0], b[1]) * (high - low) + low;
        }
    });
}

/// sqrt(-2 ln u) of the even words (halved length), and 2 pi v of the odd ones; then sines and cosines.
struct Normal<'a> {
    bits: &'a [u32],
    y: &'a mut [f32],
    mean: f32,
    stddev: f32,
}

impl Body for Normal<'_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Normal { bits, y, mean, stddev } = self;
        let mut r = [0.0f32; TILE / 2];
        let mut a = [0.0f32; TILE / 2];
        for ((r, a), b) in r.iter_mut().zip(&mut a).zip(bits.chunks_exact(2)) {
            let u = unit32(b[0]);
            *r = if u < 1e-7 { 1e-7 } else { u };
            *a = unit32(b[1]) * std::f32::consts::TAU;
        }
        let half = y.len() / 2;
        for r in &mut r[..half] {
            *r = (-2.0 * Float::ln(*r)).sqrt() * stddev;
        }
        for ((y, &r), &a) in y.chunks_exact_mut(2).zip(&r).zip(&a) {
            y[0] = Float::sin(a) * r + mean;
            y[1] = Float::cos(a) * r + mean;
        }
    }
}

/// Normal with this mean and standard deviation, by Box and Muller: elements 2i and 2i + 1 share two words.
pub fn normal_f32(stream: Philox, mean: f32, stddev: f32, y: &mut [f32]) {
    fill(stream, y, 1, 4.0, |bits, y| {
        let even = y.len() & !1;
        let (y, last) = y.split_at_mut(even);
        vector::run(Normal { bits: &bits[..even], y, mean, stddev });
        if let [last] = last {
            let mut pair = [0.0; 2];
            vector::run(Normal { bits: &bits[even..even + 2], y: &mut pair, mean, stddev });
            *last = pair[0];
        }
    });
}

/// Normal with this mean and standard deviation, by Box and Muller on f64: four words make two elements.
pub fn normal_f64(stream: Philox, mean: f64, stddev: f64, y: &mut [f64]) {
    split::chunks(y, 4096, |start, y| {
        for (i, y) in (start..).zip(y) {
            let w = stream.block(i as u64 / 2);
            let r = (-2.0 * unit64(w[0], w[1]).max(1e-7).ln()).sqrt() * stddev;
            let a = unit64(w[2], w[3]) * std::f64::consts::TAU;
            *y = r * if i % 2 == 0 { a.sin() } else { a.cos() } + mean;
        }
    });
}

/// Normal, cut off at `bound` standard deviations on both sides, by inversion of the distribution function: no values are
/// rejected, so element i needs word pair i only. Keras and TensorFlow cut at 2.
pub fn truncated_normal<T: Element>(stream: Philox, mean: f64, stddev: f64, bound: f64, y: &mut [T]) {
    let low = special::ndtr(-bound);
    fill(stream, y, 2, 40.0, |bits, y| {
        for (y, b) in y.iter_mut().zip(bits.chunks_exact(2)) {
            let p = low + unit64(b[0], b[1]) * (1.0 - 2.0 * low);
            *y = T::from_f64(mean + stddev * special::ndtri(p).clamp(-bound, bound));
        }
    });
}

/// Whole numbers in [low, high), low + word mod (high - low); every i32 when low = high.
///
/// Two words would be needed to spread the remainder evenly; like TensorFlow's, the bias is below
/// (high - low) / 2^32.
pub fn uniform_i32(stream: Philox, low: i32, high: i32, y: &mut [i32]) {
    let range = high.wrapping_sub(low) as u32;
    fill(stream, y, 1, 2.0, |bits, y| {
        for (y, &b) in y.iter_mut().zip(bits) {
            *y = low.wrapping_add(b.checked_rem(range).unwrap_or(b) as i32);
        }
    });
}

/// Whole numbers in [low, high), low + word pair mod (high - low); every i64 when low = high.
pub fn uniform_i64(stream: Philox, low: i64, high: i64, y: &mut [i64]) {
    let range = high.wrapping_sub(low) as u64;
    fill(stream, y, 2, 4.0, |bits, y| {
        for (y, b) in y.iter_mut().zip(bits.chunks_exact(2)) {
            let b = u64::from(b[0]) | u64::from(b[1]) << 32;
            *y = low.wrapping_add(b.checked_rem(range).unwrap_or(b) as i64);
        }
    });
}

#[cfg(test)]
mod tests;
