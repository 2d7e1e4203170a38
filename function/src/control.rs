//! Decisions and loops on values, inside a recording and outside.
//!
//! Outside, they are Rust's `if` and `while`, and a tape sees what is done. Inside, the branches are recorded as graphs
//! of their own, and one operation holds them: what they use from around them becomes its inputs, and variables that
//! they assign its outputs.

use crate::control_ops::{Cond, While};
use crate::graph::{Graph, Value};
use crate::passes;
use crate::program::Program;
use crate::recording::{Recording, Stranger};
use gradus_autograd::Variable;
use gradus_tensor::op::apply;
use gradus_tensor::{DType, Error, Result, Spec, Tensor, recorder};
use std::sync::Arc;

/// A recorded branch or body, before it is decided what its inputs and outputs are.
struct Part {
    graph: Graph,
    given: Vec<Value>,
    captures: Vec<(Tensor, Value)>,
    reads: Vec<(Variable, Value)>,
    results: Vec<Value>,
    writes: Vec<(Variable, Value)>,
}

/// What a part needs from around it.
#[derive(Clone)]
enum Need {
    Tensor(Tensor),
    Variable(Variable),
}

impl Need {
    fn value(&self) -> Tensor {
        match self {
            Need::Tensor(t) => t.clone(),
            Need::Variable(v) => v.value(),
        }
    }
    fn spec(&self) -> &Spec {
        match self {
            Need::Tensor(t) => t.spec(),
            Need::Variable(v) => v.spec(),
        }
    }
    fn is(&self, other: &Need) -> bool {
        match (self, other) {
            (Need::Tensor(a), Need::Tensor(b)) => a.id() == b.id(),
            (Need::Variable(a), Need::Variable(b)) => a.id() == b.id(),
            _ => false,
        }
    }
}

impl Part {
    fn of(inputs: &[Tensor], f: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>) -> Result<Part> {
        let inputs: Vec<Tensor> = inputs.iter().map(Tensor::fresh).collect();
        let (mut r, results) = Recording::of(&inputs, Stranger::Capture, || f(&inputs))?;
        let results: Vec<Value> = results.iter().map(|t| r.value(t)).collect();
        let writes = r.writes.clone().into_iter().map(|(v, t)| (v, r.value(&t))).collect();
        let reads = r.reads.clone().into_iter().map(|(v, t)| (v, r.value(&t))).collect();
        let captures = r.captures.clone().into_iter().map(|t| (t.clone(), r.value(&t))).collect();
        let given = r.graph.inputs[..inputs.len()].to_vec();
        Ok(Part { graph: r.graph, given, captures, reads, results, writes })
    }

    fn needs(&self) -> impl Iterator<Item = Need> + '_ {
        let tensors = self.captures.iter().map(|(t, _)| Need::Tensor(t.clone()));
        tensors.chain(self.reads.iter().map(|(v, _)| Need::Variable(v.clone())))
    }

    /// The value that stands for a need here, made as an unused input where this part has no such need.
    fn input(&mut self, need: &Need) -> Value {
        let found = match need {
            Need::Tensor(t) => self.captures.iter().find(|(c, _)| c.id() == t.id()).map(|(_, v)| *v),
            Need::Variable(v) => self.reads.iter().find(|(r, _)| r.id() == v.id()).map(|(_, v)| *v),
        };
        found.unwrap_or_else(|| {
            let v = self.graph.value(need.spec().clone());
            if let Need::Variable(variable) = need {
                self.reads.push((variable.clone(), v));
            }
            v
        })
    }

    /// The value that a variable has at the end.
    fn last(&mut self, variable: &Variable) -> Value {
        match self.writes.iter().find(|(w, _)| w.id() == variable.id()) {
            Some((_, v)) => *v,
            None => self.input(&Need::Variable(variable.clone())),
        }
    }

    fn program(mut self, inputs: Vec<Value>, outputs: Vec<Value>) -> Arc<Program> {
        self.graph.inputs = inputs;
        self.graph.outputs = outputs;
        passes::tidy(&mut self.graph);
        Arc::new(Program::new(self.graph))
    }
}

fn union(list: &mut Vec<Need>, more: impl Iterator<Item = Need>) {
    for n in more {
        if !list.iter().any(|l| l.is(&n)) {
            list.push(n);
        }
    }
}

fn truth(what: &str, t: &Tensor) -> Result<()> {
    if t.dtype() == DType::Bool && t.len() == 1 {
        return Ok(());
    }
    Err(Error::dtype(format!("{what}: the condition is {}, expected one bool", t.spec())))
}

/// The results of `then` where the condition holds, else those of `otherwise`.
///
/// Both give tensors of the same dtypes and shapes. Inside a traced function both are recorded and one is carried out
/// at each call; outside, only the one is run. Gradients flow through the one carried out.
///
/// ```
/// use gradus_function::{Function, cond};
/// use gradus_tensor::Tensor;
/// let f = Function::new(|x| {
///     let positive = x[0].greater(&x[0].like(0)?)?;
///     Ok(cond(&positive, || Ok(vec![x[0].sqrt()?]), || Ok(vec![x[0].square()?]))?.remove(0))
/// });
/// assert_eq!(f.call(&Tensor::scalar(9.0f32))?.item::<f32>()?, 3.0);
/// assert_eq!(f.call(&Tensor::scalar(-3.0f32))?.item::<f32>()?, 9.0);
/// assert_eq!(f.trace_count(), 1);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn cond(
    condition: &Tensor,
    then: impl FnOnce() -> Result<Vec<Tensor>>,
    otherwise: impl FnOnce() -> Result<Vec<Tensor>>,
) -> Result<Vec<Tensor>> {
    truth("cond", condition)?;
    if !recorder::tracing() {
        return if condition.item::<bool>()? { then() } else { otherwise() };
    }
    let (a, b) = (Part::of(&[], |_| then())?, Part::of(&[], |_| otherwise())?);
    let mut written: Vec<Variable> = Vec::new();
    for (v, _) in a.writes.iter().chain(&b.writes) {
        if written.iter().all(|w| w.id() != v.id()) {
            written.push(v.clone());
        }
    }
    let mut needs: Vec<Need> = Vec::new();
    union(&mut needs, a.needs());
    union(&mut needs, b.needs());
    union(&mut needs, written.iter().cloned().map(Need::Variable));
    let close = |mut p: Part| {
        let inputs = needs.iter().map(|n| p.input(n)).collect();
        let ends: Vec<Value> = written.iter().map(|v| p.last(v)).collect();
        let outputs = p.results.iter().copied().chain(ends).collect();
        p.program(inputs, outputs)
    };
    let results = a.results.len();
    let specs =
        |p: &Part| p.results.iter().map(|&v| p.graph.spec(v).to_string()).collect::<Vec<_>>().join(", ");
    let (left, right) = (specs(&a), specs(&b));
    if left != right {
        return Err(Error::shape(format!("cond: the branches give {left} and {right}, expected the same")));
    }
    let op = Cond { then: close(a), otherwise: close(b) };
    let values: Vec<Tensor> = needs.iter().map(Need::value).collect();
    let x: Vec<&Tensor> = std::iter::once(condition).chain(&values).collect();
    let mut y = apply(&op, &x)?.into_vec();
    for (v, t) in written.iter().zip(y.split_off(results)) {
        v.assign(&t)?;
    }
    Ok(y)
}

/// Runs `body` on the state as long as `condition` holds of it, and gives the last state.
///
/// The body gives a state of the same dtypes and shapes. Inside a traced function it is recorded once, however often it
/// will run; gradients are taken by running the loop again and keeping every state.
///
/// ```
/// use gradus_function::{Function, while_loop};
/// use gradus_tensor::Tensor;
/// let f = Function::new(|x| {
///     let below = |s: &[Tensor]| s[0].less(&s[0].like(100)?);
///     let twice = |s: &[Tensor]| Ok(vec![s[0].add(&s[0])?]);
///     Ok(while_loop(below, twice, &[x[0].clone()])?.remove(0))
/// });
/// assert_eq!(f.call(&Tensor::scalar(3.0f32))?.item::<f32>()?, 192.0);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
pub fn while_loop(
    condition: impl Fn(&[Tensor]) -> Result<Tensor>,
    body: impl Fn(&[Tensor]) -> Result<Vec<Tensor>>,
    state: &[Tensor],
) -> Result<Vec<Tensor>> {
    if !recorder::tracing() {
        let mut state = state.to_vec();
        loop {
            let goes_on = condition(&state)?;
            truth("while_loop", &goes_on)?;
            if !goes_on.item::<bool>()? {
                return Ok(state);
            }
            let next = body(&state)?;
            fits(&state, next.iter().map(Tensor::spec))?;
            state = next;
        }
    }
    let mut test = Part::of(state, |s| {
        let t = condition(s)?;
        truth("while_loop", &t)?;
        Ok(vec![t])
    })?;
    let mut step = Part::of(state, &body)?;
    fits(state, step.results.iter().map(|&v| step.graph.spec(v)))?;
    // Variables that the body assigns are state; the others are the same in every round.
    let written: Vec<Variable> = step.writes.iter().map(|(v, _)| v.clone()).collect();
    let carried: Vec<Need> = written.iter().cloned().map(Need::Variable).collect();
    let mut needs: Vec<Need> = Vec::new();
    union(&mut needs, test.needs());
    union(&mut needs, step.needs());
    needs.retain(|n| !carried.iter().any(|c| c.is(n)));
    let inputs = |p: &mut Part| -> Vec<Value> {
        let around: Vec<Value> = carried.iter().chain(&needs).map(|n| p.input(n)).collect();
        p.given.iter().copied().chain(around).collect()
    };
    let (test_inputs, step_inputs) = (inputs(&mut test), inputs(&mut step));
    let ends: Vec<Value> = written.iter().map(|v| step.last(v)).collect();
    let test_outputs = test.results.clone();
    let step_outputs = step.results.iter().copied().chain(ends).collect();
    let op = While {
        condition: test.program(test_inputs, test_outputs),
        body: step.program(step_inputs, step_outputs),
        state: state.len() + written.len(),
    };
    let around: Vec<Tensor> = carried.iter().chain(&needs).map(Need::value).collect();
    let x: Vec<&Tensor> = state.iter().chain(&around).collect();
    let mut y = apply(&op, &x)?.into_vec();
    for (v, t) in written.iter().zip(y.split_off(state.len())) {
        v.assign(&t)?;
    }
    Ok(y)
}

fn fits<'a>(state: &[Tensor], next: impl Iterator<Item = &'a Spec>) -> Result<()> {
    let (old, new): (Vec<&Spec>, Vec<&Spec>) = (state.iter().map(Tensor::spec).collect(), next.collect());
    if old == new {
        return Ok(());
    }
    Err(Error::shape(format!("while_loop: the state is {old:?}, the body gives {new:?}")))
}
