//! `flat_map`: a dataset for every element, one after the other.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::error::{ErrorKind, Result, Site};
use crate::guard::guard;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

type Make<T, U> = dyn Fn(T) -> Dataset<U> + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// The elements of the datasets that `f` makes, one dataset after the other. The cardinality becomes
    /// unknown.
    pub fn flat_map<U: Send + 'static>(
        self,
        f: impl Fn(T) -> Dataset<U> + Send + Sync + 'static,
    ) -> Dataset<U> {
        Dataset::from_stage(FlatMap { site: self.next_site("flat_map"), input: self, f: Arc::new(f) })
    }
}

struct FlatMap<T, U> {
    site: Site,
    input: Dataset<T>,
    f: Arc<Make<T, U>>,
}

impl<T: Send + 'static, U: Send + 'static> Stage<U> for FlatMap<T, U> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        let (site, input, f) = (self.site, self.input.open(pass)?, Arc::clone(&self.f));
        Ok(Box::new(FlatMapCursor { site, pass, input, read: 0, current: None, f }))
    }
}

struct FlatMapCursor<T, U> {
    site: Site,
    pass: Pass,
    input: Box<dyn Cursor<T>>,
    /// Elements read from the input, the current one among them.
    read: u64,
    current: Option<Box<dyn Cursor<U>>>,
    f: Arc<Make<T, U>>,
}

/// Makes and opens the dataset of one element.
pub(crate) fn open_nested<T, U: Send + 'static>(
    site: Site,
    pass: Pass,
    at: u64,
    x: Result<T>,
    f: &Make<T, U>,
) -> Result<Box<dyn Cursor<U>>> {
    let dataset = x.and_then(|x| guard(site, at, || f(x)))?;
    dataset.open(pass.nested(site, at)).map_err(|e| e.at(site, at))
}

impl<T: Send, U: Send + 'static> Cursor<U> for FlatMapCursor<T, U> {
    fn next(&mut self) -> Option<Result<U>> {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(x) = current.next() {
                    return Some(x);
                }
                self.current = None;
            }
            let x = self.input.next()?;
            let at = self.read;
            self.read += 1;
            match open_nested(self.site, self.pass, at, x, &*self.f) {
                Ok(cursor) => self.current = Some(cursor),
                Err(e) => return Some(Err(e)),
            }
        }
    }

    fn save(&self) -> IteratorState {
        let state = IteratorState::of("flat_map").word(self.read);
        match &self.current {
            Some(current) => state.input(current.save()),
            None => state,
        }
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("flat_map", 1, 0)?;
        self.read = state.number(0);
        let Some(inner) = state.children().first() else {
            self.input.advance(self.read);
            return Ok(());
        };
        // The element that the current dataset was made from is read again.
        let gone = || self.site.error(self.read, ErrorKind::State, "restore: the input has become shorter");
        let at = self.read.checked_sub(1).ok_or_else(gone)?;
        self.input.advance(at);
        let x = self.input.next().unwrap_or_else(|| Err(gone()));
        let mut current = open_nested(self.site, self.pass, at, x, &*self.f)?;
        current.restore(inner)?;
        self.current = Some(current);
        Ok(())
    }
}
