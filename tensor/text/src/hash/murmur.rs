//! The 64-bit hash behind TensorFlow's `to_hash_bucket`: MurmurHash64A (Austin Appleby, public domain) with a fixed seed.

const SEED: u64 = 0x00de_cafc_affe;
const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;

pub(super) fn hash64(s: &[u8]) -> u64 {
    let mut h = SEED ^ (s.len() as u64).wrapping_mul(MULTIPLIER);
    let (words, tail) = s.as_chunks::<8>();
    for word in words {
        let mut k = u64::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        k ^= k >> 47;
        h = (h ^ k.wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        let mut last = [0; 8];
        last[..tail.len()].copy_from_slice(tail);
        h = (h ^ u64::from_le_bytes(last)).wrapping_mul(MULTIPLIER);
    }
    h = (h ^ h >> 47).wrapping_mul(MULTIPLIER);
    h ^ h >> 47
}
