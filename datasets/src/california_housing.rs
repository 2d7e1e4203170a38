//! California housing: 20,640 prices of the 1990 census, in dollars, with 8 features.
//!
//! ```no_run
//! use gradus_datasets::california_housing::{Loader, Version};
//!
//! let data = Loader::new().version(Version::Small).load()?;
//! assert_eq!(data.train.shape, [480, 8]);
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! R. Kelley Pace, Ronald Barry, "Sparse Spatial Autoregressions", 1997.

use crate::catalog::CALIFORNIA_HOUSING;
use crate::error::Result;
use crate::lookup::{Lookup, lookup_options};
use crate::regression::{Regression, RegressionDataset, read_text};
use crate::source::Source;
use crate::split::check_test_split;

/// What the features are: medians and means per block group.
pub const FEATURE_NAMES: &[&str] =
    &["MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"];

/// How many rows to load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// The first 600.
    Small,
    /// All 20,640.
    #[default]
    Large,
}

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
    version: Version,
    test_split: f64,
    seed: u32,
}

lookup_options!(Loader);

impl Default for Loader {
    fn default() -> Loader {
        Loader { lookup: Lookup::default(), version: Version::default(), test_split: 0.2, seed: 113 }
    }
}

impl Loader {
    /// Keras's defaults.
    pub fn new() -> Loader {
        Loader::default()
    }

    /// How many rows to load. Default: [`Version::Large`].
    pub fn version(mut self, version: Version) -> Loader {
        self.version = version;
        self
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

    /// Loads the prices, in the same order as `keras.datasets.california_housing.load_data`. The user's folder may
    /// hold the original `cal_housing.data` in place of Keras's file; its totals are then divided by the number of
    /// households.
    ///
    /// # Errors
    /// One line with file, expected and found: a file that is nowhere, damaged, or another; a `test_split` outside
    /// its range.
    pub fn load(&self) -> Result<RegressionDataset> {
        check_test_split("california_housing", self.test_split)?;
        let original = self.lookup.probe(&CALIFORNIA_HOUSING, |folder| {
            let has_npz = folder.join("california_housing.npz").is_file();
            Some(folder.join("cal_housing.data")).filter(|path| !has_npz && path.is_file())
        });
        let (all, source) = match original {
            Some(path) => (from_census(&read_text(&path, 9)?), Source::Directory { path, official: false }),
            None => {
                let located = self.lookup.locate(&CALIFORNIA_HOUSING, CALIFORNIA_HOUSING.files)?;
                (Regression::read_npz(&located.paths[0], FEATURE_NAMES.len())?, located.source)
            }
        };
        let all = match self.version {
            Version::Small => all.first(600),
            Version::Large => all,
        };
        let [train, test] = all.split(self.seed, self.test_split);
        Ok(RegressionDataset { train, test, source, feature_names: FEATURE_NAMES })
    }
}

/// Longitude, latitude, age, rooms, bedrooms, population, households, income, value.
fn from_census(rows: &[Vec<f64>]) -> Regression {
    let features = |row: &Vec<f64>| {
        let households = row[6];
        [
            row[7],
            row[2],
            row[3] / households,
            row[4] / households,
            row[5],
            row[5] / households,
            row[1],
            row[0],
        ]
    };
    Regression {
        x: rows.iter().flat_map(features).collect(),
        shape: [rows.len(), FEATURE_NAMES.len()],
        y: rows.iter().map(|row| row[8]).collect(),
    }
}
