//! `filter`: the elements that a function accepts.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::error::{DataError, Result, Site};
use crate::guard::try_guard;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

type Predicate<T> = dyn Fn(&T) -> Result<bool> + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// Keeps the elements for which `predicate` is true. The cardinality becomes unknown.
    pub fn filter(self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) -> Dataset<T> {
        self.filter_stage(Arc::new(move |x| Ok(predicate(x))))
    }

    /// [`filter`](Self::filter) with a predicate that may fail.
    pub fn try_filter<E>(
        self,
        predicate: impl Fn(&T) -> std::result::Result<bool, E> + Send + Sync + 'static,
    ) -> Dataset<T>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.filter_stage(Arc::new(move |x| predicate(x).map_err(DataError::user)))
    }

    fn filter_stage(self, predicate: Arc<Predicate<T>>) -> Dataset<T> {
        Dataset::from_stage(Filter { site: self.next_site("filter"), input: self, predicate })
    }
}

struct Filter<T> {
    site: Site,
    input: Dataset<T>,
    predicate: Arc<Predicate<T>>,
}

impl<T: Send + 'static> Stage<T> for Filter<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let (site, predicate) = (self.site, Arc::clone(&self.predicate));
        Ok(Box::new(FilterCursor { site, next: 0, input: self.input.open(pass)?, predicate }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct FilterCursor<T> {
    site: Site,
    next: u64,
    input: Box<dyn Cursor<T>>,
    predicate: Arc<Predicate<T>>,
}

impl<T> Cursor<T> for FilterCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        loop {
            let x = self.input.next()?;
            let at = self.next;
            self.next += 1;
            let kept = x.and_then(|x| {
                try_guard(self.site, at, || (self.predicate)(&x)).map(|keep| keep.then_some(x))
            });
            match kept {
                Ok(None) => {}
                Ok(Some(x)) => return Some(Ok(x)),
                Err(e) => return Some(Err(e)),
            }
        }
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("filter").word(self.next).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("filter", 1, 1)?;
        self.next = state.number(0);
        self.input.restore(&state.children()[0])
    }
}
