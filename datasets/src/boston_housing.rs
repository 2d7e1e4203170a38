//! Boston housing: 506 prices in suburbs of the 1970s, in thousands of dollars, with 13 features.
//!
//! One feature, `B`, was built to express that racial segregation raises prices. Prefer
//! [`california_housing`](crate::california_housing) for anything but a discussion of that.
//!
//! David Harrison, Daniel L. Rubinfeld, "Hedonic housing prices and the demand for clean air", 1978.

use crate::catalog::BOSTON_HOUSING;
use crate::error::Result;
use crate::lookup::{Lookup, lookup_options};
use crate::regression::{Regression, RegressionDataset, read_text};
use crate::source::Source;
use crate::split::check_test_split;

/// What the features are.
pub const FEATURE_NAMES: &[&str] =
    &["CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT"];

/// Loads the prices with Keras's defaults; see [`Loader`].
///
/// # Errors
/// As [`Loader::load`].
pub fn load() -> Result<RegressionDataset> {
    Loader::new().load()
}

/// Options of loading the prices.
#[derive(Clone, Debug)]
pub struct Loader {
    lookup: Lookup,
    test_split: f64,
    seed: u32,
}

lookup_options!(Loader);

impl Default for Loader {
    fn default() -> Loader {
        Loader { lookup: Lookup::default(), test_split: 0.2, seed: 113 }
    }
}

impl Loader {
    /// Keras's defaults.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// The share of rows, from 0 to below 1, that become test rows. Default: 0.2.
    pub fn test_split(mut self, test_split: f64) -> Loader {
        self.test_split = test_split;
        self
    }

    /// The seed of the order, drawn as by `numpy.random.RandomState`. Default: 113.
    pub fn seed(mut self, seed: u32) -> Loader {
        self.seed = seed;
        self
    }

    /// Loads 404 training and 102 test rows, in the same order as `keras.datasets.boston_housing.load_data`. The
    /// user's folder may hold the original `housing.data` in place of Keras's file.
    ///
    /// # Errors
    /// One line with file, expected and found: a file that is nowhere, damaged, or another; a `test_split` outside
    /// its range.
    pub fn load(&self) -> Result<RegressionDataset> {
        check_test_split("boston_housing", self.test_split)?;
        let columns = FEATURE_NAMES.len();
        let original = self.lookup.probe(&BOSTON_HOUSING, |folder| {
            let has_npz = folder.join("boston_housing.npz").is_file();
            Some(folder.join("housing.data")).filter(|path| !has_npz && path.is_file())
        });
        let (all, source) = match original {
            Some(path) => {
                let rows = read_text(&path, columns + 1)?;
                let all = Regression {
                    x: rows.iter().flat_map(|row| &row[..columns]).copied().collect(),
                    shape: [rows.len(), columns],
                    y: rows.iter().map(|row| row[columns]).collect(),
                };
                (all, Source::Directory { path, official: false })
            }
            None => {
                let located = self.lookup.locate(&BOSTON_HOUSING, BOSTON_HOUSING.files)?;
                (Regression::read_npz(&located.paths[0], columns)?, located.source)
            }
        };
        let [train, test] = all.split(self.seed, self.test_split);
        Ok(RegressionDataset { train, test, source, feature_names: FEATURE_NAMES })
    }
}
