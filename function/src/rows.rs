//! A part of a graph in which every row goes its own way, carried out range of rows by range of rows.
//!
//! The steps of a recurrence are short: handing each to several threads costs as much as it saves. But the sequences of a
//! batch know nothing of each other, so a thread can go through all steps with some of them by itself. Every range has a
//! small plan, whose values stay in the caches of the processor that made them; what others read is copied out while it is
//! there.
//!
//! The ranges depend on shapes only, so results do not depend on the number of threads.

use crate::graph::Graph;
use crate::plan::Plan;
use gradus_kernels::threads::parallel_for;
use gradus_tensor::attr::Attr;
use gradus_tensor::op::Attributes;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Element, Error, Keep, Op, Result, Spec, Specs};
use smallvec::SmallVec;
use std::sync::{Arc, Mutex};

/// The graph of a range of rows, laid out.
#[derive(Debug)]
pub(crate) struct Range {
    rows: usize,
    inputs: Vec<Spec>,
    plan: Plan,
}

impl Range {
    /// The range of this many rows. The outputs of the graph are the pieces of all outputs, in order.
    pub fn new(rows: usize, g: &Graph) -> Range {
        let inputs = g.inputs.iter().map(|&v| g.spec(v).clone()).collect();
        Range { rows, inputs, plan: Plan::piecewise(g) }
    }
}

/// The operation: nodes that work row by row, as one.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub rows: usize,
    /// Dtypes and shapes of the inputs, and whether a range reads its rows alone.
    pub inputs: Vec<(Spec, bool)>,
    /// Dtypes and shapes of the outputs, and of how many values of all rows each consists, one after the other. All are of
    /// one dtype, f32 or f64.
    pub outputs: Vec<(Spec, usize)>,
    /// The ranges by size: all but the last are of the first one's.
    pub ranges: Vec<Arc<Range>>,
}

impl Rows {
    pub const NAME: &'static str = "rows";

    fn run<T: Element>(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let size = self.ranges[0].rows;
        let pieces = self.outputs.iter().map(|o| o.1).sum();
        let mut room: Vec<Vec<&mut [T]>> =
            (0..self.rows.div_ceil(size)).map(|_| Vec::with_capacity(pieces)).collect();
        for (y, (_, pieces)) in y.iter_mut().zip(&self.outputs) {
            let mut rest = y.as_mut::<T>();
            let row = rest.len() / (pieces * self.rows);
            for _ in 0..*pieces {
                for (k, room) in room.iter_mut().enumerate() {
                    let n = size.min(self.rows - k * size);
                    room.push(rest.split_off_mut(..n * row).unwrap_or_default());
                }
            }
        }
        let tasks: Vec<_> = room.into_iter().map(|room| Mutex::new((room, Ok(())))).collect();
        parallel_for(tasks.len(), |k| {
            let mut task = tasks[k].lock().unwrap_or_else(|e| e.into_inner());
            let (room, done) = &mut *task;
            *done = self.range(k * size, x, room);
        });
        tasks.into_iter().try_for_each(|t| t.into_inner().unwrap_or_else(|e| e.into_inner()).1)
    }

    /// Carries out the range that starts at a row.
    fn range<T: Element>(&self, from: usize, x: &[View<'_>], room: &mut [&mut [T]]) -> Result<()> {
        let rows = self.ranges[0].rows.min(self.rows - from);
        let range = self.ranges.iter().find(|r| r.rows == rows);
        let range = range.ok_or_else(|| Error::value(format!("rows: no range of {rows}")))?;
        let given: SmallVec<[View<'_>; 8]> = (x.iter().zip(&self.inputs).zip(&range.inputs))
            .map(|((v, (spec, cut)), part)| match cut {
                true => v.part(part, from * (spec.len() / self.rows)),
                false => *v,
            })
            .collect();
        range.plan.run_pieces(&given, room)
    }
}

impl Op for Rows {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if x.len() != self.inputs.len() || x.iter().zip(&self.inputs).any(|(a, (b, _))| *a != b) {
            return Err(Error::shape(format!("rows: expected inputs {:?}, found {x:?}", self.inputs)));
        }
        Ok(self.outputs.iter().map(|(spec, _)| spec.clone()).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        match self.outputs.first().map(|(spec, _)| spec.dtype) {
            Some(DType::F32) => self.run::<f32>(x, y),
            Some(_) => self.run::<f64>(x, y),
            None => Ok(()),
        }
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

impl Attributes for Rows {
    /// It holds plans, which are made again where it is needed.
    fn attrs(&self) -> Option<Vec<Attr>> {
        None
    }
    fn boxed(&self) -> Box<dyn Op> {
        Box::new(self.clone())
    }
}
