//! Running a program.

use super::build::{Closing, Node, Place, Program, Reg, Target};
use crate::Buffer;
use crate::elementwise::{
    Layout, binary_float, compare_mask, narrow_mask, select_tile, test_mask, unary_float,
};
use crate::error::{Error, Result};
use crate::math::Float;
use crate::reduce::{Max, Number, Plus, pairwise, row};
use crate::threads::SharedMut;
use crate::vector::Body;
use crate::{split, stream};

/// Elements of a tile: a few of them stay in the first cache, and while one is worked on, the next comes from memory.
/// Shorter ones cost more in calls, longer ones wait for memory and for the processor in turn. Not a power of two: equal
/// elements of two tiles that lie whole pages apart would hinder each other on their way to the cache.
const TILE: usize = 768;
/// Ranges that a large result is cut into: each has scratch memory to set up and a first tile to wait for.
const RANGES: usize = 64;

/// An input array.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, T> {
    /// Numbers of the program's type.
    Values(&'a [T]),
    /// Truth values.
    Mask(&'a [bool]),
}

/// An output array.
#[derive(Debug)]
pub enum Output<'a, T> {
    /// Numbers of the program's type.
    Values(&'a mut [T]),
    /// Truth values: true where the value is not 0.
    Mask(&'a mut [bool]),
}

impl<T> Output<'_, T> {
    fn len(&self) -> usize {
        match self {
            Output::Values(y) => y.len(),
            Output::Mask(y) => y.len(),
        }
    }
}

/// An output that several threads write, each its own part.
enum Sink<'a, T> {
    Values(SharedMut<'a, T>),
    Mask(SharedMut<'a, bool>),
}

impl<T: Float> Sink<'_, T> {
    /// Writes the elements from `at` on.
    ///
    /// # Safety
    /// No other thread may write or read them meanwhile.
    unsafe fn write(&self, x: &[T], at: usize) {
        match self {
            Sink::Values(y) if stream::pays::<T>(y.len()) => {
                // SAFETY: as the caller says.
                stream::copy(x, unsafe { y.slice(at..at + x.len()) });
            }
            // SAFETY: as above.
            Sink::Values(y) => unsafe { y.slice(at..at + x.len()) }.copy_from_slice(x),
            Sink::Mask(y) => {
                // SAFETY: as above.
                let y = unsafe { y.slice(at..at + x.len()) };
                y.iter_mut().zip(x).for_each(|(y, v)| *y = *v != T::ZERO);
            }
        }
    }
}

struct Total<'a, T>(&'a [T], Closing);

impl<T: Float + Number> Body for Total<'_, T> {
    type Out = T;
    #[inline(always)]
    fn run(self) -> T {
        match self.1 {
            Closing::Max => row(Max, self.0),
            _ => row(Plus, self.0),
        }
    }
}

fn fold<T: Float + Number>(how: Closing, parts: &[T]) -> T {
    match how {
        Closing::Max => pairwise(Max, parts),
        _ => pairwise(Plus, parts),
    }
}

impl Program {
    /// Evaluates the program over a result of `len` elements.
    ///
    /// An error when arrays are missing, their lengths do not fit the layouts and outputs, or `len` is not whole
    /// rows. f32 is the fast type; f64 runs the same code.
    pub fn run<T: Float + Number>(
        &self,
        len: usize,
        inputs: &[Input<'_, T>],
        outputs: &mut [Output<'_, T>],
    ) -> Result {
        T::evaluate(self, len, inputs, outputs)
    }

    pub(crate) fn run_of<T: Float + Number>(
        &self,
        len: usize,
        inputs: &[Input<'_, T>],
        outputs: &mut [Output<'_, T>],
    ) -> Result {
        self.check(len, inputs, outputs)?;
        if len == 0 {
            return self.nothing(outputs);
        }
        // Tiles: whole rows, or parts of one row when rows are long.
        let tile = match self.row {
            Some(n) if n <= TILE => TILE / n * n,
            Some(n) => n.div_ceil(n.div_ceil(TILE)),
            None => self.free_tile().min(len),
        };
        // Tiles per row; 1 when a tile holds whole rows.
        let per_row = self.row.map_or(1, |n| n.div_ceil(tile.min(n)));
        let unit = self.row.filter(|_| per_row > 1).map_or(tile, |n| n);
        let units = len.div_ceil(unit);
        let group = (split::piece(self.cost) / unit).max(units / RANGES).max(1);
        // Partial results of closing reductions: per tile for one total, per tile of a row for rows.
        let tiles = units * per_row;
        let mut parts: Vec<Vec<T>> = self
            .results
            .iter()
            .map(|r| match r {
                Target::Reduced(_, how, 0) => {
                    vec![if *how == Closing::Max { -T::INFINITY } else { T::ZERO }; tiles]
                }
                Target::Reduced(..) if per_row > 1 => vec![T::ZERO; tiles],
                _ => Vec::new(),
            })
            .collect();
        {
            let parts: Vec<SharedMut<'_, T>> = parts.iter_mut().map(|p| SharedMut::new(p)).collect();
            let sinks: Vec<Sink<'_, T>> = outputs
                .iter_mut()
                .map(|o| match o {
                    Output::Values(y) => Sink::Values(SharedMut::new(y)),
                    Output::Mask(y) => Sink::Mask(SharedMut::new(y)),
                })
                .collect();
            split::ranges(units, group, |range| {
                let work = Work::new(self, inputs, tile, &sinks);
                for u in range {
                    let end = ((u + 1) * unit).min(len);
                    let (mut at, mut k) = (u * unit, u * per_row);
                    while at < end {
                        let n = tile.min(end - at);
                        // SAFETY: tiles do not overlap, and each is worked on once, in one range.
                        unsafe { work.tile(at, n, k, &sinks, &parts) };
                        at += n;
                        k += 1;
                    }
                }
                if work.streams {
                    stream::fence();
                }
            });
        }
        for ((target, out), parts) in self.results.iter().zip(outputs).zip(&parts) {
            let (Target::Reduced(_, how, n), Output::Values(y)) = (target, out) else { continue };
            let count = if *n == 0 { len } else { *n };
            if *n == 0 {
                y[0] = fold(*how, parts);
            } else if per_row > 1 {
                for (y, parts) in y.iter_mut().zip(parts.chunks(per_row)) {
                    *y = fold(*how, parts);
                }
            }
            if *how == Closing::Mean {
                let count = T::lit(count as f64);
                y.iter_mut().for_each(|y| *y = *y / count);
            }
        }
        Ok(())
    }

    /// Elements of a tile where no reduction goes by rows: whole periods of what is repeated, or an even part of one.
    fn free_tile(&self) -> usize {
        match self.layouts.iter().filter_map(Layout::period).max() {
            Some(p) if p <= TILE => TILE / p * p,
            Some(p) if p.is_multiple_of(p.div_ceil(TILE)) => p / p.div_ceil(TILE),
            _ => TILE,
        }
    }

    fn check<T>(&self, len: usize, inputs: &[Input<'_, T>], outputs: &[Output<'_, T>]) -> Result {
        let bad = |text: String| Err(Error::Shape(format!("expression: {text}")));
        if inputs.len() != self.inputs() || outputs.len() != self.outputs() {
            return bad(format!("{} inputs and {} outputs for {self:?}", inputs.len(), outputs.len()));
        }
        if self.row.is_some_and(|n| !len.is_multiple_of(n)) {
            return bad(format!("{len} elements are not whole rows of {:?}", self.row));
        }
        for (i, (input, layout)) in inputs.iter().zip(&self.layouts).enumerate() {
            let found = match input {
                Input::Values(x) => x.len(),
                Input::Mask(x) => x.len(),
            };
            let expected = layout.input_len().unwrap_or(len);
            if found != expected || layout.result_len().is_some_and(|l| l != len) {
                return bad(format!(
                    "input {i} has {found} elements, its layout {expected}, the result {len}"
                ));
            }
        }
        for (k, out) in outputs.iter().enumerate() {
            if out.len() != self.output_len(k, len) {
                return bad(format!(
                    "output {k} has {} elements, not {}",
                    out.len(),
                    self.output_len(k, len)
                ));
            }
            if matches!((self.results[k], out), (Target::Reduced(..), Output::Mask(_))) {
                return bad(format!("output {k} is a reduction and cannot be truth values"));
            }
        }
        Ok(())
    }

    /// The outputs of an empty result: totals of nothing.
    fn nothing<T: Float>(&self, outputs: &mut [Output<'_, T>]) -> Result {
        for (target, out) in self.results.iter().zip(outputs) {
            if let (Target::Reduced(_, how, _), Output::Values(y)) = (target, out) {
                y.fill(match how {
                    Closing::Sum => T::ZERO,
                    Closing::Mean => T::lit(f64::NAN),
                    Closing::Max => -T::INFINITY,
                });
            }
        }
        Ok(())
    }
}

/// Copies the elements that stand from `at` on.
fn read<T: Float>(layout: &Layout, input: Input<'_, T>, at: usize, slot: &mut [T]) {
    match input {
        Input::Values(x) => layout.read(x, at, slot),
        Input::Mask(x) => narrow_mask(layout, x, at, slot),
    }
}

/// Where the elements of a value are found.
#[derive(Clone, Copy)]
enum Found<'a, T> {
    Slot(usize),
    /// An input as long as the result.
    Whole(&'a [T]),
    /// An input that is stretched: where its elements lie together, in place, else in a slot.
    Part(&'a [T], &'a Layout, usize),
    Nowhere,
}

/// The scratch memory of one thread while it works on its tiles.
struct Work<'a, T> {
    program: &'a Program,
    /// All slots one after the other, then a tile for what is not written where it is computed; from the pool, so that
    /// no time goes into clearing it.
    scratch: Buffer,
    base: *mut T,
    /// Elements of a slot.
    tile: usize,
    /// Inputs that are copied to their slots tile by tile, where their elements do not lie together.
    copied: Vec<(&'a Layout, Input<'a, T>, usize)>,
    /// Operations, and the numbers of their values.
    steps: Vec<(usize, Node)>,
    /// Where each value is found.
    found: Vec<Found<'a, T>>,
    /// Inputs worth asking for ahead of time.
    far: Vec<&'a [T]>,
    /// Whether an output is written past the caches.
    streams: bool,
}

impl<'a, T: Float + Number> Work<'a, T> {
    fn new(
        program: &'a Program,
        inputs: &'a [Input<'a, T>],
        tile: usize,
        sinks: &[Sink<'_, T>],
    ) -> Work<'a, T> {
        let mut scratch = Buffer::new(T::DTYPE, (program.slots + 1) * tile);
        let slots = scratch.as_mut_slice::<T>();
        let (mut copied, mut steps, mut far) = (Vec::new(), Vec::new(), Vec::new());
        let mut found = Vec::with_capacity(program.nodes.len());
        for (i, (node, place)) in program.nodes.iter().zip(&program.places).enumerate() {
            let part = |slot: usize| slot * tile..(slot + 1) * tile;
            found.push(match (*place, *node) {
                (Place::None, _) => Found::Nowhere,
                (Place::Slot(slot), Node::Constant(v)) => {
                    slots[part(slot)].fill(T::lit(v));
                    Found::Slot(slot)
                }
                (Place::Input { input, slot }, _) => {
                    let layout = &program.layouts[input];
                    match inputs[input] {
                        Input::Values(x) if layout.is_full() => {
                            if stream::is_far::<T>(x.len()) {
                                far.push(x);
                            }
                            Found::Whole(x)
                        }
                        Input::Values(x) if layout.is_scalar() => {
                            slots[part(slot)].fill(x[0]);
                            Found::Slot(slot)
                        }
                        // Every tile starts where the input does.
                        values if layout.period().is_some_and(|p| tile.is_multiple_of(p)) => {
                            read(layout, values, 0, &mut slots[part(slot)]);
                            Found::Slot(slot)
                        }
                        values => {
                            copied.push((layout, values, slot));
                            match values {
                                Input::Values(x) => Found::Part(x, layout, slot),
                                Input::Mask(_) => Found::Slot(slot),
                            }
                        }
                    }
                }
                (place, _) => {
                    steps.push((i, *node));
                    if let Place::Slot(slot) = place { Found::Slot(slot) } else { Found::Nowhere }
                }
            });
        }
        let base = slots.as_mut_ptr();
        let streams = sinks.iter().any(|s| matches!(s, Sink::Values(y) if stream::pays::<T>(y.len())));
        Work { program, scratch, base, tile, copied, steps, found, far, streams }
    }

    #[inline]
    fn slot(&self, s: usize, n: usize) -> &[T] {
        assert!(n <= self.tile && (s + 1) * self.tile <= self.scratch.len());
        // SAFETY: the slot lies inside of the scratch memory, which `self` owns and which holds initialised elements. A
        // slot is not written while it is read: the plan gives no operation the slot of one of its operands.
        unsafe { std::slice::from_raw_parts(self.base.add(s * self.tile), n) }
    }

    /// The first n elements of a slot, writable.
    ///
    /// # Safety
    /// No other slice of this slot may be alive.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    unsafe fn slot_mut(&self, s: usize, n: usize) -> &mut [T] {
        assert!(n <= self.tile && (s + 1) * self.tile <= self.scratch.len());
        // SAFETY: as for `slot`; `base` comes from a unique borrow, and the caller vouches for no other slice.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(s * self.tile), n) }
    }

    /// The elements of a value in the current tile.
    #[inline]
    fn view(&self, r: Reg, at: usize, n: usize) -> &[T] {
        match self.found[r.0 as usize] {
            Found::Slot(s) => self.slot(s, n),
            Found::Whole(x) => &x[at..at + n],
            Found::Part(x, layout, slot) => match layout.offset(at, n) {
                Some(from) => &x[from..from + n],
                None => self.slot(slot, n),
            },
            Found::Nowhere => unreachable!("such values are not read"),
        }
    }

    /// Copies the inputs whose elements do not lie together.
    fn fetch(&self, at: usize, n: usize) {
        for &(layout, input, slot) in &self.copied {
            if !matches!(input, Input::Values(_)) || layout.offset(at, n).is_none() {
                // SAFETY: nothing is read meanwhile.
                read(layout, input, at, unsafe { self.slot_mut(slot, n) });
            }
        }
    }

    #[inline]
    fn compute(&self, node: &Node, at: usize, n: usize, y: &mut [T]) {
        match *node {
            Node::Unary(op, a) => unary_float(op, self.view(a, at, n), y),
            Node::Binary(op, a, b) => binary_float(op, self.view(a, at, n), self.view(b, at, n), y),
            Node::Compare(op, a, b) => compare_mask(op, self.view(a, at, n), self.view(b, at, n), y),
            Node::Test(op, a) => test_mask(op, self.view(a, at, n), y),
            Node::Select(c, a, b) => {
                select_tile(self.view(c, at, n), self.view(a, at, n), self.view(b, at, n), y)
            }
            Node::Pair(pair, a, b, c) => pair.tile([a, b, c].map(|r| self.view(r, at, n)), y),
            Node::Input(_) | Node::Constant(_) => {}
        }
    }

    /// Asks for part i of `steps` of the next tile's inputs, which lie at `at..at + n`.
    ///
    /// While one tile is worked on in the caches, memory would otherwise be idle.
    fn prefetch(&self, i: usize, steps: usize, at: usize, n: usize) {
        for x in &self.far {
            let x = &x[at.min(x.len())..(at + n).min(x.len())];
            stream::prefetch(&x[x.len() * i / steps..x.len() * (i + 1) / steps]);
        }
    }

    /// Works on elements `at..at + n`, the k-th tile.
    ///
    /// # Safety
    /// No two calls may have overlapping elements or the same k.
    unsafe fn tile(&self, at: usize, n: usize, k: usize, sinks: &[Sink<'_, T>], parts: &[SharedMut<'_, T>]) {
        let program = self.program;
        self.fetch(at, n);
        let steps = self.steps.len();
        for (k, (i, node)) in self.steps.iter().enumerate() {
            if !self.far.is_empty() {
                self.prefetch(k, steps, at + n, n);
            }
            // SAFETY: the plan gives no operation the slot of one of its operands, and none the tile behind the slots.
            let slot = |s: usize| unsafe { self.slot_mut(s, n) };
            match program.places[*i] {
                Place::Slot(s) => self.compute(node, at, n, slot(s)),
                Place::Output(o) => match &sinks[o] {
                    Sink::Values(y) if !stream::pays::<T>(y.len()) => {
                        // SAFETY: the caller vouches for tiles that do not overlap.
                        self.compute(node, at, n, unsafe { y.slice(at..at + n) });
                    }
                    sink => {
                        let tile = slot(program.slots);
                        self.compute(node, at, n, tile);
                        // SAFETY: as above.
                        unsafe { sink.write(tile, at) };
                    }
                },
                Place::None | Place::Input { .. } => unreachable!("not an operation"),
            }
        }
        for (o, target) in program.results.iter().enumerate() {
            match (*target, &sinks[o]) {
                (Target::Full(r), sink) => {
                    if program.places[r.0 as usize] == Place::Output(o) {
                        continue;
                    }
                    // SAFETY: as above.
                    unsafe { sink.write(self.view(r, at, n), at) };
                }
                (Target::Reduced(r, how, row), Sink::Values(y)) => {
                    let x = self.view(r, at, n);
                    if parts[o].is_empty() {
                        // SAFETY: rows belong to one tile each.
                        let y = unsafe { y.slice(at / row..(at + n) / row) };
                        for (y, x) in y.iter_mut().zip(x.chunks_exact(row)) {
                            *y = T::run(Total(x, how));
                        }
                    } else {
                        // SAFETY: every tile has a k of its own.
                        let part = unsafe { parts[o].slice(k..k + 1) };
                        part[0] = T::run(Total(x, how));
                    }
                }
                (Target::Reduced(..), Sink::Mask(_)) => unreachable!("refused before the run"),
            }
        }
    }
}
