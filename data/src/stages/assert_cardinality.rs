//! `assert_cardinality`: says how many elements there are, and checks it.

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// Declares the number of elements where it cannot be known. A pass that turns out longer or shorter
    /// gives an error in that place.
    pub fn assert_cardinality(self, count: u64) -> Dataset<T> {
        let site = self.next_site("assert_cardinality");
        Dataset::from_stage(AssertCardinality { site, count, input: self })
    }
}

struct AssertCardinality<T> {
    site: Site,
    count: u64,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for AssertCardinality<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let (site, count, input) = (self.site, self.count, self.input.open(pass)?);
        Ok(Box::new(Counting { site, count, given: 0, ended: false, input }))
    }

    fn cardinality(&self) -> Cardinality {
        Cardinality::Finite(self.count)
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct Counting<T> {
    site: Site,
    count: u64,
    given: u64,
    ended: bool,
    input: Box<dyn Cursor<T>>,
}

impl<T> Cursor<T> for Counting<T> {
    fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        let next = self.input.next();
        let found = match &next {
            Some(Err(e)) if e.is_fatal() => {
                self.ended = true;
                return next;
            }
            Some(_) if self.given < self.count => {
                self.given += 1;
                return next;
            }
            None if self.given == self.count => {
                self.ended = true;
                return None;
            }
            Some(_) => "more".to_owned(),
            None => format!("only {}", self.given),
        };
        self.ended = true;
        let message =
            format!("assert_cardinality: expected {} elements, the dataset has {found}", self.count);
        Some(Err(self.site.error(self.given, ErrorKind::Limit, message).fatal()))
    }

    fn save(&self) -> IteratorState {
        let words = [self.given, u64::from(self.ended)];
        IteratorState::of("assert_cardinality").words(words).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("assert_cardinality", 2, 1)?;
        (self.given, self.ended) = (state.number(0), state.number(1) != 0);
        self.input.restore(&state.children()[0])
    }
}
