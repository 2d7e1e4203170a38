//! `unbatch`: the elements of batches, one by one.

use std::vec;

use crate::cardinality::Cardinality;
use crate::dataset::Dataset;
use crate::element::Unbatch;
use crate::error::{ErrorKind, Result, Site};
use crate::guard::try_guard;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::state::IteratorState;

impl<B: Unbatch> Dataset<B> {
    /// Takes batches apart along their first axis. The cardinality becomes unknown, unless all elements are
    /// known to have one length.
    pub fn unbatch(self) -> Dataset<B::Item> {
        Dataset::from_stage(UnbatchStage { site: self.next_site("unbatch"), input: self })
    }
}

struct UnbatchStage<B> {
    site: Site,
    input: Dataset<B>,
}

impl<B: Unbatch> Stage<B::Item> for UnbatchStage<B> {
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<B::Item>>> {
        let input = self.input.open(pass)?;
        Ok(Box::new(UnbatchCursor { site: self.site, parts: Parts::new(input) }))
    }

    fn cardinality(&self) -> Cardinality {
        // Elements of one known length give so many parts each; batches may be short at the end.
        let length = match self.input.stage().spec() {
            Some(ElementSpec::Array { dims, .. }) => dims.first().copied().flatten(),
            _ => None,
        };
        match (self.input.cardinality(), length) {
            (Cardinality::Infinite, _) => Cardinality::Infinite,
            (Cardinality::Finite(n), Some(length)) => Cardinality::Finite(n.saturating_mul(length as u64)),
            _ => Cardinality::Unknown,
        }
    }

    fn spec(&self) -> Option<ElementSpec> {
        self.input.stage().spec().map(ElementSpec::unbatched)
    }
}

/// The parts of the batches of a cursor, with a note of where the batch being read began.
pub(crate) struct Parts<B: Unbatch> {
    input: Box<dyn Cursor<B>>,
    /// The input's state before batch number `noted_at`.
    note: IteratorState,
    noted_at: u64,
    /// Batches read, the current one among them.
    read: u64,
    /// Parts given of the current batch.
    given: u64,
    current: vec::IntoIter<B::Item>,
}

const NOTE_EVERY: u64 = 16;

impl<B: Unbatch> Parts<B> {
    pub(crate) fn new(input: Box<dyn Cursor<B>>) -> Self {
        let note = input.save();
        Parts { input, note, noted_at: 0, read: 0, given: 0, current: Vec::new().into_iter() }
    }

    pub(crate) fn next(&mut self, site: Site) -> Option<Result<B::Item>> {
        loop {
            if let Some(item) = self.current.next() {
                self.given += 1;
                return Some(Ok(item));
            }
            if self.read.is_multiple_of(NOTE_EVERY) {
                (self.note, self.noted_at) = (self.input.save(), self.read);
            }
            let batch = self.input.next()?;
            self.read += 1;
            self.given = 0;
            match batch.and_then(|b| try_guard(site, self.read - 1, || b.unbatch())) {
                Ok(items) => self.current = items.into_iter(),
                Err(e) => return Some(Err(e)),
            }
        }
    }

    pub(crate) fn save(&self, name: &'static str) -> IteratorState {
        let words = [self.noted_at, self.read, self.given, self.current.len() as u64];
        IteratorState::of(name).words(words).input(self.note.clone())
    }

    pub(crate) fn restore(&mut self, site: Site, state: &IteratorState) -> Result<()> {
        let state = state.expect(site.name, 4, 1)?;
        let [noted_at, read, given, left] = [0, 1, 2, 3].map(|i| state.number(i));
        self.input.restore(&state.children()[0])?;
        (self.note, self.noted_at) = (state.children()[0].clone(), noted_at);
        // A batch with parts left is read again; one that is used up need not be.
        let whole = if left > 0 { read.saturating_sub(1) } else { read };
        self.input.advance(whole.saturating_sub(noted_at));
        self.read = read;
        if left > 0 {
            let gone = || site.error(read, ErrorKind::State, "restore: the batch being read is gone");
            let batch = self.input.next().unwrap_or_else(|| Err(gone()))?;
            self.current = try_guard(site, whole, || batch.unbatch())?.into_iter();
            for _ in 0..given {
                self.current.next();
            }
        }
        self.given = given;
        Ok(())
    }
}

struct UnbatchCursor<B: Unbatch> {
    site: Site,
    parts: Parts<B>,
}

impl<B: Unbatch> Cursor<B::Item> for UnbatchCursor<B> {
    fn next(&mut self) -> Option<Result<B::Item>> {
        self.parts.next(self.site)
    }

    fn save(&self) -> IteratorState {
        self.parts.save(self.site.name)
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        self.parts.restore(self.site, state)
    }
}
