//! What a stage is: a description that opens cursors.
//!
//! A [`Dataset`](crate::Dataset) is a chain of stages. A [`Stage`] is immutable and shared: it knows its
//! inputs and its options. Opening it for a [`Pass`] gives a [`Cursor`], which holds everything that
//! changes while elements flow. Two cursors of one stage never touch each other, so an epoch can be read
//! by several threads, saved, continued and compared.
//!
//! Where the elements can be reached by number, a stage also offers [`RandomAccess`]. Shuffling then
//! permutes numbers instead of elements, and batches are gathered straight from their source.
//!
//! A stage of your own implements [`Stage`] and [`Cursor`] and enters a chain through
//! [`Dataset::from_stage`](crate::Dataset::from_stage).

use std::any::Any;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::error::{Result, Site};
use crate::key::Key;
use crate::spec::ElementSpec;
use crate::stages::Prefetch;
use crate::state::IteratorState;

/// One run through a pipeline: which epoch, and inside which nested dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pass {
    /// Number of the pass over this part of the pipeline, from 0.
    pub epoch: u64,
    path: u64,
}

impl Pass {
    /// The pass of this epoch at the top of a pipeline.
    pub fn epoch(epoch: u64) -> Self {
        Pass { epoch, path: 0 }
    }

    /// The pass of the same place in another epoch.
    pub(crate) fn with_epoch(self, epoch: u64) -> Self {
        Pass { epoch, path: self.path }
    }

    /// The pass of a dataset that was made for this element of a stage (flat_map, interleave).
    pub(crate) fn nested(self, site: Site, index: u64) -> Self {
        Pass { epoch: self.epoch, path: Key::new(self.path).fold(u64::from(site.number)).bits(index) }
    }

    /// The key of a stage's random numbers in this pass: seed, epoch and stage; the index is drawn with.
    pub fn key(self, seed: u64, site: Site) -> Key {
        Key::new(seed).fold(self.epoch).fold(self.path).fold(u64::from(site.number))
    }
}

/// The description of one step of a pipeline.
pub trait Stage<T>: Send + Sync {
    /// Name and place, for errors and random keys.
    fn site(&self) -> Site;

    /// Starts one pass over the elements.
    ///
    /// # Errors
    /// When the stage's arguments have no meaning or its files cannot be opened.
    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<T>>>;

    /// How many elements a pass gives.
    fn cardinality(&self) -> Cardinality {
        Cardinality::Unknown
    }

    /// The elements of a pass by number, if that is as cheap as reading them in order.
    fn random_access(&self, _pass: Pass) -> Option<Arc<dyn RandomAccess<T>>> {
        None
    }

    /// This stage keeping more elements ready, if it works ahead of its consumer already: a prefetch behind
    /// it then needs no thread of its own.
    fn prefetched(&self, _count: Prefetch) -> Option<Dataset<T>> {
        None
    }

    /// Type and shape of the elements, if known without running the pipeline.
    fn spec(&self) -> Option<ElementSpec> {
        None
    }
}

/// A position in the elements of one pass.
pub trait Cursor<T>: Send {
    /// The next element; `None` at the end, and for ever after it.
    ///
    /// An `Err` stands in the place of one element; behind a [fatal](crate::DataError::is_fatal) one the
    /// stream ends.
    fn next(&mut self) -> Option<Result<T>>;

    /// Where this cursor stands.
    fn save(&self) -> IteratorState;

    /// Moves a freshly opened cursor of the same pass to a saved position.
    ///
    /// # Errors
    /// When the state was written by another pipeline.
    fn restore(&mut self, state: &IteratorState) -> Result<()>;

    /// Passes over up to `count` elements as cheaply as the stage can, without computing what nobody
    /// will see. Says how many there were; fewer than `count` only at the end.
    fn advance(&mut self, count: u64) -> u64 {
        (0..count).take_while(|_| self.next().is_some()).count() as u64
    }
}

/// Elements that can be reached by number.
pub trait RandomAccess<T>: Send + Sync {
    /// How many there are; `u64::MAX` for ever.
    fn len(&self) -> u64;

    /// True if there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element with this number, which is below [`len`](Self::len).
    fn get(&self, index: u64) -> Result<T>;

    /// The batch of these elements, if it can be built without building them one by one. The box holds
    /// the element's [`Element::Batch`](crate::Element::Batch).
    fn gather(&self, _indices: &[u64]) -> Option<Result<Box<dyn Any + Send>>> {
        None
    }
}

/// A cursor over elements that can be reached by number.
pub(crate) struct IndexCursor<T> {
    name: &'static str,
    source: Arc<dyn RandomAccess<T>>,
    next: u64,
    len: u64,
}

impl<T> IndexCursor<T> {
    pub(crate) fn new(name: &'static str, source: Arc<dyn RandomAccess<T>>) -> Self {
        let len = source.len();
        IndexCursor { name, source, next: 0, len }
    }
}

impl<T: 'static> Cursor<T> for IndexCursor<T> {
    #[inline]
    fn next(&mut self) -> Option<Result<T>> {
        if self.next == self.len {
            return None;
        }
        let at = self.next;
        self.next += 1;
        Some(self.source.get(at))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of(self.name).word(self.next)
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        self.next = state.expect(self.name, 1, 0)?.number(0).min(self.len);
        Ok(())
    }

    fn advance(&mut self, count: u64) -> u64 {
        let step = count.min(self.len - self.next);
        self.next += step;
        step
    }
}
