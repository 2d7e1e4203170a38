//! `batch`: consecutive elements become one.
//!
//! Where the elements can be reached by number, a batch is gathered from its source in one go: no element
//! is built by itself. `from_tensor_slices(..).shuffle(..).batch(..)` copies every row once.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::cardinality::Cardinality;
use crate::dataset::{Dataset, Failed};
use crate::element::Element;
use crate::error::{DataError, ErrorKind, Result, Site};
use crate::guard::try_guard;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, IndexCursor, Pass, RandomAccess, Stage};
use crate::state::IteratorState;

/// The size of a batch and what becomes of an incomplete last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    pub(crate) size: usize,
    pub(crate) drop_remainder: bool,
}

impl Batch {
    /// Batches of so many elements; the last may be smaller.
    pub fn new(size: usize) -> Self {
        Batch { size, drop_remainder: false }
    }

    /// Whether an incomplete last batch is dropped. Default false.
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.drop_remainder = drop;
        self
    }

    pub(crate) fn check(self, site: Site) -> Result<()> {
        if self.size == 0 {
            let message = format!("{}: a batch of 0 elements was asked for", site.name);
            return Err(site.error(0, ErrorKind::InvalidArgument, message));
        }
        Ok(())
    }

    pub(crate) fn spec_size(self) -> Option<usize> {
        self.drop_remainder.then_some(self.size)
    }
}

impl From<usize> for Batch {
    fn from(size: usize) -> Self {
        Batch::new(size)
    }
}

impl<T: Send + 'static> Dataset<T> {
    /// Puts consecutive elements together: numbers and strings to a `Vec`, tensors of one shape to a tensor
    /// with one more axis in front, tuples part by part (see [`Element`]).
    ///
    /// An element that is an error makes its batch an error; the batches behind it hold the same elements
    /// that they would have held otherwise.
    ///
    /// ```
    /// use gradus_data::{Batch, Dataset};
    /// let ds = Dataset::range(0..7).batch(Batch::new(3).drop_remainder(true));
    /// assert_eq!(ds.collect().unwrap(), [[0, 1, 2], [3, 4, 5]]);
    /// ```
    pub fn batch(self, batch: impl Into<Batch>) -> Dataset<T::Batch>
    where
        T: Element,
    {
        let spec: Arc<SpecOf<T>> =
            Arc::new(|input: &Dataset<T>, b: Batch| Some(input.element_spec().ok()?.batched(b.spec_size())));
        self.batch_stage("batch", batch.into(), true, spec, Arc::new(T::batch))
    }

    /// Puts consecutive elements together with a function of yours.
    pub fn batch_with<U, E>(
        self,
        batch: impl Into<Batch>,
        collate: impl Fn(Vec<T>) -> std::result::Result<U, E> + Send + Sync + 'static,
    ) -> Dataset<U>
    where
        U: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let collate = Arc::new(move |items| collate(items).map_err(DataError::user));
        self.batch_stage("batch_with", batch.into(), false, Arc::new(|_, _| None), collate)
    }

    /// Puts consecutive elements in a `Vec`, whatever they are and however they differ.
    pub fn chunk(self, batch: impl Into<Batch>) -> Dataset<Vec<T>> {
        self.batch_stage("chunk", batch.into(), false, Arc::new(|_, _| None), Arc::new(Ok))
    }

    pub(crate) fn batch_stage<U: Send + 'static>(
        self,
        name: &'static str,
        batch: Batch,
        gathers: bool,
        spec: Arc<SpecOf<T>>,
        collate: Arc<Collate<T, U>>,
    ) -> Dataset<U> {
        Dataset::from_stage(BatchStage {
            site: self.next_site(name),
            batch,
            input: self,
            gathers,
            spec,
            collate,
        })
    }
}

pub(crate) type SpecOf<T> = dyn Fn(&Dataset<T>, Batch) -> Option<ElementSpec> + Send + Sync;
pub(crate) type Collate<T, U> = dyn Fn(Vec<T>) -> Result<U> + Send + Sync;

struct BatchStage<T, U> {
    site: Site,
    batch: Batch,
    input: Dataset<T>,
    /// Whether a batch gathered by the source is the batch wanted here.
    gathers: bool,
    spec: Arc<SpecOf<T>>,
    collate: Arc<Collate<T, U>>,
}

impl<T: Send + 'static, U: Send + 'static> Stage<U> for BatchStage<T, U> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<U>>> {
        if let Err(e) = self.batch.check(self.site) {
            return Ok(Box::new(Failed::new(e)));
        }
        if let Some(source) = self.random_access(pass) {
            return Ok(Box::new(IndexCursor::new(self.site.name, source)));
        }
        Ok(Box::new(BatchCursor {
            site: self.site,
            batch: self.batch,
            next: 0,
            input: self.input.open(pass)?,
            collate: Arc::clone(&self.collate),
        }))
    }

    fn cardinality(&self) -> Cardinality {
        self.input.cardinality().batch(self.batch.size as u64, self.batch.drop_remainder)
    }

    fn random_access(&self, pass: Pass) -> Option<Arc<dyn RandomAccess<U>>> {
        if self.batch.size == 0 {
            return None;
        }
        Some(Arc::new(BatchAccess {
            site: self.site,
            batch: self.batch,
            input: self.input.random_access(pass)?,
            gathers: self.gathers,
            collate: Arc::clone(&self.collate),
            made: PhantomData,
        }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        (self.spec)(&self.input, self.batch)
    }
}

struct BatchAccess<T, U> {
    site: Site,
    batch: Batch,
    input: Arc<dyn RandomAccess<T>>,
    gathers: bool,
    collate: Arc<Collate<T, U>>,
    made: PhantomData<fn() -> U>,
}

impl<T: Send, U: Send + 'static> RandomAccess<U> for BatchAccess<T, U> {
    fn len(&self) -> u64 {
        let (n, size) = (self.input.len(), self.batch.size as u64);
        match n {
            u64::MAX => u64::MAX,
            _ if self.batch.drop_remainder => n / size,
            _ => n.div_ceil(size),
        }
    }

    fn get(&self, index: u64) -> Result<U> {
        let size = self.batch.size as u64;
        let begin = index.saturating_mul(size);
        let end = begin.saturating_add(size).min(self.input.len());
        if self.gathers {
            let indices: Vec<u64> = (begin..end).collect();
            if let Some(batch) = self.input.gather(&indices) {
                let batch = batch.map_err(|e| e.at(self.site, index))?;
                return batch.downcast::<U>().map(|b| *b).map_err(|_| {
                    self.site.error(index, ErrorKind::Shape, "batch: the source gathered another type")
                });
            }
        }
        let items: Vec<T> = (begin..end).map(|i| self.input.get(i)).collect::<Result<_>>()?;
        try_guard(self.site, index, || (self.collate)(items))
    }
}

struct BatchCursor<T, U> {
    site: Site,
    batch: Batch,
    next: u64,
    input: Box<dyn Cursor<T>>,
    collate: Arc<Collate<T, U>>,
}

impl<T: Send, U: Send> Cursor<U> for BatchCursor<T, U> {
    fn next(&mut self) -> Option<Result<U>> {
        let size = self.batch.size;
        // The size is the user's, the elements may be few: reserve with care.
        let mut items = Vec::with_capacity(size.min(1024));
        let (mut seen, mut error) = (0, None);
        while seen < size {
            match self.input.next() {
                Some(Ok(x)) => items.push(x),
                Some(Err(e)) => {
                    let fatal = e.is_fatal();
                    error.get_or_insert(e);
                    if fatal {
                        break;
                    }
                }
                None => break,
            }
            seen += 1;
        }
        let at = self.next;
        self.next += 1;
        if let Some(e) = error {
            return Some(Err(e));
        }
        if items.is_empty() || (self.batch.drop_remainder && items.len() < size) {
            return None;
        }
        Some(try_guard(self.site, at, || (self.collate)(items)))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of(self.site.name).word(self.next).input(self.input.save())
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect(self.site.name, 1, 1)?;
        self.next = state.number(0);
        self.input.restore(&state.children()[0])
    }

    fn advance(&mut self, count: u64) -> u64 {
        let size = self.batch.size as u64;
        let wanted = count.saturating_mul(size);
        let n = self.input.advance(wanted);
        let batches = if self.batch.drop_remainder { n / size } else { n.div_ceil(size) };
        self.next += batches;
        batches
    }
}
