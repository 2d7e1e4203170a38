//! Randomness that depends on what is drawn for, never on who draws first.
//!
//! Every random number of a pipeline is a function of (seed, epoch, stage, index): the user's seed, the
//! number of the pass, the place of the stage in the chain and the index of the element there. Threads
//! may therefore work in any order, and an iterator may be continued in the middle, without any
//! generator state to carry along. The mixing function is the finalizer of SplitMix64 (Steele, Lea,
//! Flood 2014), applied to a running key.

use rand_core::TryRng;
use std::convert::Infallible;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15; // 2^64 / golden ratio, odd

pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A key from which random numbers are drawn: fold in what they are for, then draw by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The key of a seed.
    pub const fn new(seed: u64) -> Self {
        Key(mix(seed.wrapping_add(GOLDEN)))
    }

    /// The key for one of many uses of this key.
    pub const fn fold(self, word: u64) -> Self {
        Key(mix(self.0 ^ mix(word.wrapping_add(GOLDEN))))
    }

    /// 64 random bits for this index.
    pub const fn bits(self, index: u64) -> u64 {
        mix(self.0.wrapping_add(index.wrapping_mul(GOLDEN)))
    }

    /// A number in `0..below` for this index; `below` must not be 0, else the result is 0.
    ///
    /// Multiply and shift (Lemire 2019) without the rejection step: the bias is below 2^-32 for every
    /// count that fits in memory, and the number of draws stays one per index.
    pub const fn below(self, index: u64, below: u64) -> u64 {
        ((self.bits(index) as u128 * below as u128) >> 64) as u64
    }

    /// A number in `[0, 1)` for this index, with 53 random bits.
    pub const fn unit(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A generator that starts at this key, for whoever needs many numbers for one element.
    pub const fn rng(self) -> KeyedRng {
        KeyedRng { key: self, next: 0 }
    }
}

/// A small generator over a [`Key`]; it implements `rand`'s traits, so `rand_distr` works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRng {
    key: Key,
    next: u64,
}

impl KeyedRng {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let at = self.next;
        self.next += 1;
        self.key.bits(at)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number in `0..below`; 0 if `below` is 0.
    pub fn below(&mut self, below: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(below)) >> 64) as u64
    }
}

impl TryRng for KeyedRng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_keys_are_independent() {
        let key = Key::new(7).fold(1);
        let mut counts = [0u32; 10];
        for i in 0..100_000 {
            counts[key.below(i, 10) as usize] += 1;
        }
        for (digit, n) in counts.into_iter().enumerate() {
            // 10,000 expected, standard deviation 95: six of them.
            assert!((9_430..10_570).contains(&n), "digit {digit} drawn {n} times");
        }
        assert_ne!(key.bits(0), Key::new(7).fold(2).bits(0));
        assert_ne!(Key::new(0).bits(0), Key::new(1).bits(0));
        let mean: f64 = (0..10_000).map(|i| key.unit(i)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "mean {mean}");
    }
}
