//! Where every value lives: memory is laid out once, and calls run in it.
//!
//! Values of one element lie inline. Larger ones get a slot of an arena; a slot is handed on when its value has been
//! read for the last time, so the arena is about as large as what is alive at once. Reshapes and leading slices are
//! places inside the value they come from and cost nothing. What leaves as an output has a buffer of its own.
//!
//! Large slots go back to the buffer pool after each call, the one used last on top: the next call starts in memory that is
//! still in the caches, and plans that take turns (of a training and its evaluation) share it.
//!
//! Each caller takes an arena and returns it, so threads do not wait for each other. Inputs are dropped at their last
//! use, and an operation that replaces an input works in that input's memory when nobody else holds it.

use crate::graph::{Graph, Value};
use crate::profile::Profile;
use gradus_kernels::{Buffer, Scalar};
use gradus_tensor::op::Op;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Element, Error, Result, Spec, Tensor, dispatch};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Where a value starts, before reshapes and slices of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Given(u32),
    Constant(u32),
    Slot(u32),
    Inline(u32),
}

#[derive(Clone, Debug)]
struct Read {
    place: Place,
    offset: usize,
    spec: Spec,
}

#[derive(Clone, Debug)]
struct Write {
    place: Place,
    spec: Spec,
    /// The input whose values the output starts from, when the operation replaces one.
    from: Option<Read>,
    /// Whether that input's memory can be taken: nobody reads it afterwards.
    take: bool,
}

#[derive(Debug)]
struct Step {
    op: Arc<dyn Op>,
    x: SmallVec<[Read; 3]>,
    y: SmallVec<[Write; 1]>,
    /// Inputs of the graph that are not read any more.
    done: SmallVec<[u32; 1]>,
    updates: bool,
    /// Where values go that leave in pieces.
    pieces: SmallVec<[Piece; 1]>,
}

/// A value that is copied out as soon as it is made: its number among the outputs.
#[derive(Clone, Debug)]
struct Piece {
    number: usize,
    read: Read,
}

/// What a call is given.
enum Given<'a> {
    /// Dropped after their last use.
    Tensors(&'a mut [Option<Tensor>]),
    Views(&'a [View<'a>]),
}

impl Given<'_> {
    #[inline]
    fn view(&self, i: u32) -> View<'_> {
        match self {
            Given::Tensors(t) => {
                t[i as usize].as_ref().expect("inputs are dropped after their last use").view()
            }
            Given::Views(v) => v[i as usize],
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    dtype: DType,
    len: usize,
}

/// Memory for one call at a time.
struct Arena {
    slots: Vec<Option<Buffer>>,
    inline: Vec<Scalar>,
}

/// A laid-out graph.
pub(crate) struct Plan {
    steps: Vec<Step>,
    slots: Vec<Slot>,
    inline: Vec<DType>,
    constants: Vec<Tensor>,
    outputs: Vec<Read>,
    /// Outputs that are copied before the first step.
    first: Vec<Piece>,
    /// Large slots, the one used last at the end.
    large: Vec<u32>,
    idle: Mutex<Vec<Arena>>,
    values: usize,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({} steps, {} slots)", self.steps.len(), self.slots.len())
    }
}

/// Arenas that wait for the next caller; further ones are dropped.
const IDLE: usize = 8;
/// Bytes from which on a slot goes back to the pool between calls.
const LARGE: usize = 1 << 20;

impl Plan {
    pub fn new(g: &Graph) -> Plan {
        Layout::of(g, false).finish(g)
    }

    /// A plan whose outputs are copied to memory of the caller as soon as they are made.
    pub fn piecewise(g: &Graph) -> Plan {
        Layout::of(g, true).finish(g)
    }

    /// Bytes of the arena, what all intermediate values would take if each had memory of its own, and steps.
    pub fn memory(&self) -> (usize, usize, usize) {
        let arena = self.slots.iter().map(|s| s.len * s.dtype.size()).sum();
        (arena, self.values, self.steps.len())
    }

    /// The outputs for these inputs.
    pub fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        self.run_with(inputs, |step, arena, given| self.step(step, arena, given))
    }

    /// Writes the outputs of a plan made by [`Plan::piecewise`], which are all of type T.
    pub fn run_pieces<T: Element>(&self, inputs: &[View<'_>], outputs: &mut [&mut [T]]) -> Result<()> {
        let mut arena = self.arena();
        let mut given = Given::Views(inputs);
        let mut copy = |pieces: &[Piece], arena: &Arena, given: &Given<'_>| {
            for p in pieces {
                outputs[p.number].copy_from_slice(self.view(&p.read, arena, given).as_slice::<T>());
            }
        };
        copy(&self.first, &arena, &given);
        for step in &self.steps {
            self.step(step, &mut arena, &mut given)?;
            copy(&step.pieces, &arena, &given);
        }
        self.give_back(arena);
        Ok(())
    }

    /// Memory for a call: of an earlier one if there is some.
    fn arena(&self) -> Arena {
        let waiting = self.idle.lock().unwrap_or_else(|e| e.into_inner()).pop();
        waiting.unwrap_or_else(|| Arena {
            slots: self.slots.iter().map(|_| None).collect(),
            inline: self.inline.iter().map(|d| Scalar::zero(*d)).collect(),
        })
    }

    fn give_back(&self, mut arena: Arena) {
        for &i in &self.large {
            arena.slots[i as usize] = None;
        }
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        if idle.len() < IDLE {
            idle.push(arena);
        }
    }

    /// Times every step over some replays.
    pub fn profile(&self, inputs: &[Tensor], rounds: u32) -> Result<Profile> {
        let mut times = vec![Duration::ZERO; self.steps.len()];
        let all = Instant::now();
        for _ in 0..rounds {
            let mut place = times.iter_mut();
            self.run_with(inputs.to_vec(), |step, arena, given| {
                let start = Instant::now();
                let done = self.step(step, arena, given);
                place.next().into_iter().for_each(|t| *t += start.elapsed());
                done
            })?;
        }
        let total = all.elapsed();
        let steps = self.steps.iter().map(|s| {
            let spec = s.y.first().map_or_else(String::new, |w| w.spec.to_string());
            (&*s.op, spec)
        });
        Ok(Profile::of(steps, &times, total, rounds))
    }

    #[inline]
    fn run_with(
        &self,
        inputs: Vec<Tensor>,
        mut carry_out: impl FnMut(&Step, &mut Arena, &mut Given<'_>) -> Result<()>,
    ) -> Result<Vec<Tensor>> {
        let mut arena = self.arena();
        let mut tensors: SmallVec<[Option<Tensor>; 8]> = inputs.into_iter().map(Some).collect();
        let mut given = Given::Tensors(&mut tensors);
        for step in &self.steps {
            carry_out(step, &mut arena, &mut given)?;
        }
        let out = self.leave(&mut arena, &tensors);
        self.give_back(arena);
        out
    }

    fn step(&self, step: &Step, arena: &mut Arena, given: &mut Given<'_>) -> Result<()> {
        // The common case by itself: one inline output.
        if let ([Write { place: Place::Inline(i), spec, from: None, .. }], false) =
            (&step.y[..], step.updates)
        {
            let mut out = arena.inline[*i as usize];
            let x: SmallVec<[View<'_>; 4]> = step.x.iter().map(|r| self.view(r, arena, given)).collect();
            step.op.forward(&x, &mut [ViewMut::of_scalar(spec, &mut out)])?;
            drop(x);
            arena.inline[*i as usize] = out;
        } else {
            self.general(step, arena, given)?;
        }
        if let Given::Tensors(given) = given {
            step.done.iter().for_each(|&i| given[i as usize] = None);
        }
        Ok(())
    }

    fn general(&self, step: &Step, arena: &mut Arena, given: &mut Given<'_>) -> Result<()> {
        // Outputs are taken out of the arena, so that inputs can be borrowed from it.
        let mut held: SmallVec<[Held; 2]> = SmallVec::new();
        for w in &step.y {
            held.push(self.room(w, arena, given));
        }
        {
            let mut y: SmallVec<[ViewMut<'_>; 2]> = held
                .iter_mut()
                .zip(&step.y)
                .map(|(h, w)| match h {
                    Held::Inline(s) => ViewMut::of_scalar(&w.spec, s),
                    Held::Buffer(b) => ViewMut::of_buffer(&w.spec, b),
                })
                .collect();
            if step.updates {
                let left_out = step.op.replaces();
                let x: SmallVec<[View<'_>; 4]> = (step.x.iter().enumerate())
                    .filter(|(i, _)| left_out.iter().all(|(_, x)| x != i))
                    .map(|(_, r)| self.view(r, arena, given))
                    .collect();
                step.op.update(&x, &mut y)?;
            } else {
                let x: SmallVec<[View<'_>; 4]> = step.x.iter().map(|r| self.view(r, arena, given)).collect();
                step.op.forward(&x, &mut y)?;
            }
        }
        for (h, w) in held.into_iter().zip(&step.y) {
            match (h, w.place) {
                (Held::Inline(s), Place::Inline(i)) => arena.inline[i as usize] = s,
                (Held::Buffer(b), Place::Slot(i)) => arena.slots[i as usize] = Some(b),
                _ => {}
            }
        }
        Ok(())
    }

    /// Memory for an output, holding the values of the input it replaces if it does.
    fn room(&self, w: &Write, arena: &mut Arena, given: &mut Given<'_>) -> Held {
        match w.place {
            Place::Inline(i) => {
                let mut s = arena.inline[i as usize];
                if let Some(r) = &w.from {
                    copy(&self.view(r, arena, given), &mut ViewMut::of_scalar(&w.spec, &mut s));
                }
                Held::Inline(s)
            }
            Place::Slot(i) => {
                if let (Some(Read { place: Place::Given(k), .. }), true, Given::Tensors(given)) =
                    (&w.from, w.take, &mut *given)
                {
                    match given[*k as usize].take().map(Tensor::into_buffer) {
                        Some(Ok(buffer)) => return Held::Buffer(buffer),
                        Some(Err(t)) => given[*k as usize] = Some(t),
                        None => {}
                    }
                }
                let slot = self.slots[i as usize];
                let had = arena.slots[i as usize].take();
                let mut buffer = had.unwrap_or_else(|| Buffer::new(slot.dtype, slot.len));
                match &w.from {
                    Some(Read { place, .. }) if *place == w.place => {}
                    Some(r) => {
                        copy(&self.view(r, arena, given), &mut ViewMut::of_buffer(&w.spec, &mut buffer))
                    }
                    None => {}
                }
                Held::Buffer(buffer)
            }
            Place::Given(_) | Place::Constant(_) => unreachable!("outputs are made"),
        }
    }

    #[inline]
    fn view<'a>(&'a self, r: &'a Read, arena: &'a Arena, given: &'a Given<'_>) -> View<'a> {
        match r.place {
            Place::Inline(i) => View::of_scalar(&r.spec, &arena.inline[i as usize]),
            Place::Slot(i) => {
                let buffer = arena.slots[i as usize].as_ref();
                View::of_buffer(&r.spec, buffer.expect("a value is made before it is read"), r.offset)
            }
            Place::Given(i) => given.view(i).part(&r.spec, r.offset),
            Place::Constant(i) => self.constants[i as usize].view().part(&r.spec, r.offset),
        }
    }

    fn leave(&self, arena: &mut Arena, given: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
        // One value may leave several times, under different shapes.
        let mut left: SmallVec<[(u32, Tensor); 4]> = SmallVec::new();
        let part = |t: &Tensor, r: &Read| {
            if t.spec() == &r.spec { Ok(t.clone()) } else { t.shared_part(r.spec.shape.clone(), r.offset) }
        };
        let missing = || Error::value("program: an output was not made");
        let mut out = Vec::with_capacity(self.outputs.len());
        for r in &self.outputs {
            out.push(match r.place {
                Place::Inline(i) => Tensor::from_element(r.spec.clone(), arena.inline[i as usize])?,
                Place::Given(i) => part(given[i as usize].as_ref().ok_or_else(missing)?, r)?,
                Place::Constant(i) => part(&self.constants[i as usize], r)?,
                Place::Slot(i) => {
                    if !left.iter().any(|(s, _)| *s == i) {
                        let buffer = arena.slots[i as usize].take().ok_or_else(missing)?;
                        // Of the output's own shape where it fills the slot, to spare an alias.
                        let whole = r.offset == 0 && r.spec.len() == buffer.len();
                        let t = if whole {
                            Tensor::from_buffer(r.spec.shape.clone(), buffer)?
                        } else {
                            Tensor::from_buffer([buffer.len()], buffer)?
                        };
                        left.push((i, t));
                    }
                    let (_, t) = left.iter().find(|(s, _)| *s == i).ok_or_else(missing)?;
                    part(t, r)?
                }
            });
        }
        Ok(out)
    }
}

enum Held {
    Inline(Scalar),
    Buffer(Buffer),
}

fn copy(from: &View<'_>, to: &mut ViewMut<'_>) {
    dispatch!(from.dtype(), T: all => { to.as_mut::<T>().copy_from_slice(from.as_slice::<T>()) });
}

/// The layout while it is being worked out.
struct Layout {
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
    fn of(g: &Graph, piecewise: bool) -> Layout {
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
        // What leaves in pieces is copied, and its memory handed on.
        let mut pieces: HashMap<Value, SmallVec<[usize; 1]>> = HashMap::new();
        if piecewise {
            g.outputs.iter().enumerate().for_each(|(k, &v)| pieces.entry(v).or_default().push(k));
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
                l.step(g, i, n, &last, &leaves, &root);
            }
            n.y.iter().for_each(|&v| l.copy_out(v, &pieces));
            l.release(n, i, &last, &root);
        }
        l
    }

    /// Has a value copied out, right behind the step that was laid out last.
    fn copy_out(&mut self, v: Value, pieces: &HashMap<Value, SmallVec<[usize; 1]>>) {
        let (Some(numbers), Some(read)) = (pieces.get(&v), &self.reads[v as usize]) else { return };
        let list = numbers.iter().map(|&number| Piece { number, read: read.clone() });
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

    fn finish(self, g: &Graph) -> Plan {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::check::graph;

    fn numbers(n: usize) -> Tensor {
        Tensor::from_vec((0..n).map(|i| (i as f32 * 0.3).sin()).collect(), [n]).unwrap()
    }

    fn check(inputs: &[Tensor], f: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>) -> Plan {
        let g = graph(inputs, f);
        let plan = Plan::new(&g);
        let program = crate::Program::new(g);
        let values = program.values(inputs).unwrap();
        let want: Vec<_> = program.graph().outputs().iter().map(|&v| &values[v as usize]).collect();
        for round in 0..2 {
            let found = plan.run(inputs.to_vec()).unwrap();
            assert_eq!(found.len(), want.len());
            for (f, w) in found.iter().zip(&want) {
                assert_eq!(f.spec(), w.spec(), "round {round}");
                assert_eq!(f.to_bytes().unwrap(), w.to_bytes().unwrap(), "round {round}");
            }
        }
        plan
    }

    #[test]
    fn a_chain_runs_in_two_slots() {
        let plan = check(&[numbers(100)], |x| {
            let mut y = x[0].exp()?;
            for _ in 0..10 {
                y = y.tanh()?;
            }
            Ok(vec![y])
        });
        let (arena, all, steps) = plan.memory();
        assert_eq!((arena, all, steps), (3 * 400, 11 * 400, 11));
    }

    #[test]
    fn parts_and_scalars_and_repeated_outputs() {
        check(&[numbers(12), numbers(1)], |x| {
            let a = x[0].neg()?;
            let b = a.reshape([3, 4])?;
            let s = x[1].reshape(())?.exp()?;
            let c = b.mul(&s)?.reduce_sum((), false)?;
            Ok(vec![
                b.clone(),
                a,
                b.reshape([2, 6])?,
                c,
                x[0].clone(),
                x[0].reshape([4, 3])?,
                s.reshape([1, 1])?,
            ])
        });
    }

    #[test]
    fn callers_do_not_share_memory() {
        let g = graph(&[numbers(5000)], |x| Ok(vec![x[0].exp()?.tanh()?.neg()?]));
        let plan = Arc::new(Plan::new(&g));
        let want = plan.run(vec![numbers(5000)]).unwrap()[0].to_bytes().unwrap();
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..20 {
                        assert_eq!(plan.run(vec![numbers(5000)]).unwrap()[0].to_bytes().unwrap(), want);
                    }
                });
            }
        });
    }
}
