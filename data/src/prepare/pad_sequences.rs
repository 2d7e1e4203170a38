//! Sequences of one length.

/// A side of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Its beginning.
    #[default]
    Pre,
    /// Its end.
    Post,
}

/// Keras's options of [`pad_sequences`]: both sides `Pre`, the length of the longest, filled with zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct PadSequences<T> {
    maxlen: Option<usize>,
    padding: Side,
    truncating: Side,
    value: T,
}

impl<T: Default> PadSequences<T> {
    /// Keras's defaults.
    pub fn new() -> Self {
        PadSequences::default()
    }

    /// The length of the result. Default: that of the longest sequence.
    pub fn maxlen(mut self, length: usize) -> Self {
        self.maxlen = Some(length);
        self
    }

    /// Where shorter sequences are filled up. Default `Pre`.
    pub fn padding(mut self, side: Side) -> Self {
        self.padding = side;
        self
    }

    /// Where longer sequences are cut. Default `Pre`: their ends stay.
    pub fn truncating(mut self, side: Side) -> Self {
        self.truncating = side;
        self
    }

    /// What to fill with. Default `T::default()`.
    pub fn value(mut self, value: T) -> Self {
        self.value = value;
        self
    }
}

#[cfg(feature = "tensor")]
impl<T> PadSequences<T> {
    pub(crate) fn length(&self) -> Option<usize> {
        self.maxlen
    }
}

/// Brings sequences to one length.
///
/// ```
/// use gradus_data::{PadSequences, pad_sequences};
/// let words = [vec![1], vec![2, 3], vec![4, 5, 6]];
/// assert_eq!(pad_sequences(&words, PadSequences::new()), [[0, 0, 1], [0, 2, 3], [4, 5, 6]]);
/// assert_eq!(pad_sequences(&words, PadSequences::new().maxlen(2)), [[0, 1], [2, 3], [5, 6]]);
/// ```
pub fn pad_sequences<T: Clone, S: AsRef<[T]>>(sequences: &[S], options: PadSequences<T>) -> Vec<Vec<T>> {
    let PadSequences { maxlen, padding, truncating, value } = options;
    let length = maxlen.unwrap_or_else(|| sequences.iter().map(|s| s.as_ref().len()).max().unwrap_or(0));
    let pad = |sequence: &S| {
        let sequence = sequence.as_ref();
        let kept = match truncating {
            _ if sequence.len() <= length => sequence,
            Side::Pre => &sequence[sequence.len() - length..],
            Side::Post => &sequence[..length],
        };
        let filling = std::iter::repeat_n(value.clone(), length - kept.len());
        match padding {
            Side::Pre => filling.chain(kept.iter().cloned()).collect(),
            Side::Post => kept.iter().cloned().chain(filling).collect(),
        }
    };
    sequences.iter().map(pad).collect()
}
