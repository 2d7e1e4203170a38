//! `ignore_errors`: goes on behind errors, counts them and writes them down.

use std::sync::{Arc, Mutex};

use crate::crew::lock;
use crate::dataset::Dataset;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

/// How many errors a pass may ignore, and where they are written down.
///
/// ```
/// use gradus_data::{Dataset, IgnoreErrors};
/// let skipped = IgnoreErrors::at_most(2);
/// let ds = Dataset::from_vec(vec!["1", "x", "3"]).try_map(|s| s.parse::<i32>()).ignore_errors(&skipped);
/// assert_eq!(ds.collect().unwrap(), [1, 3]);
/// assert_eq!(skipped.skipped()[0].index(), Some(1));
/// ```
#[derive(Debug, Clone)]
pub struct IgnoreErrors {
    limit: u64,
    list: Arc<Mutex<List>>,
}

#[derive(Debug, Default)]
struct List {
    errors: Vec<DataError>,
    count: u64,
}

/// The list keeps this many errors; the rest are only counted.
const MAX_LISTED: usize = 10_000;

impl IgnoreErrors {
    /// No limit: what TensorFlow does. A dataset that fails everywhere then looks empty; prefer
    /// [`at_most`](Self::at_most).
    pub fn all() -> Self {
        IgnoreErrors { limit: u64::MAX, list: Arc::default() }
    }

    /// Up to so many errors in a pass; the next one is an error again and says so.
    pub fn at_most(limit: usize) -> Self {
        IgnoreErrors { limit: limit as u64, list: Arc::default() }
    }

    /// What was ignored so far, over all passes (the first 10,000).
    pub fn skipped(&self) -> Vec<DataError> {
        lock(&self.list).errors.iter().map(DataError::duplicate).collect()
    }

    /// How many errors were ignored so far, over all passes.
    pub fn count(&self) -> u64 {
        lock(&self.list).count
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// Leaves out elements that are errors. They are listed in `options`, which stays with the caller.
    pub fn ignore_errors(self, options: &IgnoreErrors) -> Dataset<T> {
        let options = options.clone();
        Dataset::from_stage(Ignore { site: self.next_site("ignore_errors"), options, input: self })
    }
}

struct Ignore<T> {
    site: Site,
    options: IgnoreErrors,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for Ignore<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let (site, options, input) = (self.site, self.options.clone(), self.input.open(pass)?);
        Ok(Box::new(IgnoreCursor { site, options, input, given: 0, ignored: 0 }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct IgnoreCursor<T> {
    site: Site,
    options: IgnoreErrors,
    input: Box<dyn Cursor<T>>,
    given: u64,
    ignored: u64,
}

impl<T> Cursor<T> for IgnoreCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        loop {
            let error = match self.input.next()? {
                Ok(x) => {
                    self.given += 1;
                    return Some(Ok(x));
                }
                Err(e) => e,
            };
            if self.ignored >= self.options.limit {
                let message = format!("more than {} errors; the last: {error}", self.options.limit);
                self.given += 1;
                return Some(Err(self.site.error(self.given - 1, ErrorKind::Limit, message).fatal()));
            }
            self.ignored += 1;
            let mut list = lock(&self.options.list);
            list.count += 1;
            if list.errors.len() < MAX_LISTED {
                list.errors.push(error);
            }
        }
    }

    fn save(&self) -> IteratorState {
        let words = [self.given, self.ignored];
        IteratorState::of("ignore_errors").words(words).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("ignore_errors", 2, 1)?;
        (self.given, self.ignored) = (state.number(0), state.number(1));
        self.input.restore(&state.children()[0])
    }
}
