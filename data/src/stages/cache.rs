//! `cache`: the first pass is remembered, later passes read the memory.
//!
//! What is remembered is epoch 0 of the input, whatever pass comes first: a shuffle before a cache is
//! frozen, a shuffle behind it is not. Only a pass that went to its end without an error is kept.

use std::sync::{Arc, Mutex};

use crate::cardinality::Cardinality;
use crate::crew::lock;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::spec::ElementSpec;
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

impl<T: Clone + Send + Sync + 'static> Dataset<T> {
    /// Keeps all elements in memory after the first full pass; clones share what was kept.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let frozen = Dataset::range(0..100).shuffle(100, 1).cache();
    /// assert_eq!(frozen.iter_epoch(0).flatten().collect::<Vec<_>>(), frozen.iter_epoch(1).flatten().collect::<Vec<_>>());
    /// ```
    pub fn cache(self) -> Dataset<T> {
        Dataset::from_stage(Cache { site: self.next_site("cache"), input: self, kept: Arc::default() })
    }
}

type Kept<T> = Arc<Mutex<Option<Arc<Elements<T>>>>>;

struct Cache<T> {
    site: Site,
    input: Dataset<T>,
    kept: Kept<T>,
}

impl<T: Clone + Send + Sync + 'static> Stage<T> for Cache<T> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        if let Some(elements) = self.random_access(pass) {
            return Ok(Box::new(IndexCursor::new("cache", elements)));
        }
        let input = self.input.open(pass.with_epoch(0))?;
        Ok(Box::new(Filling { input, filled: Some(Vec::new()), given: 0, kept: Arc::clone(&self.kept) }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality()
    }

    fn random_access(&self, _pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        let kept = lock(&self.kept).clone()?;
        Some(kept)
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec()
    }
}

struct Elements<T>(Vec<T>);

impl<T: Clone + Send + Sync> RandomAccess<T> for Elements<T> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn get(&self, index: u64) -> Result<T> {
        Ok(self.0[index as usize].clone())
    }
}

struct Filling<T> {
    input: Box<dyn Cursor<T>>,
    /// `None` after an error: such a pass is not worth keeping.
    filled: Option<Vec<T>>,
    given: u64,
    kept: Kept<T>,
}

impl<T: Clone + Send + Sync + 'static> Cursor<T> for Filling<T> {
    fn next(&mut self) -> Option<Result<T>> {
        match self.input.next() {
            Some(x) => {
                self.given += 1;
                match (&x, &mut self.filled) {
                    (Ok(x), Some(filled)) => filled.push(x.clone()),
                    (Ok(_), None) => {}
                    (Err(_), filled) => *filled = None,
                }
                Some(x)
            }
            None => {
                if let Some(filled) = self.filled.take() {
                    lock(&self.kept).get_or_insert_with(|| Arc::new(Elements(filled)));
                }
                None
            }
        }
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("cache").word(self.given)
    }

    /// Goes through the elements before again, since they belong in the cache.
    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let wanted = state.expect("cache", 1, 0)?.number(0);
        self.advance(wanted);
        Ok(())
    }
}
