//! What a tape writes down: operations in order, and which of their inputs depend on something watched.

use super::slots::{NONE, Slots};
use super::watched::Watched;
use crate::{Source, Variable};
use gradus_tensor::backward::Saved;
use gradus_tensor::{DType, Error, Lower, Op, Result, Tensor};
use smallvec::SmallVec;
use std::cell::Cell;

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

/// Entries of an emptied list that is kept for the next tape of the thread: without it, a tape of few operations spends
/// its time on lists that grow.
const KEPT: usize = 1024;

thread_local! {
    static SPARE: Cell<Vec<Entry>> = const { Cell::new(Vec::new()) };
}

impl Log {
    /// An empty log, with room from the last one of this thread.
    pub fn roomy() -> Log {
        // A thread that ends may have dropped its spare list before the last tape.
        Log { entries: SPARE.try_with(Cell::take).unwrap_or_default(), ..Log::default() }
    }

    /// Leaves the room to the next log of this thread. Entries that are left are dropped.
    pub fn leave_room(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.clear();
        if (1..=KEPT).contains(&entries.capacity()) {
            let _ = SPARE.try_with(|s| s.set(entries));
        }
    }

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
        let x_slots: SmallVec<[u32; 4]> = match *x {
            [a] => SmallVec::from_buf_and_len([self.slots.get(a.id()), NONE, NONE, NONE], 1),
            [a, b] => {
                let slots = [self.slots.get(a.id()), self.slots.get(b.id()), NONE, NONE];
                SmallVec::from_buf_and_len(slots, 2)
            }
            _ => x.iter().map(|t| self.slots.get(t.id())).collect(),
        };
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
        // Filled in its place: an entry is large, and moving what was written a moment ago stalls the processor.
        self.entries.push(Entry { op: op.boxed(), x: SmallVec::new(), y: SmallVec::new(), x_slots, y_slot });
        let Some(entry) = self.entries.last_mut() else { return };
        for (i, t) in x.iter().enumerate() {
            entry.x.push(save(keep.input(i), t));
        }
        for (i, t) in y.iter().enumerate() {
            entry.y.push(save(keep.output(i), t));
        }
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
