//! IMDB: 50,000 film reviews as lists of word numbers, good (1) or bad (0).
//!
//! ```no_run
//! let data = gradus_datasets::imdb::Loader::new().num_words(10_000).load()?;
//! println!("{} reviews, the first of {} words", data.train.len(), data.train.sequences[0].len());
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Andrew L. Maas et al., "Learning Word Vectors for Sentiment Analysis", 2011.

use std::collections::HashMap;

use crate::catalog::IMDB;
use crate::error::{Error, ErrorKind, Result};
use crate::lookup::{Lookup, lookup_options};
use crate::mt19937::Mt19937;
use crate::npy::Npz;
use crate::sequences::{LabeledSequences, SequenceDataset, WordOptions, read_word_index, word_options};

/// What the labels 0 and 1 mean.
pub const CLASS_NAMES: &[&str] = &["negative", "positive"];

/// Loads the reviews with Keras's defaults; see [`Loader`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<SequenceDataset> {
    Loader::new().load()
}

/// Options of loading the reviews: Keras's, and where to look.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    lookup: Lookup,
    words: WordOptions,
}

lookup_options!(Loader);
word_options!(Loader);

impl Loader {
    /// Keras's defaults.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// Loads 25,000 training and 25,000 test reviews, the same numbers in the same order as
    /// `keras.datasets.imdb.load_data`.
    ///
    /// # Errors
    /// One line with file, expected and found: a file that is nowhere, damaged, or another; a `maxlen` that leaves
    /// no training or no test review.
    pub fn load(&self) -> Result<SequenceDataset> {
        let located = self.lookup.locate(&IMDB, &IMDB.files[..1])?;
        let path = &located.paths[0];
        let mut npz = Npz::open(path)?;
        let train = LabeledSequences::read(&mut npz, "x_train", "y_train", path)?;
        let test = LabeledSequences::read(&mut npz, "x_test", "y_test", path)?;
        // One generator for both: the test set's order depends on the size of the training set.
        let mut generator = Mt19937::new(self.words.seed);
        let mut mark = |texts: LabeledSequences| {
            let order = generator.permutation(texts.len());
            self.words.mark(texts.reordered(&order))
        };
        let (mut train, mut test) = (mark(train), mark(test));
        if train.is_empty() || test.is_empty() {
            let text =
                format!("imdb: no review is shorter than maxlen = {:?}", self.words.maxlen.unwrap_or(0));
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        self.words.limit(&mut [&mut train, &mut test]);
        Ok(SequenceDataset { train, test, source: located.source })
    }

    /// Loads the number of each word, 1 for the most frequent; a loaded text has these numbers plus
    /// [`index_from`](Loader::index_from).
    ///
    /// # Errors
    /// As [`load`](Loader::load).
    pub fn word_index(&self) -> Result<HashMap<String, i32>> {
        read_word_index(&self.lookup.locate(&IMDB, &IMDB.files[1..])?.paths[0])
    }
}
