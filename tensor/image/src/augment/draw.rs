//! The random numbers of one image.

/// A small generator: SplitMix64 (Steele, Lea, Flood 2014) from a key.
#[derive(Clone, Debug)]
pub struct Draw(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15; // 2^64 / golden ratio, odd

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Draw {
    /// The numbers of image `index` under a key.
    pub fn of(key: u64, index: usize) -> Draw {
        Draw(fold(key, index as u64))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number from `low` to `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True half of the time.
    pub fn coin(&mut self) -> bool {
        self.bits() >> 63 == 1
    }

    /// A number in `0..below`; 0 if `below` is 0.
    pub fn below(&mut self, below: usize) -> usize {
        ((u128::from(self.bits()) * below as u128) >> 64) as usize
    }

    /// A number with mean 0 and standard deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A number of the gamma distribution of that shape (Marsaglia and Tsang 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let lift = (1.0 - self.unit()).powf(1.0 / shape);
            return lift * self.gamma(shape + 1.0);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// A number of the symmetric beta distribution.
    pub fn beta(&mut self, alpha: f64) -> f64 {
        let (a, b) = (self.gamma(alpha), self.gamma(alpha));
        // Both underflow for a tiny alpha, whose beta is 0 or 1.
        if a + b > 0.0 { a / (a + b) } else { f64::from(u8::from(self.coin())) }
    }

    /// The numbers `0..count` in random order (Fisher and Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

/// The key for one of many uses of a key.
pub(crate) fn fold(key: u64, word: u64) -> u64 {
    mix(mix(key.wrapping_add(GOLDEN)) ^ mix(word.wrapping_mul(GOLDEN).wrapping_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_moments() {
        let mut draw = Draw::of(3, 0);
        let n = 40_000;
        let mut moments = |f: &mut dyn FnMut(&mut Draw) -> f64| {
            let v: Vec<f64> = (0..n).map(|_| f(&mut draw)).collect();
            let mean = v.iter().sum::<f64>() / n as f64;
            (mean, v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64)
        };
        // Tolerances are five standard errors and more.
        let cases: [(&str, &mut dyn FnMut(&mut Draw) -> f64, f64, f64); 5] = [
            ("unit", &mut |d| d.unit(), 0.5, 1.0 / 12.0),
            ("normal", &mut |d| d.normal(), 0.0, 1.0),
            ("gamma 0.4", &mut |d| d.gamma(0.4), 0.4, 0.4),
            ("beta 0.2", &mut |d| d.beta(0.2), 0.5, 0.25 / 1.4),
            ("coin", &mut |d| f64::from(u8::from(d.coin())), 0.5, 0.25),
        ];
        for (name, f, mean, variance) in cases {
            let (m, v) = moments(f);
            assert!((m - mean).abs() < 0.03 && (v - variance).abs() < 0.05, "{name}: mean {m}, variance {v}");
        }
        let mut order = Draw::of(1, 1).permutation(9);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
