//! `scan`: a map with a state that is carried from element to element.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::guard::guard;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

type Step<T, S, U> = dyn Fn(S, T) -> (S, U) + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// `f(state, element)` gives the next state and what comes out; every pass begins with a clone of
    /// `initial_state`. An error or panic leaves the state as it was before that element.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let sums = Dataset::range(0..5).scan(0, |sum, x| (sum + x, sum + x));
    /// assert_eq!(sums.collect().unwrap(), [0, 1, 3, 6, 10]);
    /// ```
    pub fn scan<S, U>(
        self,
        initial_state: S,
        f: impl Fn(S, T) -> (S, U) + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        S: Clone + Send + Sync + 'static,
        U: Send + 'static,
    {
        Dataset::from_stage(Scan { site: self.next_site("scan"), initial_state, input: self, f: Arc::new(f) })
    }
}

struct Scan<T, S, U> {
    site: Site,
    initial_state: S,
    input: Dataset<T>,
    f: Arc<Step<T, S, U>>,
}

impl<T: Send + 'static, S: Clone + Send + Sync + 'static, U: Send + 'static> Stage<U> for Scan<T, S, U> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        Ok(Box::new(ScanCursor {
            site: self.site,
            next: 0,
            state: self.initial_state.clone(),
            input: self.input.open(pass)?,
            f: Arc::clone(&self.f),
        }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }
}

struct ScanCursor<T, S, U> {
    site: Site,
    next: u64,
    state: S,
    input: Box<dyn Cursor<T>>,
    f: Arc<Step<T, S, U>>,
}

impl<T: Send, S: Clone + Send, U: Send> Cursor<U> for ScanCursor<T, S, U> {
    fn next(&mut self) -> Option<Result<U>> {
        let x = self.input.next()?;
        let at = self.next;
        self.next += 1;
        Some(x.and_then(|x| {
            let (state, out) = guard(self.site, at, || (self.f)(self.state.clone(), x))?;
            self.state = state;
            Ok(out)
        }))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("scan").word(self.next)
    }

    /// The state is the user's and cannot be written: the elements before are gone through again.
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let wanted = state.expect("scan", 1, 0)?.number(0);
        self.advance(wanted);
        Ok(())
    }
}
