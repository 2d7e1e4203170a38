//! The global seed, from which every random layer and initializer takes its key.
//!
//! Keys follow from the seed and a count of those who asked on this thread, so the same program with the
//! same seed makes the same model.

use std::cell::Cell;

thread_local! {
    static SEED: Cell<(u64, u64)> = const { Cell::new((0x6772_6164_7573, 0)) };
}

/// Sets the global seed of this thread: weights, shuffles and dropout that follow depend on it alone.
pub fn set_random_seed(seed: u64) {
    SEED.set((seed, 0));
}

/// The next key: no two are equal under one seed.
pub fn next_key() -> u64 {
    let (seed, n) = SEED.get();
    SEED.set((seed, n + 1));
    mix(seed ^ mix(n.wrapping_add(0x9E37_79B9_7F4A_7C15)))
}

/// What the next key follows from.
pub(crate) fn state() -> (u64, u64) {
    SEED.get()
}

/// Goes back to an earlier [`state`].
pub(crate) fn restore(state: (u64, u64)) {
    SEED.set(state);
}

/// The finalizer of SplitMix64: every bit of the input moves every bit of the output.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
