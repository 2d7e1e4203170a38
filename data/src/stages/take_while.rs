//! `take_while`: elements up to the first that a function refuses.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::guard::guard;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

type Predicate<T> = dyn Fn(&T) -> bool + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// Elements while `predicate` is true; the stream ends at the first for which it is not.
    pub fn take_while(self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) -> Dataset<T> {
        let predicate: Arc<Predicate<T>> = Arc::new(predicate);
        Dataset::from_stage(TakeWhile { site: self.next_site("take_while"), input: self, predicate })
    }
}

struct TakeWhile<T> {
    site: Site,
    input: Dataset<T>,
    predicate: Arc<Predicate<T>>,
}

impl<T: Send + 'static> Stage<T> for TakeWhile<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        Ok(Box::new(TakeWhileCursor {
            site: self.site,
            next: 0,
            ended: false,
            input: self.input.open(pass)?,
            predicate: Arc::clone(&self.predicate),
        }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct TakeWhileCursor<T> {
    site: Site,
    next: u64,
    ended: bool,
    input: Box<dyn Cursor<T>>,
    predicate: Arc<Predicate<T>>,
}

impl<T> Cursor<T> for TakeWhileCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let x = match self.input.next()? {
            Ok(x) => x,
            Err(e) => return Some(Err(e)),
        };
        let at = self.next;
        self.next += 1;
        match guard(self.site, at, || (self.predicate)(&x)) {
            Ok(true) => Some(Ok(x)),
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(e) => Some(Err(e)),
        }
    }

    fn save(&self) -> IteratorState {
        let words = [self.next, u64::from(self.ended)];
        IteratorState::of("take_while").words(words).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("take_while", 2, 1)?;
        (self.next, self.ended) = (state.number(0), state.number(1) != 0);
        self.input.restore(&state.children()[0])
    }
}
