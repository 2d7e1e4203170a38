//! Running a graph whose memory was laid out once ([`layout`](crate::layout)).
//!
//! Large slots go back to the buffer pool after each call, the one used last on top: the next call starts in memory that is
//! still in the caches, and plans that take turns (of a training and its evaluation) share it.
//!
//! Each caller takes an arena and returns it, so threads do not wait for each other. Inputs are dropped at their last
//! use, and an operation that replaces an input works in that input's memory when nobody else holds it.

use crate::graph::Graph;
use crate::layout::Layout;
use crate::profile::Profile;
use gradus_kernels::{AnySlice, AnySliceMut, Buffer, Scalar};
use gradus_tensor::op::Op;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Result, Spec, Tensor, dispatch};
use smallvec::SmallVec;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Where a value starts, before reshapes and slices of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Given(u32),
    Constant(u32),
    Slot(u32),
    Inline(u32),
    /// Memory of the caller, by the number of an output.
    Output(u32),
}

#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub place: Place,
    pub offset: usize,
    pub spec: Spec,
}

#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub place: Place,
    pub spec: Spec,
    /// The input whose values the output starts from, when the operation replaces one.
    pub from: Option<Read>,
    /// Whether that input's memory can be taken: nobody reads it afterwards.
    pub take: bool,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub op: Arc<dyn Op>,
    pub x: SmallVec<[Read; 3]>,
    pub y: SmallVec<[Write; 1]>,
    /// Inputs of the graph that are not read any more.
    pub done: SmallVec<[u32; 1]>,
    pub updates: bool,
    /// Where values go that leave in pieces.
    pub pieces: SmallVec<[Piece; 1]>,
}

/// A value that is copied out as soon as it is made: its number among the outputs.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub number: u32,
    pub read: Read,
}

/// What a call is given.
enum Given<'a, 'o> {
    /// Dropped after their last use.
    Tensors(&'a mut [Option<Tensor>]),
    /// Inputs, and memory for the outputs, which is taken while it is written.
    Views(&'a [View<'a>], &'a mut [Option<AnySliceMut<'o>>]),
}

impl<'o> Given<'_, 'o> {
    #[inline]
    fn view(&self, i: u32) -> View<'_> {
        match self {
            Given::Tensors(t) => {
                t[i as usize].as_ref().expect("inputs are dropped after their last use").view()
            }
            Given::Views(v, _) => v[i as usize],
        }
    }

    fn output(&mut self, i: u32) -> &mut Option<AnySliceMut<'o>> {
        match self {
            Given::Views(_, out) => &mut out[i as usize],
            Given::Tensors(_) => unreachable!("only pieces have memory of the caller"),
        }
    }

    fn read_output(&self, i: u32) -> AnySlice<'_> {
        match self {
            Given::Views(_, out) => {
                out[i as usize].as_ref().expect("an output is made before it is read").as_ref()
            }
            Given::Tensors(_) => unreachable!("only pieces have memory of the caller"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub dtype: DType,
    pub len: usize,
}

/// Memory for one call at a time.
pub(crate) struct Arena {
    slots: Vec<Option<Buffer>>,
    inline: Vec<Scalar>,
}

/// A laid-out graph.
pub(crate) struct Plan {
    pub steps: Vec<Step>,
    pub slots: Vec<Slot>,
    pub inline: Vec<DType>,
    pub constants: Vec<Tensor>,
    pub outputs: Vec<Read>,
    /// Outputs that are copied before the first step.
    pub first: Vec<Piece>,
    /// Large slots, the one used last at the end.
    pub large: Vec<u32>,
    pub idle: Mutex<Vec<Arena>>,
    pub values: usize,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({} steps, {} slots)", self.steps.len(), self.slots.len())
    }
}

/// Arenas that wait for the next caller; further ones are dropped.
const IDLE: usize = 8;

impl Plan {
    pub fn new(g: &Graph) -> Plan {
        Layout::of(g, false).finish(g)
    }

    /// A plan whose outputs are made in memory of the caller.
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

    /// Writes the outputs of a plan made by [`Plan::piecewise`].
    pub fn run_pieces(&self, inputs: &[View<'_>], outputs: Vec<AnySliceMut<'_>>) -> Result<()> {
        let mut arena = self.arena();
        let mut outputs: SmallVec<[Option<AnySliceMut<'_>>; 8]> = outputs.into_iter().map(Some).collect();
        let mut given = Given::Views(inputs, &mut outputs);
        self.copy_out(&self.first, &arena, &mut given);
        for step in &self.steps {
            self.step(step, &mut arena, &mut given)?;
            self.copy_out(&step.pieces, &arena, &mut given);
        }
        self.give_back(arena);
        Ok(())
    }

    fn copy_out(&self, pieces: &[Piece], arena: &Arena, given: &mut Given<'_, '_>) {
        for p in pieces {
            let Some(mut to) = given.output(p.number).take() else { continue };
            let from = self.view(&p.read, arena, given);
            copy(&from, &mut ViewMut::of_slice(&p.read.spec, to.reborrow()));
            *given.output(p.number) = Some(to);
        }
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
        mut carry_out: impl FnMut(&Step, &mut Arena, &mut Given<'_, '_>) -> Result<()>,
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

    fn step(&self, step: &Step, arena: &mut Arena, given: &mut Given<'_, '_>) -> Result<()> {
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

    fn general<'o>(&self, step: &Step, arena: &mut Arena, given: &mut Given<'_, 'o>) -> Result<()> {
        // Outputs are taken out of the arena, so that inputs can be borrowed from it.
        let mut held: SmallVec<[Held<'o>; 2]> = SmallVec::new();
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
                    Held::Output(o) => ViewMut::of_slice(&w.spec, o.reborrow()),
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
                (Held::Output(o), Place::Output(i)) => *given.output(i) = Some(o),
                _ => {}
            }
        }
        Ok(())
    }

    /// Memory for an output, holding the values of the input it replaces if it does.
    fn room<'o>(&self, w: &Write, arena: &mut Arena, given: &mut Given<'_, 'o>) -> Held<'o> {
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
            Place::Output(i) => Held::Output(given.output(i).take().expect("an output is made by one step")),
            Place::Given(_) | Place::Constant(_) => unreachable!("outputs are made"),
        }
    }

    #[inline]
    fn view<'a>(&'a self, r: &'a Read, arena: &'a Arena, given: &'a Given<'_, '_>) -> View<'a> {
        match r.place {
            Place::Inline(i) => View::of_scalar(&r.spec, &arena.inline[i as usize]),
            Place::Slot(i) => {
                let buffer = arena.slots[i as usize].as_ref();
                View::of_buffer(&r.spec, buffer.expect("a value is made before it is read"), r.offset)
            }
            Place::Given(i) => given.view(i).part(&r.spec, r.offset),
            Place::Constant(i) => self.constants[i as usize].view().part(&r.spec, r.offset),
            Place::Output(i) => View::of_slice(&r.spec, given.read_output(i), r.offset),
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
                Place::Output(_) => return Err(missing()),
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

enum Held<'a> {
    Inline(Scalar),
    Buffer(Buffer),
    Output(AnySliceMut<'a>),
}

fn copy(from: &View<'_>, to: &mut ViewMut<'_>) {
    dispatch!(from.dtype(), T: all => { to.as_mut::<T>().copy_from_slice(from.as_slice::<T>()) });
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
