//! `prefetch`: elements made ahead of time by a thread of their own.

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::stages::parallel_map::Ahead;

/// How many elements are kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefetch {
    pub(crate) start: usize,
    pub(crate) max: usize,
}

impl Prefetch {
    pub(crate) const NONE: Prefetch = Prefetch { start: 0, max: 0 };

    /// Both together.
    pub(crate) fn and(self, other: Prefetch) -> Prefetch {
        let (start, max) = (self.start.saturating_add(other.start), self.max.saturating_add(other.max));
        Prefetch { start, max }
    }

    /// Starts with two and doubles whenever the consumer finds nothing ready although everything had been
    /// ready before, up to `max`: the rule of tf.data's AUTOTUNE.
    pub fn auto() -> Self {
        Prefetch { start: 2, max: 64 }
    }

    /// The most elements that [`auto`](Self::auto) may keep ready. Default 64.
    pub fn max(mut self, max: usize) -> Self {
        self.max = max.max(1);
        self.start = self.start.min(self.max);
        self
    }
}

impl From<usize> for Prefetch {
    fn from(count: usize) -> Self {
        Prefetch { start: count.max(1), max: count.max(1) }
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// Makes elements on another thread while the consumer works on earlier ones.
    ///
    /// `prefetch(2)` keeps at most two elements, one of them perhaps in the making;
    /// `prefetch(Prefetch::auto())` finds the number itself. Behind a `parallel_map`, whose workers are ahead
    /// already, it only lets them keep so many more elements ready.
    pub fn prefetch(self, count: impl Into<Prefetch>) -> Dataset<T> {
        let count = count.into();
        if let Some(dataset) = self.stage().prefetched(count) {
            return dataset;
        }
        Dataset::from_stage(PrefetchStage { site: self.next_site("prefetch"), count, input: self })
    }
}

struct PrefetchStage<T> {
    site: Site,
    count: Prefetch,
    input: Dataset<T>,
}

impl<T: Send + 'static> Stage<T> for PrefetchStage<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let Prefetch { start, max } = self.count;
        Ok(Box::new(Ahead::new(self.site, self.input.open(pass)?, 1, start, max, true, |x, _| Ok(x))))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}
