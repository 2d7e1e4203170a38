//! `skip`: all but the first elements.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::stages::strided::Strided;
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// All elements but the first `count`; `usize::MAX` skips all (TensorFlow's -1).
    ///
    /// Skipped elements are passed over, not computed, where the stages before allow it: a `map` does not
    /// call its function for them, and an error that it would have given is not seen.
    pub fn skip(self, count: usize) -> Dataset<T> {
        let count = if count == usize::MAX { u64::MAX } else { count as u64 };
        Dataset::from_stage(Skip { site: self.next_site("skip"), count, input: self })
    }
}

struct Skip<T> {
    site: Site,
    count: u64,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for Skip<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let endless = self.count == u64::MAX;
        let left = if endless { 0 } else { self.count };
        Ok(Box::new(SkipCursor { left, endless, input: self.input.open(pass)? }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality().map(|n| n.saturating_sub(self.count))
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let input = self.input.random_access(pass)?;
        let all = input.len();
        let start = self.count.min(all);
        let len = if all == u64::MAX && self.count != u64::MAX { all } else { all - start };
        Some(Arc::new(Strided { input, start, step: 1, len }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct SkipCursor<T> {
    left: u64,
    endless: bool,
    input: Box<dyn Cursor<T>>,
}

impl<T> SkipCursor<T> {
    #[inline]
    fn pass_over(&mut self) {
        if self.left > 0 {
            self.input.advance(self.left);
            self.left = 0;
        }
    }
}

impl<T> Cursor<T> for SkipCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        if self.endless {
            return None;
        }
        self.pass_over();
        self.input.next()
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("skip").word(self.left).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("skip", 1, 1)?;
        self.left = state.number(0);
        self.input.restore(&state.children()[0])
    }

    fn advance(&mut self, count: u64) -> u64 {
        if self.endless {
            return 0;
        }
        self.pass_over();
        self.input.advance(count)
    }
}
