//! A part of a graph in which every row goes its own way, carried out range of rows by range of rows.
//!
//! Large images go from operation to operation in the caches of one processor when it takes one after the other. And the
//! steps of a recurrence are short: handing each to several threads costs as much as it saves. But the sequences of a
//! batch know nothing of each other, so a thread can go through all steps with some of them by itself. Every range has a
//! small plan, whose values stay in the caches of the processor that made them; what others read is made where they read it.
//!
//! The ranges depend on shapes only, so results do not depend on the number of threads.

use crate::graph::Graph;
use crate::plan::Plan;
use gradus_kernels::AnySliceMut;
use gradus_kernels::threads::parallel_for;
use gradus_tensor::attr::Attr;
use gradus_tensor::op::Attributes;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, Keep, Op, Result, Spec, Specs};
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

/// An output of [`Rows`].
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub spec: Spec,
    /// Of how many values of all rows it consists, one after the other.
    pub pieces: usize,
    /// It has a row for every range, not for every row.
    pub of_ranges: bool,
}

/// The operation: nodes that work row by row, as one.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub rows: usize,
    /// Dtypes and shapes of the inputs, and whether a range reads its rows alone.
    pub inputs: Vec<(Spec, bool)>,
    pub outputs: Vec<Output>,
    /// The ranges by size: all but the last are of the first one's.
    pub ranges: Vec<Arc<Range>>,
}

impl Rows {
    pub const NAME: &'static str = "rows";

    /// Carries out the range that starts at a row.
    fn range(&self, from: usize, x: &[View<'_>], room: Vec<AnySliceMut<'_>>) -> Result<()> {
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
        Ok(self.outputs.iter().map(|o| o.spec.clone()).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let size = self.ranges[0].rows;
        let count = self.rows.div_ceil(size);
        let mut room: Vec<Vec<AnySliceMut<'_>>> = (0..count).map(|_| Vec::with_capacity(y.len())).collect();
        for (y, o) in y.iter_mut().zip(&self.outputs) {
            let mut rest = y.any_mut();
            let each = rest.len() / if o.of_ranges { count } else { o.pieces * self.rows };
            for _ in 0..o.pieces {
                for (k, room) in room.iter_mut().enumerate() {
                    let n = if o.of_ranges { 1 } else { size.min(self.rows - k * size) };
                    let (own, others) = rest.split_at(n * each);
                    room.push(own);
                    rest = others;
                }
            }
        }
        let tasks: Vec<_> = room.into_iter().map(|room| Mutex::new((room, Ok(())))).collect();
        parallel_for(tasks.len(), |k| {
            let mut task = tasks[k].lock().unwrap_or_else(|e| e.into_inner());
            let (room, done) = &mut *task;
            *done = self.range(k * size, x, std::mem::take(room));
        });
        tasks.into_iter().try_for_each(|t| t.into_inner().unwrap_or_else(|e| e.into_inner()).1)
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
