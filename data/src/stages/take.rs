//! `take`: the first elements.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::stages::strided::Strided;
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// The first `count` elements, or all if there are fewer; `usize::MAX` takes all (TensorFlow's -1).
    pub fn take(self, count: usize) -> Dataset<T> {
        let count = if count == usize::MAX { u64::MAX } else { count as u64 };
        Dataset::from_stage(Take { site: self.next_site("take"), count, input: self })
    }
}

struct Take<T> {
    site: Site,
    count: u64,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for Take<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        Ok(Box::new(TakeCursor { left: self.count, input: self.input.open(pass)? }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality().take(self.count)
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let input = self.input.random_access(pass)?;
        let len = input.len().min(self.count);
        Some(Arc::new(Strided { input, start: 0, step: 1, len }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct TakeCursor<T> {
    left: u64,
    input: Box<dyn Cursor<T>>,
}

impl<T> Cursor<T> for TakeCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        self.input.next()
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("take").word(self.left).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("take", 1, 1)?;
        self.left = state.number(0);
        self.input.restore(&state.children()[0])
    }

    fn advance(&mut self, count: u64) -> u64 {
        let n = self.input.advance(count.min(self.left));
        self.left -= n;
        n
    }
}
