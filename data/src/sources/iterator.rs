//! Sources from Rust iterators.

use std::sync::Arc;

use crate::dataset::Dataset;
use crate::error::{DataError, Result, Site};
use crate::guard::guard;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

type Items<T> = Box<dyn Iterator<Item = Result<T>> + Send>;
type Start<T> = dyn Fn() -> Items<T> + Send + Sync;

impl<T: Send + 'static> Dataset<T> {
    /// The elements of the iterator that `start` makes anew for every pass (TensorFlow's `from_generator`).
    ///
    /// The cardinality is unknown (see [`assert_cardinality`](Self::assert_cardinality)). Continuing in the
    /// middle of a pass goes through the elements before again, so every iterator should give the same.
    /// A panic in the iterator is an error and ends the pass.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let squares = Dataset::from_generator(|| (1..4).map(|x| x * x));
    /// assert_eq!(squares.collect().unwrap(), [1, 4, 9]);
    /// ```
    pub fn from_generator<I>(start: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: Iterator<Item = T> + Send + 'static,
    {
        let start: Arc<Start<T>> = Arc::new(move || Box::new(start().map(Ok)));
        Dataset::from_stage(Generator { name: "from_generator", start })
    }

    /// [`from_generator`](Self::from_generator) for iterators whose elements may be errors.
    pub fn try_from_generator<I, E>(start: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: Iterator<Item = std::result::Result<T, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let start: Arc<Start<T>> = Arc::new(move || Box::new(start().map(|x| x.map_err(DataError::user))));
        Dataset::from_stage(Generator { name: "from_generator", start })
    }

    /// The elements of an iterator that can be cloned, anew for every pass.
    pub fn from_iterator<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Clone + Send + Sync + 'static,
    {
        let items = items.into_iter();
        let start: Arc<Start<T>> = Arc::new(move || Box::new(items.clone().map(Ok)));
        Dataset::from_stage(Generator { name: "from_iterator", start })
    }
}

struct Generator<T> {
    name: &'static str,
    start: Arc<Start<T>>,
}

impl<T: Send + 'static> Stage<T> for Generator<T> {
    fn site(&self) -> Site {
        Site { name: self.name, number: 0 }
    }

    fn open(&self, _pass: Pass) -> Result<Box<dyn Cursor<T>>> {
        let items = guard(self.site(), 0, || (self.start)())?;
        Ok(Box::new(GeneratorCursor { site: self.site(), next: 0, items: Some(items) }))
    }
}

struct GeneratorCursor<T> {
    site: Site,
    next: u64,
    items: Option<Items<T>>,
}

impl<T: Send> Cursor<T> for GeneratorCursor<T> {
    fn next(&mut self) -> Option<Result<T>> {
        let items = self.items.as_mut()?;
        let at = self.next;
        match guard(self.site, at, || items.next()) {
            Ok(Some(x)) => {
                self.next += 1;
                Some(x.map_err(|e| e.at(self.site, at)))
            }
            Ok(None) => {
                self.items = None;
                None
            }
            Err(e) => {
                self.items = None;
                Some(Err(e.fatal()))
            }
        }
    }

    fn save(&self) -> IteratorState {
        IteratorState::of(self.site.name).word(self.next)
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let wanted = state.expect(self.site.name, 1, 0)?.number(0);
        self.advance(wanted);
        Ok(())
    }
}
