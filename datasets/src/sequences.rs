//! Texts as lists of word numbers, and Keras's options for them.

use std::collections::HashMap;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::npy::{Npy, NpyValues, Npz};
use crate::source::Source;

/// Texts as word numbers, with a label each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabeledSequences {
    /// One list of word numbers per text, of different lengths.
    pub sequences: Vec<Vec<i32>>,
    /// One label per text.
    pub labels: Vec<i32>,
}

impl LabeledSequences {
    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The texts in the order of `indices`, each of which occurs once.
    pub(crate) fn reordered(mut self, indices: &[usize]) -> LabeledSequences {
        LabeledSequences {
            sequences: indices.iter().map(|&index| std::mem::take(&mut self.sequences[index])).collect(),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
        }
    }

    /// Reads one array of lists and one of labels.
    pub(crate) fn read(npz: &mut Npz, lists: &str, labels: &str, place: &Path) -> Result<LabeledSequences> {
        let NpyValues::Lists(sequences) = npz.array(lists)?.values else {
            let text = format!("lists of integers in the array {lists:?}");
            return Err(Error::corrupt(&place.display().to_string(), text, "numbers"));
        };
        let labels = integers(npz.array(labels)?, &format!("{}: array {labels:?}", place.display()))?;
        if labels.len() != sequences.len() {
            let text = format!("a label for each of {} texts", sequences.len());
            return Err(Error::corrupt(&place.display().to_string(), text, labels.len()));
        }
        Ok(LabeledSequences { sequences, labels })
    }
}

fn integers(array: Npy, place: &str) -> Result<Vec<i32>> {
    match array.values {
        NpyValues::U8(values) => Ok(values.into_iter().map(i32::from).collect()),
        NpyValues::I64(values) => values
            .into_iter()
            .map(|value| i32::try_from(value).map_err(|_| Error::corrupt(place, "labels of 32 bits", value)))
            .collect(),
        _ => Err(Error::corrupt(place, "labels that are integers", "other values")),
    }
}

/// Training and test texts, with where they came from.
#[derive(Clone, Debug)]
pub struct SequenceDataset {
    /// The texts to learn from.
    pub train: LabeledSequences,
    /// The texts to be judged by.
    pub test: LabeledSequences,
    /// Where the file was found.
    pub source: Source,
}

/// How words become numbers; Keras's options with Keras's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WordOptions {
    pub(crate) num_words: Option<i32>,
    pub(crate) skip_top: i32,
    pub(crate) maxlen: Option<usize>,
    pub(crate) seed: u32,
    pub(crate) start_char: Option<i32>,
    pub(crate) oov_char: Option<i32>,
    pub(crate) index_from: i32,
}

impl Default for WordOptions {
    fn default() -> WordOptions {
        WordOptions {
            num_words: None,
            skip_top: 0,
            maxlen: None,
            seed: 113,
            start_char: Some(1),
            oov_char: Some(2),
            index_from: 3,
        }
    }
}

impl WordOptions {
    /// Shifts the word numbers, marks the starts, and drops texts that are not shorter than `maxlen`.
    pub(crate) fn mark(&self, texts: LabeledSequences) -> LabeledSequences {
        let mut marked = LabeledSequences::default();
        for (text, label) in texts.sequences.into_iter().zip(texts.labels) {
            let shifted = text.iter().map(|word| word.saturating_add(self.index_from));
            let text: Vec<i32> = self.start_char.into_iter().chain(shifted).collect();
            // Keras keeps texts that are shorter than `maxlen`, not those of exactly that length.
            if self.maxlen.is_none_or(|maxlen| text.len() < maxlen) {
                marked.sequences.push(text);
                marked.labels.push(label);
            }
        }
        marked
    }

    /// Replaces or drops the words outside `skip_top .. num_words`, where `num_words` defaults to the largest number
    /// in all texts, so that, as in Keras, the rarest word is always outside.
    pub(crate) fn limit(&self, sets: &mut [&mut LabeledSequences]) {
        let largest = sets.iter().flat_map(|set| set.sequences.iter().flatten()).copied().max().unwrap_or(0);
        let words = self.skip_top..self.num_words.unwrap_or(largest);
        for text in sets.iter_mut().flat_map(|set| &mut set.sequences) {
            match self.oov_char {
                Some(oov) => {
                    text.iter_mut().filter(|word| !words.contains(word)).for_each(|word| *word = oov)
                }
                None => text.retain(|word| words.contains(word)),
            }
        }
    }
}

/// Reads Keras's list of words: a JSON object from word to number, where 1 is the most frequent word.
pub(crate) fn read_word_index(path: &Path) -> Result<HashMap<String, i32>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, &e))?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let text = format!("{}: expected a JSON object of words and numbers: {e}", path.display());
        Error::new(ErrorKind::Corrupt, text)
    })
}

/// Gives a loader Keras's options for words, kept in its field `words`.
macro_rules! word_options {
    ($loader:ty) => {
        impl $loader {
            /// Keeps the word numbers below this one, after [`index_from`](Self::index_from) was added; rarer words
            /// become [`oov_char`](Self::oov_char). Default: the largest number that occurs, which is not kept.
            pub fn num_words(mut self, num_words: i32) -> Self {
                self.words.num_words = Some(num_words);
                self
            }

            /// Replaces the word numbers below this one, the most frequent words. Default: 0.
            pub fn skip_top(mut self, skip_top: i32) -> Self {
                self.words.skip_top = skip_top;
                self
            }

            /// Drops texts of this many words or more, the start mark included. Default: keeps all.
            pub fn maxlen(mut self, maxlen: usize) -> Self {
                self.words.maxlen = Some(maxlen);
                self
            }

            /// The seed of the order, drawn as by `numpy.random.RandomState`. Default: 113.
            pub fn seed(mut self, seed: u32) -> Self {
                self.words.seed = seed;
                self
            }

            /// Marks the start of each text; `None` leaves it unmarked. Default: `Some(1)`.
            pub fn start_char(mut self, start_char: impl Into<Option<i32>>) -> Self {
                self.words.start_char = start_char.into();
                self
            }

            /// Stands for the words that are left out; `None` drops them. Default: `Some(2)`.
            pub fn oov_char(mut self, oov_char: impl Into<Option<i32>>) -> Self {
                self.words.oov_char = oov_char.into();
                self
            }

            /// Added to all word numbers, to make room for 0 (padding), 1 (start) and 2 (unknown). Default: 3.
            pub fn index_from(mut self, index_from: i32) -> Self {
                self.words.index_from = index_from;
                self
            }
        }
    };
}
pub(crate) use word_options;
