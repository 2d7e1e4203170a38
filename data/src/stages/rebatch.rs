//! `rebatch`: batches of other sizes from batches.

use std::sync::Arc;

use crate::dataset::{Dataset, Failed};
use crate::element::{Element, Unbatch};
use crate::error::{ErrorKind, Result, Site};
use crate::guard::try_guard;
use crate::spec::ElementSpec;
use crate::stage::{Cursor, Pass, Stage};
use crate::stages::unbatch::Parts;
use crate::state::IteratorState;

/// The sizes of new batches, taken in turn, and what becomes of an incomplete last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebatch {
    sizes: Vec<usize>,
    drop_remainder: bool,
}

impl Rebatch {
    /// Batches of these sizes, in turn, from the first again when all were used.
    pub fn new(sizes: impl Into<Vec<usize>>) -> Self {
        Rebatch { sizes: sizes.into(), drop_remainder: false }
    }

    /// Whether an incomplete last batch is dropped. Default false.
    pub fn drop_remainder(mut self, drop: bool) -> Self {
        self.drop_remainder = drop;
        self
    }
}

impl From<usize> for Rebatch {
    fn from(size: usize) -> Self {
        Rebatch::new([size])
    }
}

impl<const N: usize> From<[usize; N]> for Rebatch {
    fn from(sizes: [usize; N]) -> Self {
        Rebatch::new(sizes)
    }
}

impl<B: Unbatch> Dataset<B>
where
    B::Item: Element,
{
    /// Cuts the stream of batches anew.
    ///
    /// ```
    /// use gradus_data::Dataset;
    /// let ds = Dataset::range(0..7).batch(4).rebatch(3);
    /// assert_eq!(ds.collect().unwrap(), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    /// ```
    pub fn rebatch(self, sizes: impl Into<Rebatch>) -> Dataset<<B::Item as Element>::Batch> {
        let options = Arc::new(sizes.into());
        Dataset::from_stage(RebatchStage { site: self.next_site("rebatch"), options, input: self })
    }
}

struct RebatchStage<B> {
    site: Site,
    options: Arc<Rebatch>,
    input: Dataset<B>,
}

impl<B: Unbatch> Stage<<B::Item as Element>::Batch> for RebatchStage<B>
where
    B::Item: Element,
{
    fn site(&self) -> Site {
        self.site
    }

    fn open(&self, pass: Pass) -> Result<Box<dyn Cursor<<B::Item as Element>::Batch>>> {
        if self.options.sizes.is_empty() || self.options.sizes.contains(&0) {
            let message = format!("rebatch: sizes must be positive, found {:?}", self.options.sizes);
            return Ok(Box::new(Failed::new(self.site.error(0, ErrorKind::InvalidArgument, message))));
        }
        let parts = Parts::new(self.input.open(pass)?);
        Ok(Box::new(RebatchCursor { site: self.site, options: Arc::clone(&self.options), next: 0, parts }))
    }

    fn spec(&self) -> Option<ElementSpec> {
        let same = self.options.sizes.iter().all(|s| *s == self.options.sizes[0]);
        let size =
            (self.options.drop_remainder && same).then(|| self.options.sizes.first().copied()).flatten();
        Some(self.input.stage().spec()?.unbatched().batched(size))
    }
}

struct RebatchCursor<B: Unbatch> {
    site: Site,
    options: Arc<Rebatch>,
    next: u64,
    parts: Parts<B>,
}

impl<B: Unbatch> Cursor<<B::Item as Element>::Batch> for RebatchCursor<B>
where
    B::Item: Element,
{
    fn next(&mut self) -> Option<Result<<B::Item as Element>::Batch>> {
        let at = self.next;
        let size = self.options.sizes[(at % self.options.sizes.len() as u64) as usize];
        let mut items = Vec::with_capacity(size.min(1024));
        while items.len() < size {
            match self.parts.next(self.site) {
                Some(Ok(item)) => items.push(item),
                Some(Err(e)) => return Some(Err(e)),
                None => break,
            }
        }
        if items.is_empty() || (self.options.drop_remainder && items.len() < size) {
            return None;
        }
        self.next += 1;
        Some(try_guard(self.site, at, || B::Item::batch(items)))
    }

    fn save(&self) -> IteratorState {
        IteratorState::of("rebatch").word(self.next).input(self.parts.save("rebatch"))
    }

    fn restore(&mut self, state: &IteratorState) -> Result<()> {
        let state = state.expect("rebatch", 1, 1)?;
        self.next = state.number(0);
        self.parts.restore(self.site, &state.children()[0])
    }
}
