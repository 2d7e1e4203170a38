//! FarmHash's 64-bit fingerprint (`farmhashna::Hash64`; Geoff Pike, Google, MIT licence).
//!
//! Strings are hashed by four routines by length: up to 16 bytes, 32, 64, and more in blocks of 64. Words are read
//! little-endian. The numbers `K0` to `K2` are primes between 2^63 and 2^64.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

fn word(s: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&s[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn half(s: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&s[at..at + 4]);
    u64::from(u32::from_le_bytes(bytes))
}

fn mix(v: u64) -> u64 {
    v ^ v >> 47
}

/// Two words into one, in the manner of Murmur.
fn join(u: u64, v: u64, by: u64) -> u64 {
    let a = mix((u ^ v).wrapping_mul(by));
    mix((v ^ a).wrapping_mul(by)).wrapping_mul(by)
}

/// The fingerprint of bytes: the same for all time and on every machine.
pub(crate) fn fingerprint64(s: &[u8]) -> u64 {
    match s.len() {
        0..=16 => short(s),
        17..=32 => medium(s),
        33..=64 => long(s),
        _ => blocks(s),
    }
}

fn short(s: &[u8]) -> u64 {
    let n = s.len();
    let by = K2.wrapping_add(n as u64 * 2);
    if n >= 8 {
        let a = word(s, 0).wrapping_add(K2);
        let b = word(s, n - 8);
        let c = b.rotate_right(37).wrapping_mul(by).wrapping_add(a);
        let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(by);
        return join(c, d, by);
    }
    if n >= 4 {
        return join((n as u64).wrapping_add(half(s, 0) << 3), half(s, n - 4), by);
    }
    if n > 0 {
        let y = u64::from(s[0]) + (u64::from(s[n >> 1]) << 8);
        let z = n as u64 + (u64::from(s[n - 1]) << 2);
        return mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2);
    }
    K2
}

fn medium(s: &[u8]) -> u64 {
    let n = s.len();
    let by = K2.wrapping_add(n as u64 * 2);
    let a = word(s, 0).wrapping_mul(K1);
    let b = word(s, 8);
    let c = word(s, n - 8).wrapping_mul(by);
    let d = word(s, n - 16).wrapping_mul(K2);
    join(
        a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d),
        a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c),
        by,
    )
}

fn long(s: &[u8]) -> u64 {
    let n = s.len();
    let by = K2.wrapping_add(n as u64 * 2);
    let a = word(s, 0).wrapping_mul(K2);
    let b = word(s, 8);
    let c = word(s, n - 8).wrapping_mul(by);
    let d = word(s, n - 16).wrapping_mul(K2);
    let y = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let z = join(y, a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c), by);
    let e = word(s, 16).wrapping_mul(by);
    let f = word(s, 24);
    let g = y.wrapping_add(word(s, n - 32)).wrapping_mul(by);
    let h = z.wrapping_add(word(s, n - 24)).wrapping_mul(by);
    join(
        e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h),
        e.wrapping_add(f.wrapping_add(a).rotate_right(18)).wrapping_add(g),
        by,
    )
}

/// 32 bytes and two seeds into two words.
fn weak(s: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let [w, x, y, z] = [0, 8, 16, 24].map(|i| word(s, at + i));
    let mut a = a.wrapping_add(w);
    let mut b = b.wrapping_add(a).wrapping_add(z).rotate_right(21);
    let c = a;
    a = a.wrapping_add(x).wrapping_add(y);
    b = b.wrapping_add(a.rotate_right(44));
    (a.wrapping_add(z), b.wrapping_add(c))
}

fn blocks(s: &[u8]) -> u64 {
    const SEED: u64 = 81;
    let n = s.len();
    let mut x = SEED;
    let mut y = SEED.wrapping_mul(K1).wrapping_add(113);
    let mut z = mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2);
    let (mut v, mut w) = ((0u64, 0u64), (0u64, 0u64));
    x = x.wrapping_mul(K2).wrapping_add(word(s, 0));
    // All blocks but the last 1 to 64 bytes, which the last round reads as the last 64.
    let end = (n - 1) / 64 * 64;
    for at in (0..end).step_by(64) {
        x = x
            .wrapping_add(y)
            .wrapping_add(v.0)
            .wrapping_add(word(s, at + 8))
            .rotate_right(37)
            .wrapping_mul(K1);
        y = y.wrapping_add(v.1).wrapping_add(word(s, at + 48)).rotate_right(42).wrapping_mul(K1);
        x ^= w.1;
        y = y.wrapping_add(v.0).wrapping_add(word(s, at + 40));
        z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(K1);
        v = weak(s, at, v.1.wrapping_mul(K1), x.wrapping_add(w.0));
        w = weak(s, at + 32, z.wrapping_add(w.1), y.wrapping_add(word(s, at + 16)));
        std::mem::swap(&mut z, &mut x);
    }
    let by = K1.wrapping_add((z & 0xff) << 1);
    let at = n - 64;
    w.0 = w.0.wrapping_add((n as u64 - 1) & 63);
    v.0 = v.0.wrapping_add(w.0);
    w.0 = w.0.wrapping_add(v.0);
    x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(word(s, at + 8)).rotate_right(37).wrapping_mul(by);
    y = y.wrapping_add(v.1).wrapping_add(word(s, at + 48)).rotate_right(42).wrapping_mul(by);
    x ^= w.1.wrapping_mul(9);
    y = y.wrapping_add(v.0.wrapping_mul(9)).wrapping_add(word(s, at + 40));
    z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(by);
    v = weak(s, at, v.1.wrapping_mul(by), x.wrapping_add(w.0));
    w = weak(s, at + 32, z.wrapping_add(w.1), y.wrapping_add(word(s, at + 16)));
    std::mem::swap(&mut z, &mut x);
    join(
        join(v.0, w.0, by).wrapping_add(mix(y).wrapping_mul(K0)).wrapping_add(z),
        join(v.1, w.1, by).wrapping_add(x),
        by,
    )
}
