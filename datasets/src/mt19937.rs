//! The generator behind `numpy.random.RandomState`, as far as Keras's splits need it.
//!
//! Matsumoto, Nishimura, "Mersenne Twister: A 623-dimensionally equidistributed uniform pseudorandom number
//! generator", 1998. Seeded by `init_genrand`; shuffles draw by masked rejection, as NumPy's legacy generator does.

const N: usize = 624;
const M: usize = 397;

/// `numpy.random.RandomState(seed)`.
pub(crate) struct Mt19937 {
    state: [u32; N],
    next: usize,
}

impl Mt19937 {
    pub(crate) fn new(seed: u32) -> Mt19937 {
        let mut state = [seed; N];
        for index in 1..N {
            let before = state[index - 1];
            state[index] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(index as u32);
        }
        Mt19937 { state, next: N }
    }

    fn draw(&mut self) -> u32 {
        if self.next == N {
            for index in 0..N {
                let y = (self.state[index] & 0x8000_0000) | (self.state[(index + 1) % N] & 0x7fff_ffff);
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[index] = self.state[(index + M) % N] ^ (y >> 1) ^ odd;
            }
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `indices = numpy.arange(count); rng.shuffle(indices)`.
    pub(crate) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            // As many low bits as `last` has.
            let mask = usize::MAX >> last.leading_zeros();
            let other = loop {
                let drawn = self.draw() as usize & mask;
                if drawn <= last {
                    break drawn;
                }
            };
            indices.swap(last, other);
        }
        indices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draws_of_the_reference() {
        // The reference implementation's default seed.
        let mut generator = Mt19937::new(5489);
        let draws: Vec<u32> = (0..5).map(|_| generator.draw()).collect();
        assert_eq!(draws, [3_499_211_612, 581_869_302, 3_890_346_734, 3_586_334_585, 545_404_204]);
        let tenthousandth = (5..10_000).map(|_| generator.draw()).last();
        assert_eq!(tenthousandth, Some(4_123_659_995));
    }

    #[test]
    fn permutations_equal_numpys() {
        let cases: [(u32, usize, &[usize]); 4] = [
            (113, 20_640, &[4380, 8381, 15_859, 10_108, 9370]),
            (113, 1, &[0]),
            (113, 0, &[]),
            (0, 10, &[2, 8, 4, 9, 1, 6, 7, 3, 0, 5]),
        ];
        for (seed, count, expected) in cases {
            let found = Mt19937::new(seed).permutation(count);
            assert_eq!(found[..expected.len()], *expected, "seed {seed}, {count}");
        }
    }
}
