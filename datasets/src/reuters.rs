//! Reuters: 11,228 newswires of 1987 as lists of word numbers, in 46 topics.
//!
//! ```no_run
//! let data = gradus_datasets::reuters::Loader::new().num_words(10_000).test_split(0.2).load()?;
//! println!("{} newswires", data.train.len());
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! David D. Lewis, "Reuters-21578 Text Categorization Test Collection", 1997.

use std::collections::HashMap;

use crate::catalog::REUTERS;
use crate::error::{Error, ErrorKind, Result};
use crate::lookup::{Lookup, lookup_options};
use crate::mt19937::Mt19937;
use crate::npy::Npz;
use crate::sequences::{LabeledSequences, SequenceDataset, WordOptions, read_word_index, word_options};
use crate::split::{check_test_split, train_count};

/// What the labels 0 to 45 mean.
pub const CLASS_NAMES: &[&str; 46] = &[
    "cocoa",
    "grain",
    "veg-oil",
    "earn",
    "acq",
    "wheat",
    "copper",
    "housing",
    "money-supply",
    "coffee",
    "sugar",
    "trade",
    "reserves",
    "ship",
    "cotton",
    "carcass",
    "crude",
    "nat-gas",
    "cpi",
    "money-fx",
    "interest",
    "gnp",
    "meal-feed",
    "alum",
    "oilseed",
    "gold",
    "tin",
    "strategic-metal",
    "livestock",
    "retail",
    "ipi",
    "iron-steel",
    "rubber",
    "heat",
    "jobs",
    "lei",
    "bop",
    "zinc",
    "orange",
    "pet-chem",
    "dlr",
    "gas",
    "silver",
    "wpi",
    "hog",
    "lead",
];

/// Loads the newswires with Keras's defaults; see [`Loader`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<SequenceDataset> {
    Loader::new().load()
}

/// Options of loading the newswires: Keras's, and where to look.
#[derive(Clone, Debug)]
pub struct Loader {
    lookup: Lookup,
    words: WordOptions,
    test_split: f64,
}

lookup_options!(Loader);
word_options!(Loader);

impl Default for Loader {
    fn default() -> Loader {
        Loader { lookup: Lookup::default(), words: WordOptions::default(), test_split: 0.2 }
    }
}

impl Loader {
    /// Keras's defaults.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// The share of texts, from 0 to 1, that become test texts. Default: 0.2.
    pub fn test_split(mut self, test_split: f64) -> Loader {
        self.test_split = test_split;
        self
    }

    /// Loads the newswires, the same numbers in the same order as `keras.datasets.reuters.load_data`.
    ///
    /// # Errors
    /// One line with file, expected and found: a file that is nowhere, damaged, or another; a `test_split` outside
    /// 0 to 1; a `maxlen` that leaves no text.
    pub fn load(&self) -> Result<SequenceDataset> {
        check_test_split("reuters", self.test_split)?;
        let located = self.lookup.locate(&REUTERS, &REUTERS.files[..1])?;
        let path = &located.paths[0];
        let texts = LabeledSequences::read(&mut Npz::open(path)?, "x", "y", path)?;
        let order = Mt19937::new(self.words.seed).permutation(texts.len());
        let mut train = self.words.mark(texts.reordered(&order));
        if train.is_empty() {
            let text =
                format!("reuters: no text is shorter than maxlen = {:?}", self.words.maxlen.unwrap_or(0));
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        self.words.limit(&mut [&mut train]);
        let count = train_count(train.len(), self.test_split);
        let test = LabeledSequences {
            sequences: train.sequences.split_off(count),
            labels: train.labels.split_off(count),
        };
        Ok(SequenceDataset { train, test, source: located.source })
    }

    /// Loads the number of each word, 1 for the most frequent; a loaded text has these numbers plus
    /// [`index_from`](Loader::index_from).
    ///
    /// # Errors
    /// As [`load`](Loader::load).
    pub fn word_index(&self) -> Result<HashMap<String, i32>> {
        read_word_index(&self.lookup.locate(&REUTERS, &REUTERS.files[1..])?.paths[0])
    }
}
