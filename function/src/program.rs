//! A graph that can be carried out.

use crate::call;
use crate::gradient::Joint;
use crate::graph::Graph;
use crate::kept::Kept;
use crate::passes::{self, PassReport};
use crate::plan::Plan;
use crate::profile::Profile;
use gradus_tensor::op::apply;
use gradus_tensor::{Error, Result, Tensor, recorder};
use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// A recorded graph with what is derived from it when it is first needed: the plan for replaying it, and the
/// graphs of its gradient.
#[derive(Debug)]
pub struct Program {
    graph: Graph,
    /// It was not recorded: what operations take for granted of their inputs may not hold.
    put_together: bool,
    planned: OnceLock<Planned>,
    pub(crate) joint: OnceLock<Arc<Joint>>,
}

/// The simplified graph, cut in what is kept from call to call and what is carried out at each.
#[derive(Debug)]
struct Planned {
    graph: Graph,
    kept: Option<Kept>,
    plan: Plan,
    reports: Vec<PassReport>,
}

impl Planned {
    /// The inputs of the plan: those of the program, then what is kept.
    fn inputs(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut all = inputs.to_vec();
        if let Some(kept) = &self.kept {
            all.extend(kept.values(inputs)?);
        }
        Ok(all)
    }
}

/// Carries out what a file asks for: a panic becomes an error.
pub(crate) fn guarded<T>(what: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a panic leaves behind is dropped: arenas of the call, or a value that was to be made once and is made again.
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
        Err(Error::value(format!("{what} does not fit together: {text}")))
    })
}

/// What a plan needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of intermediate values at any time: the planned peak. What is kept between calls is not among them, and neither is
    /// what ranges of rows hold while they go through a recurrence.
    pub arena: usize,
    /// Bytes if every value had memory of its own.
    pub unplanned: usize,
    /// Operations carried out per call, when no variable has changed.
    pub steps: usize,
}

impl Program {
    pub(crate) fn new(graph: Graph) -> Program {
        Program { graph, put_together: false, planned: OnceLock::new(), joint: OnceLock::new() }
    }

    /// A graph from a file, or for other sizes than were recorded: a panic while it is carried out is an error.
    pub(crate) fn put_together(graph: Graph) -> Program {
        Program { put_together: true, ..Program::new(graph) }
    }

    /// The graph as it was recorded.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The outputs for these inputs, unseen by recorders.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        self.check(inputs)?;
        let run = || {
            let planned = self.planned();
            planned.plan.run(planned.inputs(inputs)?)
        };
        if self.put_together { guarded("the graph", run) } else { run() }
    }

    fn planned(&self) -> &Planned {
        self.planned.get_or_init(|| {
            // Constants are folded by carrying operations out, which no recorder is to see.
            recorder::suspended(|| {
                let (graph, reports) = passes::simplify(&self.graph);
                let (rest, kept) = Kept::split(&graph);
                Planned { plan: Plan::new(&rest), graph, kept, reports }
            })
        })
    }

    /// The graph after simplification, which is what runs.
    pub fn simplified(&self) -> &Graph {
        &self.planned().graph
    }

    /// What each pass did.
    pub fn passes(&self) -> &[PassReport] {
        &self.planned().reports
    }

    /// Memory of the plan.
    pub fn memory(&self) -> Memory {
        let (arena, unplanned, steps) = self.planned().plan.memory();
        Memory { arena, unplanned, steps }
    }

    /// Where the time of a replay goes, as an average over `rounds` replays after a first one.
    pub fn profile(&self, inputs: &[Tensor], rounds: u32) -> Result<Profile> {
        self.run(inputs)?;
        let planned = self.planned();
        planned.plan.profile(&planned.inputs(inputs)?, rounds.max(1))
    }

    /// The outputs, seen by the recorders of this thread: a trace takes the operations over one by one, a tape notes
    /// one operation with many outputs.
    pub fn call(self: &Arc<Program>, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        if !recorder::active() {
            return self.run(inputs);
        }
        self.check(inputs)?;
        if recorder::tracing() {
            // Seen operation by operation, by tapes too.
            let values = self.values(inputs)?;
            return Ok(self.graph.outputs.iter().map(|&v| values[v as usize].clone()).collect());
        }
        call::taped(self, inputs)
    }

    fn check(&self, inputs: &[Tensor]) -> Result<()> {
        if inputs.len() != self.graph.inputs.len() {
            return Err(Error::value(format!(
                "program: expected {} inputs, found {}",
                self.graph.inputs.len(),
                inputs.len()
            )));
        }
        for (i, (t, &v)) in inputs.iter().zip(&self.graph.inputs).enumerate() {
            if t.spec() != self.graph.spec(v) {
                return Err(Error::shape(format!(
                    "program: input {i} is {}, expected {}",
                    t.spec(),
                    self.graph.spec(v)
                )));
            }
        }
        Ok(())
    }

    /// Every value of the graph, by the operations as they were recorded.
    pub(crate) fn values(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut slots: Vec<Option<Tensor>> = self.start(inputs);
        for n in &self.graph.nodes {
            self.step(n, &mut slots)?;
        }
        // Values that no node makes do not exist in a recorded graph.
        slots.into_iter().map(|s| s.ok_or_else(|| Error::value("program: a value without a node"))).collect()
    }

    fn start(&self, inputs: &[Tensor]) -> Vec<Option<Tensor>> {
        let mut slots = vec![None; self.graph.values()];
        for (&v, t) in self.graph.inputs.iter().zip(inputs) {
            slots[v as usize] = Some(t.clone());
        }
        for (v, t) in &self.graph.constants {
            slots[*v as usize] = Some(t.clone());
        }
        slots
    }

    fn step(&self, n: &crate::Node, slots: &mut [Option<Tensor>]) -> Result<()> {
        let made = {
            let x: Option<SmallVec<[&Tensor; 4]>> = n.x.iter().map(|&v| slots[v as usize].as_ref()).collect();
            let x =
                x.ok_or_else(|| Error::value(format!("{}: an input was not made before", n.op.name())))?;
            apply(&*n.op, &x)?
        };
        for (&v, t) in n.y.iter().zip(made) {
            slots[v as usize] = Some(t);
        }
        Ok(())
    }
}
