//! One recorded body, and the table of them that a function keeps.

use crate::arguments::Argument;
use crate::graph::Graph;
use crate::key::{Key, Retrace};
use crate::program::Program;
use crate::recording::{Recording, Stranger};
use gradus_autograd::Variable;
use gradus_tensor::{Error, Result, Tensor, recorder};
use std::sync::{Arc, RwLock};

/// A recorded body: a program whose further inputs are the variables read and further outputs those assigned.
#[derive(Debug)]
pub struct Trace {
    program: Arc<Program>,
    reads: Vec<Variable>,
    writes: Vec<Variable>,
    results: usize,
}

/// A graph whose last inputs are variables: those that it does not assign itself may stay as they are.
fn steady(mut g: Graph, reads: &[Variable], writes: &[Variable]) -> Graph {
    g.steady = vec![false; g.inputs.len() - reads.len()];
    g.steady.extend(reads.iter().map(|v| writes.iter().all(|w| w.id() != v.id())));
    g
}

impl Trace {
    /// Records a body by carrying it out on these tensors. Gives the results too; assignments are made.
    ///
    /// Errors of the body come through, and leave every variable as it was.
    pub fn record(
        inputs: &[Tensor],
        body: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<(Trace, Vec<Tensor>)> {
        let (trace, results, writes) = Trace::recorded(inputs, body)?;
        for (v, t) in &writes {
            v.assign(t)?;
        }
        Ok((trace, results))
    }

    /// Records a body by carrying it out on these tensors; its results are dropped and nothing is assigned.
    pub fn of(inputs: &[Tensor], body: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>) -> Result<Trace> {
        Trace::recorded(inputs, body).map(|(trace, ..)| trace)
    }

    fn recorded(
        inputs: &[Tensor],
        body: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<(Trace, Vec<Tensor>, Vec<(Variable, Tensor)>)> {
        // An identity each: the same tensor may be given twice, or be captured by the body as a constant.
        let inputs: Vec<Tensor> = inputs.iter().map(Tensor::fresh).collect();
        let (mut recorded, results) = Recording::of(&inputs, Stranger::Constant, || body(&inputs))?;
        recorded.outputs(results.iter().chain(recorded.writes.clone().iter().map(|(_, t)| t)));
        let variables = |list: &[(Variable, Tensor)]| list.iter().map(|(v, _)| v.clone()).collect::<Vec<_>>();
        let (reads, writes) = (variables(&recorded.reads), variables(&recorded.writes));
        let program = Arc::new(Program::new(steady(recorded.graph, &reads, &writes)));
        let trace = Trace { reads, writes, results: results.len(), program };
        Ok((trace, results, recorded.writes))
    }

    /// A trace of a program whose last inputs and outputs are these variables'. Errors when they do not fit.
    pub(crate) fn assembled(g: Graph, reads: Vec<Variable>, writes: Vec<Variable>) -> Result<Trace> {
        let results = g.outputs.len().checked_sub(writes.len());
        let inputs = g.inputs.len().checked_sub(reads.len());
        let (Some(results), Some(inputs)) = (results, inputs) else {
            return Err(Error::value("trace: more variables than inputs or outputs"));
        };
        let last = g.inputs[inputs..].iter().zip(&reads).chain(g.outputs[results..].iter().zip(&writes));
        for (&v, variable) in last {
            if g.spec(v) != variable.spec() {
                return Err(Error::shape(format!(
                    "trace: variable {} is {}, expected {}",
                    variable.name(),
                    variable.spec(),
                    g.spec(v)
                )));
            }
        }
        let program = Arc::new(Program::put_together(steady(g, &reads, &writes)));
        Ok(Trace { program, reads, writes, results })
    }

    /// The graph as it was recorded: inputs, then variables read; results, then variables assigned.
    pub fn graph(&self) -> &Graph {
        self.program.graph()
    }

    /// The program behind the trace.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Variables that are inputs.
    pub fn reads(&self) -> &[Variable] {
        &self.reads
    }

    /// Variables that are assigned.
    pub fn writes(&self) -> &[Variable] {
        &self.writes
    }

    /// Replays the body. Tapes and traces of this thread see what it does.
    pub fn call(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        self.outcome(inputs)?.commit()
    }

    /// Replays the body without assigning anything yet.
    pub fn outcome(&self, inputs: &[Tensor]) -> Result<Outcome<'_>> {
        let mut all = Vec::with_capacity(inputs.len() + self.reads.len());
        all.extend_from_slice(inputs);
        all.extend(self.reads.iter().map(Variable::value));
        let mut results = self.program.call(&all)?;
        let writes = results.split_off(self.results);
        Ok(Outcome { results, writes, trace: self })
    }
}

/// What a replay gave, before variables are assigned: there is time to look at it and leave it at that.
#[derive(Debug)]
#[must_use = "variables are assigned by `commit`"]
pub struct Outcome<'a> {
    results: Vec<Tensor>,
    writes: Vec<Tensor>,
    trace: &'a Trace,
}

impl Outcome<'_> {
    /// The results of the body.
    pub fn results(&self) -> &[Tensor] {
        &self.results
    }

    /// Assigns the variables, and gives the results.
    pub fn commit(self) -> Result<Vec<Tensor>> {
        for (v, t) in self.trace.writes.iter().zip(&self.writes) {
            v.assign(t)?;
        }
        Ok(self.results)
    }
}

/// Traces by the dtypes and shapes they were made for.
///
/// The body is handed in at every call, and carried out only when there is no trace yet: this is what
/// [`Function`](crate::Function) and training steps with borrowed state share.
#[derive(Debug)]
pub struct Traces {
    name: String,
    many: usize,
    table: RwLock<Vec<(Key, Arc<Trace>)>>,
    history: RwLock<Vec<Retrace>>,
    /// What graphs that are kept elsewhere were first made for.
    noted: RwLock<Vec<Key>>,
}

/// The trace from which on a warning is given: so many are rarely meant.
const MANY: usize = 5;

impl Traces {
    /// An empty table; the name stands in messages, in front of errors unless it is empty.
    pub fn new(name: impl Into<String>) -> Traces {
        Traces {
            name: name.into(),
            many: MANY,
            table: RwLock::default(),
            history: RwLock::default(),
            noted: RwLock::default(),
        }
    }

    /// Gives no warning however many traces are made: new sizes are what the caller said would come.
    pub fn expect_many(&mut self) {
        self.many = usize::MAX;
    }

    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of traces made.
    pub fn count(&self) -> usize {
        self.history.read().unwrap_or_else(|e| e.into_inner()).len()
    }

    /// Why each trace was made, in order.
    pub fn history(&self) -> Vec<Retrace> {
        self.history.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Counts a graph that is kept elsewhere.
    pub(crate) fn note(&self, arguments: &[Argument], flags: u64) {
        let mut history = self.history.write().unwrap_or_else(|e| e.into_inner());
        let mut noted = self.noted.write().unwrap_or_else(|e| e.into_inner());
        let key = Key::of(arguments, flags);
        let differences = key.news(&noted.iter().collect::<Vec<_>>());
        let trace = history.len() + 1;
        history.push(Retrace { trace, differences });
        noted.push(key);
    }

    /// Every trace, in the order in which they were made.
    pub fn list(&self) -> Vec<Arc<Trace>> {
        self.table.read().unwrap_or_else(|e| e.into_inner()).iter().map(|(_, t)| t.clone()).collect()
    }

    /// The trace for such arguments, if there is one.
    pub fn find(&self, arguments: &[Argument], flags: u64) -> Option<Arc<Trace>> {
        let table = self.table.read().unwrap_or_else(|e| e.into_inner());
        table.iter().find(|(k, _)| k.fits(arguments, flags)).map(|(_, t)| t.clone())
    }

    /// Replays the trace for such arguments, or records `body` and keeps it. `flags` are part of the key: the mode that
    /// the body depends on besides its arguments.
    pub fn call(
        &self,
        arguments: &[Argument],
        flags: u64,
        body: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Vec<Tensor>> {
        if let Some(trace) = self.find(arguments, flags) {
            return trace.call(&tensors(arguments));
        }
        // A trace around this one, or a tape, sees the replay and not the recording.
        let seen = recorder::active();
        let (trace, results, writes) = self.record(arguments, body)?;
        let trace = self.keep(arguments, flags, trace);
        if seen {
            return trace.call(&tensors(arguments));
        }
        writes.iter().try_for_each(|(v, t)| v.assign(t))?;
        Ok(results)
    }

    /// The trace for such arguments, recorded now if there is none; nothing is assigned.
    pub fn prepare(
        &self,
        arguments: &[Argument],
        flags: u64,
        body: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Arc<Trace>> {
        if let Some(trace) = self.find(arguments, flags) {
            return Ok(trace);
        }
        let (trace, ..) = self.record(arguments, body)?;
        Ok(self.keep(arguments, flags, trace))
    }

    fn record(
        &self,
        arguments: &[Argument],
        body: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<(Trace, Vec<Tensor>, Vec<(Variable, Tensor)>)> {
        let inputs = tensors(arguments);
        Trace::recorded(&inputs, |inputs| {
            let mut inputs = inputs.iter();
            // Numbers reach the body as they are; it may read them back.
            let all: Option<Vec<Tensor>> = arguments
                .iter()
                .map(|a| match a {
                    Argument::Tensor(_) => inputs.next().cloned(),
                    Argument::Constant(t) => Some(t.clone()),
                })
                .collect();
            body(&all.unwrap_or_default())
        })
        .map_err(|e| if self.name.is_empty() { e } else { e.within(self.name.clone()) })
    }

    fn keep(&self, arguments: &[Argument], flags: u64, trace: Trace) -> Arc<Trace> {
        let mut table = self.table.write().unwrap_or_else(|e| e.into_inner());
        if let Some((_, t)) = table.iter().find(|(k, _)| k.fits(arguments, flags)) {
            // Another thread was quicker.
            return t.clone();
        }
        let key = Key::of(arguments, flags);
        let known: Vec<&Key> = table.iter().map(|(k, _)| k).collect();
        let mut history = self.history.write().unwrap_or_else(|e| e.into_inner());
        let retrace = Retrace { trace: history.len() + 1, differences: key.news(&known) };
        if retrace.trace == self.many {
            log::warn!(
                "function {}: recorded {} times, which costs more than it saves unless each is used often. {retrace}. \
                 Pass tensors instead of numbers, and batches of one size",
                self.name,
                self.many
            );
        }
        history.push(retrace);
        let trace = Arc::new(trace);
        table.push((key, trace.clone()));
        trace
    }
}

fn tensors(arguments: &[Argument]) -> Vec<Tensor> {
    let tensor = |a: &Argument| match a {
        Argument::Tensor(t) => Some(t.clone()),
        Argument::Constant(_) => None,
    };
    arguments.iter().filter_map(tensor).collect()
}
