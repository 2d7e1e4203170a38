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

/// Most elements of a tile.
const TILE: usize = 1024;

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
        self.check(len, inputs, outputs)?;
        if len == 0 {
            return self.nothing(outputs);
        }
        // Tiles: whole rows, or parts of one row when rows are long.
        let width = TILE * 4 / (4 * self.slots.div_ceil(8).max(1) * (size_of::<T>() / 4).max(1));
        let width = width.max(64);
        let tile = match self.row {
            Some(n) if n <= width => width / n * n,
            Some(n) => n.div_ceil(n.div_ceil(width)),
            None => width.min(len),
        };
        // Tiles per row; 1 when a tile holds whole rows.
        let per_row = self.row.map_or(1, |n| n.div_ceil(tile.min(n)));
        let unit = self.row.filter(|_| per_row > 1).map_or(tile, |n| n);
        let units = len.div_ceil(unit);
        let group = (split::piece(self.cost) / unit).max(1);
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
                let mut work = Work::new(self, inputs, tile);
                for u in range {
                    let end = ((u + 1) * unit).min(len);
                    let (mut at, mut k) = (u * unit, u * per_row);
                    while at < end {
                        let n = tile.min(end - at);
                        // SAFETY: tiles do not overlap, and each is worked on once.
                        unsafe { work.tile(at, n, k, &sinks, &parts) };
                        at += n;
                        k += 1;
                    }
                }
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

/// The scratch memory of one thread while it works on its tiles.
struct Work<'a, T> {
    program: &'a Program,
    inputs: &'a [Input<'a, T>],
    /// From the pool, so that no time goes into clearing them; empty while a tile is written.
    slots: Vec<Option<Buffer>>,
    /// Slots that hold a constant or a scalar input already.
    ready: Vec<bool>,
    /// Where a streamed output's tile is computed.
    staging: Option<Buffer>,
    values: std::marker::PhantomData<T>,
}

impl<'a, T: Float + Number> Work<'a, T> {
    fn new(program: &'a Program, inputs: &'a [Input<'a, T>], tile: usize) -> Work<'a, T> {
        let buffer = || Some(Buffer::new(T::DTYPE, tile));
        Work {
            program,
            inputs,
            slots: (0..program.slots).map(|_| buffer()).collect(),
            ready: vec![false; program.nodes.len()],
            staging: buffer(),
            values: std::marker::PhantomData,
        }
    }

    #[inline]
    fn slot(&self, s: usize, n: usize) -> &[T] {
        &self.slots[s].as_ref().expect("a value is not read while it is written").as_slice::<T>()[..n]
    }

    #[inline]
    fn slot_mut(&mut self, s: usize) -> &mut [T] {
        self.slots[s].as_mut().expect("a slot is back in its place after every operation").as_mut_slice()
    }

    /// The elements of a value in the current tile.
    #[inline]
    fn view(&self, r: Reg, at: usize, n: usize) -> &[T] {
        match self.program.places[r.0 as usize] {
            Place::Slot(s) => self.slot(s, n),
            Place::Input { input, slot } => match self.inputs[input] {
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
        let layout = &self.program.layouts[input];
        match self.inputs[input] {
            Input::Values(x) if layout.offset(at, n).is_none() => {
                if layout.is_scalar() {
                    if !self.ready[node] {
                        self.slot_mut(slot).fill(x[0]);
                        self.ready[node] = true;
                    }
                } else {
                    layout.read(x, at, &mut self.slot_mut(slot)[..n]);
                }
            }
            Input::Values(_) => {}
            Input::Mask(x) => narrow_mask(layout, x, at, &mut self.slot_mut(slot)[..n]),
        }
    }

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
        for (i, node) in program.nodes.iter().enumerate() {
            match (program.places[i], node) {
                (Place::None, _) => {}
                (Place::Input { input, slot }, _) => self.fetch(i, input, slot, at, n),
                (Place::Slot(s), Node::Constant(v)) => {
                    if !self.ready[i] {
                        self.slot_mut(s).fill(T::lit(*v));
                        self.ready[i] = true;
                    }
                }
                (Place::Slot(s), _) => {
                    let mut y = self.slots[s].take().expect("slots are in their places");
                    self.compute(node, at, n, &mut y.as_mut_slice()[..n]);
                    self.slots[s] = Some(y);
                }
                (Place::Output(o), _) => match &sinks[o] {
                    Sink::Values(y) => {
                        let large = stream::pays::<T>(y.len());
                        // SAFETY: the caller vouches for tiles that do not overlap.
                        let y = unsafe { y.slice(at..at + n) };
                        if large {
                            let mut tile = self.staging.take().expect("it is in its place");
                            self.compute(node, at, n, &mut tile.as_mut_slice()[..n]);
                            stream::copy(&tile.as_slice::<T>()[..n], y);
                            self.staging = Some(tile);
                        } else {
                            self.compute(node, at, n, y);
                        }
                    }
                    Sink::Mask(y) => {
                        let mut tile = self.staging.take().expect("it is in its place");
                        self.compute(node, at, n, &mut tile.as_mut_slice()[..n]);
                        // SAFETY: as above.
                        let y = unsafe { y.slice(at..at + n) };
                        y.iter_mut().zip(tile.as_slice::<T>()).for_each(|(y, v)| *y = *v != T::ZERO);
                        self.staging = Some(tile);
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
