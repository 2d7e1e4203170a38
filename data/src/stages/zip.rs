//! `zip`: elements side by side.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

impl<A: Send + 'static> Dataset<A> {
    /// Pairs of the elements of two datasets, as long as both have some.
    ///
    /// An error in one of them takes the place of the pair: the other's element is dropped with it, so
    /// that later pairs still belong together.
    pub fn zip<B: Send + 'static>(self, other: Dataset<B>) -> Dataset<(A, B)> {
        let number = 1 + self.stage().site().number.max(other.stage().site().number);
        Dataset::from_stage(Zip { site: Site { name: "zip", number }, a: self, b: other })
    }

    /// Triples of the elements of three datasets, as long as all have some.
    pub fn zip3<B: Send + 'static, C: Send + 'static>(
        self,
        b: Dataset<B>,
        c: Dataset<C>,
    ) -> Dataset<(A, B, C)> {
        self.zip(b).zip(c).map(|((a, b), c)| (a, b, c))
    }
}

struct Zip<A, B> {
    site: Site,
    a: Dataset<A>,
    b: Dataset<B>,
}

impl<A: Send + 'static, B: Send + 'static> Stage<(A, B)> for Zip<A, B> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<(A, B)>>> {
        Ok(Box::new(ZipCursor { a: self.a.open(pass)?, b: self.b.open(pass)?, ended: false }))
    }

    fn cardinality(&self) -> Cardinality {
        self.a.cardinality().zip(self.b.cardinality())
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<(A, B)>>> {
        Some(Arc::new(ZipAccess { a: self.a.random_access(pass)?, b: self.b.random_access(pass)? }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        Some(ElementSpec::Tuple(vec![self.a.stage().spec()?, self.b.stage().spec()?]))
    }
}

struct ZipAccess<A, B> {
    a: Arc<dyn RandomAccess<A>>,
    b: Arc<dyn RandomAccess<B>>,
}

impl<A, B> RandomAccess<(A, B)> for ZipAccess<A, B> {
    fn len(&self) -> u64 {
        self.a.len().min(self.b.len())
    }

    fn get(&self, index: u64) -> Result<(A, B)> {
        Ok((self.a.get(index)?, self.b.get(index)?))
    }
}

struct ZipCursor<A, B> {
    a: Box<dyn Cursor<A>>,
    b: Box<dyn Cursor<B>>,
    ended: bool,
}

impl<A, B> Cursor<(A, B)> for ZipCursor<A, B> {
    fn next(&mut self) -> Option<Result<(A, B)>> {
        if self.ended {
            return None;
        }
        match (self.a.next(), self.b.next()) {
            (Some(a), Some(b)) => Some(a.and_then(|a| Ok((a, b?)))),
            _ => {
                self.ended = true;
                None
            }
        }
    }

    fn save(&self) -> IteratorState {
        let state = IteratorState::of("zip").word(u64::from(self.ended));
        state.input(self.a.save()).input(self.b.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("zip", 1, 2)?;
        self.ended = state.number(0) != 0;
        self.a.restore(&state.children()[0])?;
        self.b.restore(&state.children()[1])
    }

    fn advance(&mut self, count: u64) -> u64 {
        let n = self.a.advance(count);
        let m = self.b.advance(count);
        self.ended |= n != m;
        n.min(m)
    }
}
