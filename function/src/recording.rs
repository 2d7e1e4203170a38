//! The recorder of a trace: writes down every operation, and keeps variables as they would be.

use crate::graph::{Graph, Value};
use gradus_autograd::Variable;
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Error, ErrorKind, Op, Result, Tensor};
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// What a recording does with a tensor that it did not see made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// It is a constant of the graph.
    Constant,
    /// It becomes an input, to be given by whoever uses the graph.
    Capture,
}

/// Listens to everything that happens on its thread while a function's body runs.
pub(crate) struct Recording {
    stranger: Stranger,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    graph: Graph,
    /// The value that each tensor stands for, by the tensor's id.
    values: HashMap<u64, Value>,
    /// Values that depend on an input: reading one back would bake it in.
    varies: Vec<bool>,
    /// Variables in the order of their first read, with what stands for them.
    reads: Vec<(Variable, Tensor)>,
    /// What each variable holds for the body, in the order of first assignment.
    writes: Vec<(Variable, Tensor)>,
    captures: Vec<Tensor>,
    error: Option<Error>,
}

/// What came of a recording.
pub(crate) struct Recorded {
    /// Inputs are the ones declared, then captures and variables as they came.
    pub graph: Graph,
    pub captures: Vec<Tensor>,
    pub reads: Vec<(Variable, Tensor)>,
    pub writes: Vec<(Variable, Tensor)>,
    values: HashMap<u64, Value>,
    stranger: Stranger,
}

impl Recorded {
    /// Declares results.
    pub fn outputs<'a>(&mut self, results: impl IntoIterator<Item = &'a Tensor>) {
        for t in results {
            let v = self.value(t);
            self.graph.outputs.push(v);
        }
    }

    /// The value of a tensor; one that was not seen made is a constant or a capture, as it would have been before.
    pub fn value(&mut self, t: &Tensor) -> Value {
        if let Some(&v) = self.values.get(&t.id()) {
            return v;
        }
        let v = match self.stranger {
            Stranger::Constant => self.graph.constant(t.clone()),
            Stranger::Capture => {
                self.captures.push(t.clone());
                self.graph.input(t.spec().clone())
            }
        };
        self.values.insert(t.id(), v);
        v
    }
}

impl State {
    fn new_value(&mut self, t: &Tensor, v: Value, varies: bool) -> Value {
        self.values.insert(t.id(), v);
        self.varies.resize(self.graph.values(), false);
        self.varies[v as usize] = varies;
        v
    }

    fn of(&mut self, t: &Tensor, stranger: Stranger) -> Value {
        if let Some(&v) = self.values.get(&t.id()) {
            return v;
        }
        match stranger {
            Stranger::Constant => {
                let v = self.graph.constant(t.clone());
                self.new_value(t, v, false)
            }
            Stranger::Capture => {
                let v = self.graph.input(t.spec().clone());
                self.captures.push(t.clone());
                self.new_value(t, v, true)
            }
        }
    }
}

impl Recording {
    /// Records `f`, unseen by the recorders of this thread. `inputs` become the graph's inputs, in order; each needs
    /// an identity of its own.
    pub fn of<R>(
        inputs: &[Tensor],
        stranger: Stranger,
        f: impl FnOnce() -> Result<R>,
    ) -> Result<(Recorded, R)> {
        let recording = Rc::new(Recording { stranger, state: RefCell::default() });
        {
            let mut s = recording.state.borrow_mut();
            for t in inputs {
                let v = s.graph.input(t.spec().clone());
                s.new_value(t, v, true);
            }
        }
        // Restores this thread's recorders even when `f` panics.
        let result = recorder::suspended(|| recorder::during(recording.clone(), f))?;
        let s = recording.state.take();
        if let Some(e) = s.error {
            return Err(e);
        }
        let State { graph, values, captures, reads, writes, .. } = s;
        Ok((Recorded { graph, captures, reads, writes, values, stranger }, result))
    }
}

impl Recorder for Recording {
    fn role(&self) -> Role {
        Role::Program
    }

    fn record(&self, op: &dyn Op, x: &[&Tensor], y: &[Tensor]) {
        let mut s = self.state.borrow_mut();
        if op.is_dynamic() && s.error.is_none() {
            let inputs: Vec<String> = x.iter().map(|t| t.spec().to_string()).collect();
            s.error = Some(Error::new(
                ErrorKind::Trace,
                format!(
                    "{}({}): the shape of its result depends on values, so it cannot be recorded",
                    op.name(),
                    inputs.join(", ")
                ),
            ));
            return;
        }
        let x: smallvec::SmallVec<[Value; 3]> = x.iter().map(|t| s.of(t, self.stranger)).collect();
        let varies = x.iter().any(|&v| s.varies[v as usize]);
        let made = s.graph.push(Arc::from(op.boxed()), x, y.iter().map(|t| t.spec().clone()));
        for (t, v) in y.iter().zip(made) {
            s.new_value(t, v, varies);
        }
    }

    fn read_variable(&self, variable: &dyn Any, current: &Tensor) -> Option<Tensor> {
        let variable = variable.downcast_ref::<Variable>()?;
        let mut s = self.state.borrow_mut();
        let known = s.writes.iter().chain(&s.reads).find(|(v, _)| v.id() == variable.id());
        if let Some((_, t)) = known {
            return Some(t.clone());
        }
        // A new identity: the same tensor may be a constant that the body captured.
        let t = current.fresh();
        let v = s.graph.input(t.spec().clone());
        s.new_value(&t, v, true);
        s.reads.push((variable.clone(), t.clone()));
        Some(t)
    }

    fn assign_variable(&self, variable: &dyn Any, value: &Tensor) -> bool {
        let Some(variable) = variable.downcast_ref::<Variable>() else { return false };
        let mut s = self.state.borrow_mut();
        let v = s.of(value, self.stranger);
        // A new identity here too: what the variable holds is a source of gradients of its own.
        let held = value.fresh();
        let varies = s.varies[v as usize];
        s.new_value(&held, v, varies);
        match s.writes.iter_mut().find(|(w, _)| w.id() == variable.id()) {
            Some((_, t)) => *t = held,
            None => s.writes.push((variable.clone(), held)),
        }
        true
    }

    fn before_read(&self, t: &Tensor) -> Result<()> {
        let s = self.state.borrow();
        match s.values.get(&t.id()) {
            Some(&v) if s.varies[v as usize] => Err(Error::new(
                ErrorKind::Trace,
                format!(
                    "a traced value {} is read back into Rust while a function is recorded; the number read now would \
                     be baked into every later call. Return it instead, or decide with `cond` and `while_loop`",
                    t.spec()
                ),
            )),
            _ => Ok(()),
        }
    }
}
