//! Where every value lives, worked out before the first call.
//!
//! Values of one element lie inline. Larger ones get a slot of an arena; a slot is handed on when its value has been
//! read for the last time, so the arena is about as large as what is alive at once. Reshapes and leading slices are
//! places inside the value they come from and cost nothing. What leaves as an output has a buffer of its own, or is made in
//! memory of the caller.

use crate::graph::{Graph, Value};
use crate::plan::{Piece, Place, Plan, Read, Slot, Step, Write};
use gradus_tensor::{DType, Spec};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Mutex;

/// Bytes from which on a slot goes back to the pool between calls.
const LARGE: usize = 1 << 20;

/// The layout while it is being worked out.
pub(crate) struct Layout {
    steps: Vec<Step>,
    slots: Vec<Slot>,
    inline: Vec<DType>,
    free: Vec<u32>,
    free_inline: Vec<u32>,
    reads: Vec<Option<Read>>,
    first: Vec<Piece>,
    values: usize,
}

impl Layout {
    pub fn of(g: &Graph, piecewise: bool) -> Layout {
        let mut l = Layout {
            steps: Vec::new(),
            slots: Vec::new(),
            inline: Vec::new(),
            free: Vec::new(),
            free_inline: Vec::new(),
            reads: vec![None; g.values()],
            first: Vec::new(),
            values: 0,
        };
        for (i, &v) in g.inputs.iter().enumerate() {
            l.reads[v as usize] =
                Some(Read { place: Place::Given(i as u32), offset: 0, spec: g.spec(v).clone() });
        }
        for (i, (v, _)) in g.constants.iter().enumerate() {
            l.reads[*v as usize] =
                Some(Read { place: Place::Constant(i as u32), offset: 0, spec: g.spec(*v).clone() });
        }
        // The value that each value is a part of, and the step after which a root is not read any more.
        let mut root: Vec<Value> = (0..g.values() as Value).collect();
        let mut offset = vec![0usize; g.values()];
        for n in &g.nodes {
            let specs: SmallVec<[&Spec; 4]> = n.x.iter().map(|&v| g.spec(v)).collect();
            if let (Some(at), [y]) = (n.op.alias(&specs), &n.y[..]) {
                // One element of a larger value is read there too, inline values have no parts.
                root[*y as usize] = root[n.x[0] as usize];
                offset[*y as usize] = offset[n.x[0] as usize] + at;
            }
        }
        let mut last = vec![0usize; g.values()];
        for (i, n) in g.nodes.iter().enumerate() {
            n.x.iter().chain(&n.y).for_each(|&v| last[root[v as usize] as usize] = i);
        }
        let mut leaves = vec![false; g.values()];
        // What leaves in pieces is made where it goes; what has no place of its own, or goes to several, is copied.
        let mut pieces: HashMap<Value, SmallVec<[u32; 1]>> = HashMap::new();
        if piecewise {
            g.outputs.iter().enumerate().for_each(|(k, &v)| pieces.entry(v).or_default().push(k as u32));
        }
        let whole = if piecewise { &[] } else { &g.outputs[..] };
        for &v in whole {
            leaves[root[v as usize] as usize] = true;
            last[root[v as usize] as usize] = usize::MAX;
        }
        let given = g.inputs.iter().copied().chain(g.constants.iter().map(|(v, _)| *v));
        given.for_each(|v| l.copy_out(v, &pieces));
        for (i, n) in g.nodes.iter().enumerate() {
            if let [y] = n.y[..]
                && root[y as usize] != y
            {
                let from = root[y as usize];
                if let Some(r) = l.reads[from as usize].clone() {
                    l.reads[y as usize] =
                        Some(Read { offset: offset[y as usize], spec: g.spec(y).clone(), ..r });
                }
            } else {
                l.step(g, i, n, &last, &leaves, &root, &pieces);
            }
            n.y.iter().for_each(|&v| l.copy_out(v, &pieces));
            l.release(n, i, &last, &root);
        }
        l
    }

    /// Has a value copied out, right behind the step that was laid out last.
    fn copy_out(&mut self, v: Value, pieces: &HashMap<Value, SmallVec<[u32; 1]>>) {
        let (Some(numbers), Some(read)) = (pieces.get(&v), &self.reads[v as usize]) else { return };
        let there = |&&number: &&u32| read.place != Place::Output(number);
        let list = numbers.iter().filter(there).map(|&number| Piece { number, read: read.clone() });
        match self.steps.last_mut() {
            Some(step) => step.pieces.extend(list),
            None => self.first.extend(list),
        }
    }

    fn step(
        &mut self,
        g: &Graph,
        i: usize,
        n: &crate::Node,
        last: &[usize],
        leaves: &[bool],
        root: &[Value],
        pieces: &HashMap<Value, SmallVec<[u32; 1]>>,
    ) {
        let x: Option<SmallVec<[Read; 3]>> = n.x.iter().map(|&v| self.reads[v as usize].clone()).collect();
        let Some(x) = x else { return };
        let replaces = n.op.replaces();
        let mut y: SmallVec<[Write; 1]> = SmallVec::new();
        for (k, &v) in n.y.iter().enumerate() {
            let spec = g.spec(v).clone();
            self.values += spec.len() * spec.dtype.size();
            let replaced = replaces.iter().find(|(o, _)| *o == k).map(|(_, input)| *input);
            let from = replaced.map(|input| x[input].clone());
            // Memory can be taken from a whole value that dies here and is read in no other place of this step.
            let take = replaced.is_some_and(|input| {
                let v = root[n.x[input] as usize];
                let readers = n.x.iter().filter(|&&o| root[o as usize] == v).count();
                last[v as usize] == i && readers == 1 && x[input].offset == 0 && g.spec(v).len() == spec.len()
            });
            let place = match &from {
                Some(Read { place: p @ Place::Slot(s), .. })
                    if take && (!leaves[v as usize] || self.slots[*s as usize].len == spec.len()) =>
                {
                    *p
                }
                None if spec.len() > 1 && pieces.contains_key(&v) => Place::Output(pieces[&v][0]),
                _ if spec.len() == 1 => Place::Inline(self.inline_room(spec.dtype, leaves[v as usize])),
                _ => Place::Slot(self.room(&spec, leaves[v as usize])),
            };
            self.reads[v as usize] = Some(Read { place, offset: 0, spec: spec.clone() });
            y.push(Write { place, spec, from, take });
        }
        let done = (g.inputs.iter().enumerate())
            .filter(|&(_, &v)| last[v as usize] == i && n.x.iter().any(|&x| root[x as usize] == v))
            .map(|(k, _)| k as u32)
            .collect();
        let (updates, pieces) = (!replaces.is_empty(), SmallVec::new());
        self.steps.push(Step { op: n.op.clone(), x, y, done, updates, pieces });
    }

    /// A free slot that fits well, or a new one. What leaves gets one of its own size that nobody had before.
    fn room(&mut self, spec: &Spec, leaves: bool) -> u32 {
        let (dtype, len) = (spec.dtype, spec.len());
        // Of equal ones the one freed last: it is in the caches.
        let best = (self.free.iter().enumerate().rev())
            .filter(|&(_, &s)| {
                let slot = self.slots[s as usize];
                !leaves && slot.dtype == dtype && slot.len >= len && slot.len <= 2 * len.max(64)
            })
            .min_by_key(|&(_, &s)| self.slots[s as usize].len);
        if let Some((i, &s)) = best {
            self.free.remove(i);
            return s;
        }
        self.slots.push(Slot { dtype, len });
        (self.slots.len() - 1) as u32
    }

    fn inline_room(&mut self, dtype: DType, leaves: bool) -> u32 {
        let same = self.free_inline.iter().position(|&i| self.inline[i as usize] == dtype);
        if let (Some(i), false) = (same, leaves) {
            return self.free_inline.swap_remove(i);
        }
        self.inline.push(dtype);
        (self.inline.len() - 1) as u32
    }

    /// Gives back the memory of values that node i was the last to read, unless its output took it over.
    fn release(&mut self, n: &crate::Node, i: usize, last: &[usize], root: &[Value]) {
        let mut seen: SmallVec<[Value; 4]> = SmallVec::new();
        let taken: SmallVec<[Place; 2]> =
            n.y.iter()
                .filter(|&&v| last[v as usize] > i)
                .filter_map(|&v| Some(self.reads[v as usize].as_ref()?.place))
                .collect();
        for v in n.x.iter().chain(&n.y).map(|&v| root[v as usize]) {
            if last[v as usize] != i || seen.contains(&v) {
                continue;
            }
            seen.push(v);
            match self.reads[v as usize].as_ref().map(|r| r.place) {
                Some(p) if taken.contains(&p) => {}
                Some(Place::Slot(s)) if !self.free.contains(&s) => self.free.push(s),
                Some(Place::Inline(s)) if !self.free_inline.contains(&s) => self.free_inline.push(s),
                _ => {}
            }
        }
    }

    pub fn finish(self, g: &Graph) -> Plan {
        let outputs = g.outputs.iter().filter_map(|&v| self.reads[v as usize].clone()).collect();
        let mut last = vec![0; self.slots.len()];
        for (i, step) in self.steps.iter().enumerate() {
            let places = step.x.iter().map(|r| r.place).chain(step.y.iter().map(|w| w.place));
            for place in places {
                if let Place::Slot(s) = place {
                    last[s as usize] = i;
                }
            }
        }
        let bytes = |s: &Slot| s.len * s.dtype.size();
        let slots = self.slots.iter().enumerate().filter(|(_, s)| bytes(s) > LARGE);
        let mut large: Vec<u32> = slots.map(|(i, _)| i as u32).collect();
        large.sort_by_key(|&s| last[s as usize]);
        Plan {
            large,
            first: self.first,
            steps: self.steps,
            slots: self.slots,
            inline: self.inline,
            constants: g.constants.iter().map(|(_, t)| t.clone()).collect(),
            outputs,
            idle: Mutex::default(),
            values: self.values,
        }
    }
}
