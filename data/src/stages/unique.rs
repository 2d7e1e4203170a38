//! `unique`: the first of equal elements.

use std::collections::HashSet;
use std::hash::Hash;

use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::guard::guard;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

impl<T: Clone + Eq + Hash + Send + 'static> Dataset<T> {
    /// Leaves out elements that came before. Every distinct element is kept in memory.
    pub fn unique(self) -> Dataset<T> {
        Dataset::from_stage(Unique { site: self.next_site("unique"), input: self })
    }
}

struct Unique<T> {
    site: Site,
    input: Dataset<T>,
}

impl<T: Clone + Eq + Hash + Send + 'static> Stage<T> for Unique<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let input = self.input.open(pass)?;
        Ok(Box::new(UniqueCursor { site: self.site, read: 0, seen: HashSet::new(), input }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct UniqueCursor<T> {
    site: Site,
    read: u64,
    seen: HashSet<T>,
    input: Box<dyn Cursor<T>>,
}

impl<T: Clone + Eq + Hash + Send> Cursor<T> for UniqueCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        loop {
            let x = match self.input.next()? {
                Ok(x) => x,
                Err(e) => {
                    self.read += 1;
                    return Some(Err(e));
                }
            };
            let at = self.read;
            self.read += 1;
            match guard(self.site, at, || !self.seen.contains(&x) && self.seen.insert(x.clone())) {
                Ok(true) => return Some(Ok(x)),
                Ok(false) => {}
                Err(e) => return Some(Err(e)),
            }
        }
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("unique").word(self.read)
    }

    /// Reads the elements before again, to know what was seen.
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let wanted = state.expect("unique", 1, 0)?.number(0);
        while self.read < wanted {
            match self.input.next() {
                Some(Ok(x)) => drop(self.seen.insert(x)),
                Some(Err(_)) => {}
                None => break,
            }
            self.read += 1;
        }
        Ok(())
    }
}
