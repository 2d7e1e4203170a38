//! Where training gets its batches: arrays, an input pipeline, or whatever else can give them epoch by epoch.

use crate::batches::{Batch, Batches};
use crate::seed::mix;
use gradus_tensor::Result;

/// An iterator over the batches of an epoch.
pub type Epoch<'a> = Box<dyn Iterator<Item = Result<Batch>> + 'a>;

/// Gives batches, one epoch after the other.
///
/// With the feature `data`, a `gradus_data::Dataset` of `(x, y)` or `(x, y, sample_weight)` is one, and for predictions
/// a dataset of `x`.
pub trait BatchSource {
    /// The batches of an epoch, counted from 0; the same number gives the same batches.
    ///
    /// # Errors
    /// When the source cannot be read; errors in the middle come out of the iterator, which then ends.
    fn epoch(&self, epoch: u64) -> Result<Epoch<'_>>;

    /// How many batches an epoch has, where that is known without reading it.
    ///
    /// # Errors
    /// When an epoch never ends.
    fn steps(&self) -> Result<Option<usize>> {
        Ok(None)
    }
}

/// Arrays, in order or shuffled by a key.
pub(crate) struct Arrays {
    pub batches: Batches,
    pub shuffle: Option<u64>,
}

impl BatchSource for Arrays {
    fn epoch(&self, epoch: u64) -> Result<Epoch<'_>> {
        Ok(match self.shuffle {
            Some(key) => Box::new(self.batches.shuffled(mix(key.wrapping_add(epoch)))),
            None => Box::new(self.batches.in_order()),
        })
    }
    fn steps(&self) -> Result<Option<usize>> {
        Ok(Some(self.batches.steps()))
    }
}

/// So many batches at a time from a source that is read on where the last epoch stopped, and again from its beginning
/// when it ends: what `steps_per_epoch` asks for.
pub(crate) struct Stretch<'a> {
    source: &'a dyn BatchSource,
    running: Option<Epoch<'a>>,
    passes: u64,
}

impl<'a> Stretch<'a> {
    pub fn of(source: &'a dyn BatchSource) -> Self {
        Stretch { source, running: None, passes: 0 }
    }

    /// The next batch; `None` when a whole pass gave nothing.
    pub fn next(&mut self) -> Option<Result<Batch>> {
        for _ in 0..2 {
            if self.running.is_none() {
                match self.source.epoch(self.passes) {
                    Ok(epoch) => self.running = Some(epoch),
                    Err(e) => return Some(Err(e)),
                }
                self.passes += 1;
            }
            match self.running.as_mut().and_then(Iterator::next) {
                Some(batch) => return Some(batch),
                None => self.running = None,
            }
        }
        None
    }
}
