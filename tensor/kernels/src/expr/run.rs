//! Running a program.

use super::build::{Closing, Node, Place, Program, Reg, Target};
use crate::Buffer;
use crate::elementwise::{binary_float, compare_mask, narrow_mask, select_tile, test_mask, unary_float};
use crate::error::{Error, Result};
use crate::math::Float;
use crate::reduce::{Max, Number, Plus, pairwise, row};
use crate::threads::SharedMut;
use crate::vector::Body;
use crate::{split, stream};

/// Bytes of the tiles that are worked on together: a part of the second cache. Tiles of the first cache alone would be so
/// short that calling an operation costs as much as carrying it out (a step of Adam over 100,000 weights took 345 us with
/// tiles of 256 elements, and 150 us with these).
const SCRATCH: usize = 96 << 10;
/// Elements of a tile at least: whole cache lines, and pages of outputs that are streamed.
const LEAST: usize = 256;
/// Elements of a tile at most.
const MOST: usize = 2048;
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
        let width = SCRATCH / size_of::<T>() / (self.slots + self.results.len());
        let width = width.clamp(LEAST, MOST) / LEAST * LEAST;
        let tile = match self.row {
            Some(n) if n <= width => width / n * n,
            Some(n) => n.div_ceil(n.div_ceil(width)),
            None => width.min(len),
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
                let mut work = Work::new(self, inputs, tile, &sinks);
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
                // SAFETY: as above: these are tiles of this range.
                unsafe { work.settle(1, 1, &sinks) };
                stream::fence();
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

/// A finished tile of a large output: written to memory bit by bit while the next one is worked on.
struct Late {
    tile: Buffer,
    at: usize,
    n: usize,
    done: usize,
}

/// The scratch memory of one thread while it works on its tiles.
struct Work<'a, T> {
    program: &'a Program,
    inputs: &'a [Input<'a, T>],
    /// All slots one after the other, then a tile for truth values; from the pool, so that no time goes into clearing it.
    scratch: Buffer,
    base: *mut T,
    /// Elements of a slot.
    tile: usize,
    /// Slots that hold a constant or a scalar input already.
    ready: Vec<bool>,
    /// Inputs that are read where they are.
    direct: Vec<bool>,
    /// Inputs worth asking for ahead of time.
    far: Vec<usize>,
    /// Whether an output is written past the caches.
    streams: bool,
    /// Tiles of large outputs that are on their way to memory.
    late: Vec<Option<Late>>,
}

impl<'a, T: Float + Number> Work<'a, T> {
    fn new(
        program: &'a Program,
        inputs: &'a [Input<'a, T>],
        tile: usize,
        sinks: &[Sink<'_, T>],
    ) -> Work<'a, T> {
        let mut scratch = Buffer::new(T::DTYPE, (program.slots + 1) * tile);
        let base = scratch.as_mut_slice::<T>().as_mut_ptr();
        let whole = |i: usize| match inputs[i] {
            Input::Values(x) if program.layouts[i].is_full() => Some(x.len()),
            _ => None,
        };
        Work {
            program,
            inputs,
            scratch,
            base,
            tile,
            ready: vec![false; program.nodes.len()],
            direct: (0..inputs.len()).map(|i| whole(i).is_some()).collect(),
            far: (0..inputs.len()).filter(|&i| whole(i).is_some_and(stream::is_far::<T>)).collect(),
            streams: sinks.iter().any(|s| matches!(s, Sink::Values(y) if stream::pays::<T>(y.len()))),
            late: program.results.iter().map(|_| None).collect(),
        }
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
        match self.program.places[r.0 as usize] {
            Place::Slot(s) => self.slot(s, n),
            Place::Input { input, slot } => match self.inputs[input] {
                Input::Values(x) if self.direct[input] => &x[at..at + n],
                Input::Values(x) => match self.program.layouts[input].offset(at, n) {
                    Some(from) => &x[from..from + n],
                    None => self.slot(slot, n),
                },
                Input::Mask(_) => self.slot(slot, n),
            },
            Place::None | Place::Output(_) => unreachable!("such values are not read"),
        }
    }

    /// Fetches an input whose elements do not lie together.
    fn fetch(&mut self, node: usize, input: usize, slot: usize, at: usize, n: usize) {
        if self.direct[input] {
            return;
        }
        let layout = &self.program.layouts[input];
        match self.inputs[input] {
            Input::Values(x) if layout.offset(at, n).is_none() => {
                if layout.is_scalar() {
                    if !self.ready[node] {
                        // SAFETY: nothing is read meanwhile.
                        unsafe { self.slot_mut(slot, self.tile) }.fill(x[0]);
                        self.ready[node] = true;
                    }
                } else {
                    // SAFETY: as above.
                    layout.read(x, at, unsafe { self.slot_mut(slot, n) });
                }
            }
            Input::Values(_) => {}
            // SAFETY: as above.
            Input::Mask(x) => narrow_mask(layout, x, at, unsafe { self.slot_mut(slot, n) }),
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
            Node::Input(_) | Node::Constant(_) => {}
        }
    }

    /// Asks for part i of `steps` of the next tile's inputs, which lie at `at..at + n`.
    ///
    /// While one tile is worked on in the caches, memory would otherwise be idle.
    fn prefetch(&self, i: usize, steps: usize, at: usize, n: usize) {
        for &input in &self.far {
            if let Input::Values(x) = self.inputs[input]
                && at < x.len()
            {
                let x = &x[at..(at + n).min(x.len())];
                stream::prefetch(&x[x.len() * i / steps..x.len() * (i + 1) / steps]);
            }
        }
    }

    /// Brings the tiles that are on their way to part i of `steps`.
    ///
    /// # Safety
    /// As for [`tile`](Work::tile): their elements must be this thread's.
    unsafe fn settle(&mut self, i: usize, steps: usize, sinks: &[Sink<'_, T>]) {
        for o in 0..self.late.len() {
            if let Some(late) = &self.late[o] {
                // Whole cache lines, until the end.
                let upto = if i == steps { usize::MAX } else { late.n * i / steps / 16 * 16 };
                // SAFETY: as the caller says.
                unsafe { self.settle_one(o, upto, sinks) };
            }
        }
    }

    /// Brings the tile of output o that is on its way up to element `upto`.
    ///
    /// # Safety
    /// As for [`settle`](Work::settle).
    unsafe fn settle_one(&mut self, o: usize, upto: usize, sinks: &[Sink<'_, T>]) {
        let (Some(late), Sink::Values(y)) = (&mut self.late[o], &sinks[o]) else { return };
        let upto = upto.min(late.n);
        if late.done < upto {
            // SAFETY: as the caller says.
            let y = unsafe { y.slice(late.at + late.done..late.at + upto) };
            stream::copy(&late.tile.as_slice::<T>()[late.done..upto], y);
            late.done = upto;
        }
    }

    /// Works on elements `at..at + n`, the k-th tile.
    ///
    /// # Safety
    /// No two calls may have overlapping elements or the same k.
    unsafe fn tile(
        &mut self,
        at: usize,
        n: usize,
        k: usize,
        sinks: &[Sink<'_, T>],
        parts: &[SharedMut<'_, T>],
    ) {
        let program = self.program;
        let steps = program.nodes.len();
        for (i, node) in program.nodes.iter().enumerate() {
            if !matches!(node, Node::Input(_) | Node::Constant(_)) {
                if !self.far.is_empty() {
                    self.prefetch(i, steps, at + n, n);
                }
                if self.streams {
                    // SAFETY: the tiles on their way were this thread's.
                    unsafe { self.settle(i + 1, steps, sinks) };
                }
            }
            match (program.places[i], node) {
                (Place::None, _) => {}
                (Place::Input { input, slot }, _) => self.fetch(i, input, slot, at, n),
                (Place::Slot(s), Node::Constant(v)) => {
                    if !self.ready[i] {
                        // SAFETY: nothing is read meanwhile.
                        unsafe { self.slot_mut(s, self.tile) }.fill(T::lit(*v));
                        self.ready[i] = true;
                    }
                }
                // SAFETY: the plan gives no operation the slot of one of its operands.
                (Place::Slot(s), _) => self.compute(node, at, n, unsafe { self.slot_mut(s, n) }),
                (Place::Output(o), _) => match &sinks[o] {
                    Sink::Values(y) => {
                        let large = stream::pays::<T>(y.len());
                        if large {
                            // SAFETY: the tile on its way was one of this thread's.
                            unsafe { self.settle_one(o, usize::MAX, sinks) };
                            let old = self.late[o].take().map(|l| l.tile);
                            let mut tile = old.unwrap_or_else(|| Buffer::new(T::DTYPE, self.tile));
                            self.compute(node, at, n, &mut tile.as_mut_slice()[..n]);
                            self.late[o] = Some(Late { tile, at, n, done: 0 });
                        } else {
                            // SAFETY: the caller vouches for tiles that do not overlap.
                            self.compute(node, at, n, unsafe { y.slice(at..at + n) });
                        }
                    }
                    Sink::Mask(y) => {
                        // SAFETY: no operation reads the tile behind the slots.
                        let tile = unsafe { self.slot_mut(program.slots, n) };
                        self.compute(node, at, n, tile);
                        // SAFETY: as above.
                        let y = unsafe { y.slice(at..at + n) };
                        y.iter_mut().zip(&*tile).for_each(|(y, v)| *y = *v != T::ZERO);
                    }
                },
            }
        }
        for (o, target) in program.results.iter().enumerate() {
            match (*target, &sinks[o]) {
                (Target::Full(r), sink) => {
                    if program.places[r.0 as usize] == Place::Output(o) {
                        continue;
                    }
                    let x = self.view(r, at, n);
                    match sink {
                        // SAFETY: as above.
                        Sink::Values(y) => unsafe { y.slice(at..at + n) }.copy_from_slice(x),
                        Sink::Mask(y) => {
                            // SAFETY: as above.
                            let y = unsafe { y.slice(at..at + n) };
                            y.iter_mut().zip(x).for_each(|(y, v)| *y = *v != T::ZERO);
                        }
                    }
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
