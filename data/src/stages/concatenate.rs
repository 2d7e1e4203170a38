//! `concatenate`: one dataset after another.

use std::any::Any;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// The elements of this dataset, then those of `other`. Elements of another type do not compile.
    pub fn concatenate(self, other: Dataset<T>) -> Dataset<T> {
        Dataset::from_stage(Concatenate { site: self.next_site("concatenate"), parts: [self, other] })
    }
}

struct Concatenate<T> {
    site: Site,
    parts: [Dataset<T>; 2],
}

impl<T: Send + 'static> Stage<T> for Concatenate<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let [a, b] = &self.parts;
        Ok(Box::new(ConcatenateCursor { parts: [a.open(pass)?, b.open(pass)?], at: 0 }))
    }

    fn cardinality(&self) -> Cardinality {
        self.parts[0].cardinality().concatenate(self.parts[1].cardinality())
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let [a, b] = &self.parts;
        let parts = [a.random_access(pass)?, b.random_access(pass)?];
        Some(Arc::new(ConcatenateAccess { first: parts[0].len(), parts }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        let (a, b) = (self.parts[0].stage().spec()?, self.parts[1].stage().spec()?);
        (a == b).then_some(a)
    }
}

struct ConcatenateAccess<T> {
    first: u64,
    parts: [Arc<dyn RandomAccess<T>>; 2],
}

impl<T> RandomAccess<T> for ConcatenateAccess<T> {
    fn len(&self) -> u64 {
        self.first.saturating_add(self.parts[1].len())
    }

    fn get(&self, index: u64) -> Result<T> {
        match index.checked_sub(self.first) {
            None => self.parts[0].get(index),
            Some(behind) => self.parts[1].get(behind),
        }
    }

    fn gather(&self, indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        if indices.iter().all(|i| *i < self.first) {
            return self.parts[0].gather(indices);
        }
        let behind: Option<Vec<u64>> = indices.iter().map(|i| i.checked_sub(self.first)).collect();
        self.parts[1].gather(&behind?)
    }
}

struct ConcatenateCursor<T> {
    parts: [Box<dyn Cursor<T>>; 2],
    at: usize,
}

impl<T> Cursor<T> for ConcatenateCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        while self.at < 2 {
            match self.parts[self.at].next() {
                Some(x) => {
                    if matches!(&x, Err(e) if e.is_fatal()) {
                        self.at = 2;
                    }
                    return Some(x);
                }
                None => self.at += 1,
            }
        }
        None
    }

    fn save(&self) -> IteratorState {
        let [a, b] = &self.parts;
        IteratorState::of("concatenate").word(self.at as u64).input(a.save()).input(b.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("concatenate", 1, 2)?;
        self.at = state.number(0).min(2) as usize;
        self.parts[0].restore(&state.children()[0])?;
        self.parts[1].restore(&state.children()[1])
    }

    fn advance(&mut self, count: u64) -> u64 {
        let mut done = 0;
        while self.at < 2 {
            done += self.parts[self.at].advance(count - done);
            if done == count {
                break;
            }
            self.at += 1;
        }
        done
    }
}
