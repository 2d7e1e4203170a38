//! `enumerate`: every element with its number.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// Pairs `(number, element)`, numbers from 0 (int64, as in TensorFlow).
    pub fn enumerate(self) -> Dataset<(i64, T)> {
        self.enumerate_from(0)
    }

    /// Pairs `(number, element)`, numbers from `start`.
    pub fn enumerate_from(self, start: i64) -> Dataset<(i64, T)> {
        Dataset::from_stage(Enumerate { site: self.next_site("enumerate"), start, input: self })
    }
}

struct Enumerate<T> {
    site: Site,
    start: i64,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<(i64, T)> for Enumerate<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<(i64, T)>>> {
        Ok(Box::new(EnumerateCursor { start: self.start, next: 0, input: self.input.open(pass)? }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<(i64, T)>>> {
        Some(Arc::new(EnumerateAccess { start: self.start, input: self.input.random_access(pass)? }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(ElementSpec::Tuple(vec![ElementSpec::scalar("int64"), self.input.stage().spec()?]))
    }
}

struct EnumerateAccess<T> {
    start: i64,
    input: Arc<dyn RandomAccess<T>>,
}

impl<T> RandomAccess<(i64, T)> for EnumerateAccess<T> {
    fn len(&self) -> u64 {
        self.input.len()
    }

    fn get(&self, index: u64) -> Result<(i64, T)> {
        Ok((self.start.wrapping_add_unsigned(index), self.input.get(index)?))
    }
}

struct EnumerateCursor<T> {
    start: i64,
    next: u64,
    input: Box<dyn Cursor<T>>,
}

impl<T> Cursor<(i64, T)> for EnumerateCursor<T> {
    fn next(&mut self) -> Option<Result<(i64, T)>> {
        let x = self.input.next()?;
        let number = self.start.wrapping_add_unsigned(self.next);
        self.next += 1;
        Some(x.map(|x| (number, x)))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("enumerate").word(self.next).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("enumerate", 1, 1)?;
        self.next = state.number(0);
        self.input.restore(&state.children()[0])
    }

    fn advance(&mut self, count: u64) -> u64 {
        let n = self.input.advance(count);
        self.next += n;
        n
    }
}
