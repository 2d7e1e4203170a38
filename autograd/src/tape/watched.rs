//! The variables that a tape has seen, and the slots of the values they had.

use crate::Variable;
use smallvec::SmallVec;
use std::collections::HashMap;

/// As many variables are looked through one by one; more are indexed.
const FEW: usize = 16;

/// Variables in the order in which they were first seen.
#[derive(Default)]
pub(crate) struct Watched {
    list: Vec<(Variable, SmallVec<[u32; 1]>)>,
    /// Places in the list by the variable's id, once there are more than a few.
    index: HashMap<u64, usize>,
}

impl Watched {
    fn place(&self, v: &Variable) -> Option<usize> {
        if self.list.len() <= FEW {
            return self.list.iter().position(|(w, _)| w.id() == v.id());
        }
        self.index.get(&v.id()).copied()
    }

    /// Adds a slot of a value that the variable had.
    pub fn add(&mut self, v: &Variable, slot: u32) {
        if let Some(i) = self.place(v) {
            let slots = &mut self.list[i].1;
            if !slots.contains(&slot) {
                slots.push(slot);
            }
            return;
        }
        self.list.push((v.clone(), SmallVec::from_elem(slot, 1)));
        match self.list.len() {
            n if n == FEW + 1 => {
                self.index = self.list.iter().enumerate().map(|(i, (w, _))| (w.id(), i)).collect();
            }
            n if n > FEW => drop(self.index.insert(v.id(), n - 1)),
            _ => {}
        }
    }

    /// The slots of the values that the variable had while it was watched.
    pub fn slots(&self, v: &Variable) -> &[u32] {
        self.place(v).map_or(&[], |i| &self.list[i].1)
    }

    /// The variables in order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.list.iter().map(|(v, _)| v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_tensor::Tensor;

    #[test]
    fn few_and_many_are_found() {
        let all: Vec<Variable> = (0..40).map(|i| Variable::new(Tensor::scalar(i as f32))).collect();
        let mut watched = Watched::default();
        for (i, v) in all.iter().enumerate() {
            watched.add(v, i as u32);
            watched.add(v, i as u32);
            watched.add(&all[0], 100 + i as u32);
            for (k, v) in all.iter().enumerate().skip(1) {
                let want: &[u32] = if k <= i { &[k as u32] } else { &[] };
                assert_eq!(watched.slots(v), want, "variable {k} after {i}");
            }
            assert_eq!(watched.slots(&all[0]).len(), 2 + i);
        }
        assert_eq!(watched.variables().count(), 40);
    }
}
