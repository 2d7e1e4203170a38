//! What a tape writes down: operations in order, and which of their inputs depend on something watched.

use super::slots::{NONE, Slots};
use super::watched::Watched;
use crate::{Source, Variable};
use gradus_tensor::backward::Saved;
use gradus_tensor::{DType, Error, Lower, Op, Result, Tensor};
use smallvec::SmallVec;

/// True for the dtypes that gradients exist for.
pub(crate) fn differentiable(dtype: DType) -> bool {
    dtype.is_float() || dtype.is_complex()
}

/// An operation that was carried out.
pub(crate) struct Entry {
    pub op: Box<dyn Op>,
    pub x: SmallVec<[Saved; 2]>,
    pub y: SmallVec<[Saved; 1]>,
    /// Slot of each input, or [`NONE`].
    pub x_slots: SmallVec<[u32; 4]>,
    /// Slot of the first output; the others follow.
    pub y_slot: u32,
}

/// The operations so far. A slot is the place of a value's gradient in the backward pass.
#[derive(Default)]
pub(crate) struct Log {
    pub entries: Vec<Entry>,
    pub count: u32,
    slots: Slots,
    watched: Watched,
}

impl Log {
    fn new_slots(&mut self, n: usize) -> u32 {
        let first = self.count;
        self.count += n as u32;
        first
    }

    /// Writes down an operation, if any of its inputs depends on something watched.
    pub fn record(&mut self, op: &dyn Op, x: &[&Tensor], y: &[Tensor]) {
        if self.slots.is_empty() {
            return;
        }
        let x_slots: SmallVec<[u32; 4]> = x.iter().map(|t| self.slots.get(t.id())).collect();
        if x_slots.iter().all(|&s| s == NONE) || op.lower() == Lower::Stop {
            return;
        }
        let y_slot = self.new_slots(y.len());
        for (i, t) in y.iter().enumerate() {
            if differentiable(t.dtype()) {
                self.slots.push(t.id(), y_slot + i as u32);
            }
        }
        let keep = op.keep();
        let save = |keep: bool, t: &Tensor| {
            if keep { Saved::Value(t.clone()) } else { Saved::Spec(t.spec().clone()) }
        };
        self.entries.push(Entry {
            op: op.boxed(),
            x: x.iter().enumerate().map(|(i, t)| save(keep.input(i), t)).collect(),
            y: y.iter().enumerate().map(|(i, t)| save(keep.output(i), t)).collect(),
            x_slots,
            y_slot,
        });
    }

    /// Gives a value a slot.
    pub fn watch(&mut self, t: &Tensor) -> Result<()> {
        if !differentiable(t.dtype()) {
            return Err(Error::dtype(format!("watch: gradients exist for floats only, found {}", t.spec())));
        }
        if self.slots.get(t.id()) == NONE {
            let slot = self.new_slots(1);
            self.slots.watch(t.id(), slot);
        }
        Ok(())
    }

    /// Gives a variable's value of the moment a slot; integers are passed over.
    pub fn watch_variable(&mut self, v: &Variable, current: &Tensor) {
        if self.watch(current).is_ok() {
            self.watched.add(v, self.slots.get(current.id()));
        }
    }

    /// The variables seen so far, in order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.watched.variables()
    }

    /// The slot of a value, if it has one.
    pub fn slot(&self, t: &Tensor) -> Option<u32> {
        Some(self.slots.get(t.id())).filter(|&s| s != NONE)
    }

    /// The slots of a source: a variable has one for each of its values that was read.
    pub fn slots_of(&self, s: &Source) -> SmallVec<[u32; 1]> {
        match s {
            Source::Tensor(t) => self.slot(t).into_iter().collect(),
            Source::Variable(v) => SmallVec::from_slice(self.watched.slots(v)),
        }
    }
}
