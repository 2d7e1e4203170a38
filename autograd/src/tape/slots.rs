//! Which value has which slot.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// No slot: the value does not depend on anything watched.
pub(crate) const NONE: u32 = u32::MAX;

/// The largest hole that the array of consecutive ids may get from one entry to the next.
const HOLE: usize = 1 << 12;

/// Ids are already distinct numbers: one multiplication spreads them.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("ids are u64");
    }
    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Slots by the identity of values.
///
/// Values made on this thread since the first entry have nearly consecutive ids, so their slots stand in an array.
/// Older ones (variables, watched inputs) and those of other threads are few, and go to a hash map.
#[derive(Default)]
pub(crate) struct Slots {
    first: u64,
    recent: Vec<u32>,
    others: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
}

impl Slots {
    /// The slot of a value, or [`NONE`].
    #[inline]
    pub fn get(&self, id: u64) -> u32 {
        match self.recent.get(id.wrapping_sub(self.first) as usize) {
            Some(&slot) => slot,
            None => self.others.get(&id).copied().unwrap_or(NONE),
        }
    }

    /// Gives a value that existed before it was watched a slot.
    pub fn watch(&mut self, id: u64, slot: u32) {
        match self.recent.get_mut(id.wrapping_sub(self.first) as usize) {
            Some(place) => *place = slot,
            None => drop(self.others.insert(id, slot)),
        }
    }

    /// Gives the output of an operation a slot.
    #[inline]
    pub fn push(&mut self, id: u64, slot: u32) {
        if self.recent.is_empty() {
            self.first = id;
        }
        let at = id.wrapping_sub(self.first) as usize;
        if at == self.recent.len() {
            self.recent.push(slot);
        } else if at < self.recent.len() {
            self.recent[at] = slot;
        } else if at - self.recent.len() < HOLE {
            // A value in the hole may have been watched before the array reached it.
            let old = self.recent.len();
            self.recent.resize(at, NONE);
            if !self.others.is_empty() {
                for (i, place) in self.recent.iter_mut().enumerate().skip(old) {
                    if let Some(slot) = self.others.remove(&(self.first + i as u64)) {
                        *place = slot;
                    }
                }
                self.others.remove(&id);
            }
            self.recent.push(slot);
        } else {
            self.others.insert(id, slot);
        }
    }

    /// True when nothing has a slot.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.others.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_found_wherever_its_slot_stands() {
        let mut slots = Slots::default();
        assert!(slots.is_empty());
        slots.watch(5, 0);
        // Watched while the array has not reached it.
        slots.watch(103, 1);
        slots.push(100, 2);
        slots.push(101, 3);
        slots.push(104, 4);
        slots.push(101, 5);
        let far = 104 + 2 * HOLE as u64;
        slots.push(far, 6);
        slots.watch(102, 7);
        let table =
            [(5, 0), (99, NONE), (100, 2), (101, 5), (102, 7), (103, 1), (104, 4), (105, NONE), (far, 6)];
        for (id, want) in table {
            assert_eq!(slots.get(id), want, "{id}");
        }
    }
}
