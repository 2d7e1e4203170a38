//! `shard`: every n-th element, for one of n workers.

use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::{Dataset, Failed};
use crate::error::{ErrorKind, Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, RandomAccess, Stage};
use crate::stages::strided::Strided;
use crate::state::IteratorState;

impl<T: Send + 'static> Dataset<T> {
    /// The elements whose number leaves `index` when divided by `num_shards`.
    ///
    /// Shard before shuffling, or the workers' parts overlap. An `index` that is not below `num_shards` is
    /// an error when the dataset is iterated.
    pub fn shard(self, num_shards: usize, index: usize) -> Dataset<T> {
        let (num, index) = (num_shards as u64, index as u64);
        Dataset::from_stage(Shard { site: self.next_site("shard"), num, index, input: self })
    }
}

struct Shard<T> {
    site: Site,
    num: u64,
    index: u64,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for Shard<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let Shard { num, index, .. } = *self;
        if index >= num {
            let message = format!("shard: index {index} is not below the number of shards, {num}");
            return Ok(Box::new(Failed::new(self.site.error(0, ErrorKind::InvalidArgument, message))));
        }
        Ok(Box::new(ShardCursor { num, before: index, input: self.input.open(pass)? }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality().map(|n| n / self.num.max(1) + u64::from(n % self.num.max(1) > self.index))
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let Shard { num, index, .. } = *self;
        let input = self.input.random_access(pass).filter(|i| index < num && i.len() != u64::MAX)?;
        let len = input.len() / num + u64::from(input.len() % num > index);
        Some(Arc::new(Strided { input, start: index, step: num, len }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct ShardCursor<T> {
    num: u64,
    /// Elements to pass over before the next one of ours.
    before: u64,
    input: Box<dyn Cursor<T>>,
}

impl<T> Cursor<T> for ShardCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        if self.input.advance(self.before) < self.before {
            return None;
        }
        self.before = self.num - 1;
        self.input.next()
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("shard").word(self.before).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("shard", 1, 1)?;
        self.before = state.number(0);
        self.input.restore(&state.children()[0])
    }
}
