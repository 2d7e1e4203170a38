//! How many elements a pipeline has, as far as its description tells.

/// The number of elements of a [`Dataset`](crate::Dataset), known without running it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cardinality {
    /// Exactly so many elements.
    Finite(u64),
    /// The pipeline never ends (TensorFlow's -1).
    Infinite,
    /// Not known without running it, for instance behind a filter (TensorFlow's -2).
    Unknown,
}

use Cardinality::{Finite, Infinite, Unknown};

impl Cardinality {
    /// TensorFlow's number: the count, -1 for infinite, -2 for unknown.
    pub fn as_i64(self) -> i64 {
        match self {
            Finite(n) => i64::try_from(n).unwrap_or(i64::MAX),
            Infinite => -1,
            Unknown => -2,
        }
    }

    /// The count, if it is finite and known.
    pub fn finite(self) -> Option<u64> {
        if let Finite(n) = self { Some(n) } else { None }
    }

    pub(crate) fn map(self, f: impl FnOnce(u64) -> u64) -> Self {
        if let Finite(n) = self { Finite(f(n)) } else { self }
    }

    /// Unknown unless infinite or empty: the count behind a stage that drops or adds elements.
    pub(crate) fn take(self, count: u64) -> Self {
        match self {
            Finite(n) => Finite(n.min(count)),
            Infinite if count == u64::MAX => Infinite,
            Infinite => Finite(count),
            Unknown => Unknown,
        }
    }

    pub(crate) fn repeat(self, count: Option<u64>) -> Self {
        match (self, count) {
            (Finite(0), _) | (_, Some(0)) => Finite(0),
            (Infinite, _) => Infinite,
            (Finite(_), None) => Infinite,
            (Unknown, None) => Infinite,
            (Finite(n), Some(k)) => n.checked_mul(k).map_or(Infinite, Finite),
            (Unknown, Some(_)) => Unknown,
        }
    }

    pub(crate) fn zip(self, other: Self) -> Self {
        match (self, other) {
            (Unknown, _) | (_, Unknown) => Unknown,
            (Infinite, c) | (c, Infinite) => c,
            (Finite(a), Finite(b)) => Finite(a.min(b)),
        }
    }

    pub(crate) fn concatenate(self, other: Self) -> Self {
        match (self, other) {
            (Infinite, _) | (_, Infinite) => Infinite,
            (Unknown, _) | (_, Unknown) => Unknown,
            (Finite(a), Finite(b)) => a.checked_add(b).map_or(Infinite, Finite),
        }
    }

    pub(crate) fn batch(self, size: u64, drop_remainder: bool) -> Self {
        self.map(|n| if drop_remainder { n / size.max(1) } else { n.div_ceil(size.max(1)) })
    }
}
