//! Random words as rand's generators give them, out of the counter-based generator.

use gradus_kernels::random::{Philox, bits_u32};
use gradus_kernels::threads::par_chunks_mut;
use gradus_tensor::ops::random_stream;
use gradus_tensor::view::View;
use rand_core::TryRng;
use std::convert::Infallible;

/// Elements that draw from one stream, one after the other.
const GROUP: usize = 64;
/// A stream holds 2^28 blocks of four words before the next group's begins.
const GROUP_BITS: u32 = 28;
/// Words drawn at once.
const WORDS: usize = 64;

/// A generator over the words of a Philox stream.
pub(crate) struct Stream {
    philox: Philox,
    block: u128,
    words: [u32; WORDS],
    used: usize,
}

impl Stream {
    pub fn new(philox: Philox) -> Stream {
        Stream { philox, block: 0, words: [0; WORDS], used: WORDS }
    }

    fn word(&mut self) -> u32 {
        if self.used == WORDS {
            bits_u32(self.philox.skip(self.block), &mut self.words);
            self.block += (WORDS / 4) as u128;
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }
}

impl TryRng for Stream {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(self.word())
    }
    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(u64::from(self.word()) | u64::from(self.word()) << 32)
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> std::result::Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            chunk.copy_from_slice(&self.word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Element `i` as `f(i, words)`. Elements draw what they need, in groups with a stream each: a value depends on the
/// state, its index and the parameters of its group, and on no thread.
pub(crate) fn fill<T: Send>(state: &View<'_>, y: &mut [T], f: impl Fn(usize, &mut Stream) -> T + Sync) {
    let philox = random_stream(state);
    par_chunks_mut(y, GROUP * 16, |c, y| {
        for (g, y) in y.chunks_mut(GROUP).enumerate() {
            let group = c * 16 + g;
            let mut stream = Stream::new(philox.skip((group as u128) << GROUP_BITS));
            for (i, y) in y.iter_mut().enumerate() {
                *y = f(group * GROUP + i, &mut stream);
            }
        }
    });
}
