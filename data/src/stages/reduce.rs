//! `reduce`: one value from all elements.

use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::guard::guard;

impl<T: Send + 'static> Dataset<T> {
    /// Combines the elements of epoch 0, in order, beginning with `initial_state`; without elements that
    /// is the result.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// assert_eq!(Dataset::range(0..5).reduce(0, |sum, x| sum + x).unwrap(), 10);
    /// ```
    ///
    /// # Errors
    /// The first error of the pipeline, or a panic of `f`.
    pub fn reduce<S>(&self, initial_state: S, f: impl Fn(S, T) -> S) -> Result<S> {
        let site: Site = self.next_site("reduce");
        let mut state = initial_state;
        for (x, at) in self.iter_epoch(0).zip(0..) {
            let x = x?;
            state = guard(site, at, || f(state, x))?;
        }
        Ok(state)
    }

    /// How many elements epoch 0 gives, by going through it.
    ///
    /// # Errors
    /// The first error of the pipeline.
    pub fn count(&self) -> Result<u64> {
        self.reduce(0, |n, _| n + 1)
    }
}
