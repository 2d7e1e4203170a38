//! Graphs of gradients, derived from a recorded graph by the rules of its operations.
//!
//! The rules are written in operations, so carrying them out under a recorder writes the gradient down as a graph.
//! Values of the forward pass that the rules read become side outputs of the forward graph and inputs of the backward
//! graph. What a later variant reads besides is computed again.
//!
//! Gradients of gradients need no more than this: the backward graph is a program like any other, and its call is
//! noted by the outer tapes. They then bring gradients for the side outputs too, which the walk takes as further
//! starting points; leaving them out would give silent zeros.

use crate::graph::{Graph, Value};
use crate::passes;
use crate::program::Program;
use crate::recording::{Recording, Stranger};
use gradus_tensor::backward::{Backward, Saved, accumulate};
use gradus_tensor::ops::Fill;
use gradus_tensor::recorder::{self, Recorder, Role};
use gradus_tensor::{Error, ErrorKind, Lower, Op, Result, Tensor};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// A program made ready for gradients.
#[derive(Debug)]
pub(crate) struct Joint {
    /// The recorded graph, with side outputs behind its outputs.
    pub forward: Arc<Program>,
    backward: Mutex<HashMap<Variant, Arc<Derived>>>,
}

/// What a backward graph was made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Variant {
    /// Outputs that a gradient arrives for.
    arrives: Vec<bool>,
    /// Inputs whose gradient is wanted.
    needs: Vec<bool>,
    /// Whether a tape still listens: then only operations with a rule of their own may be used.
    taping: bool,
    /// Whether an operation without a gradient is passed over: it is not known yet whether a gradient will arrive there.
    lenient: bool,
}

/// A backward graph, with where its inputs come from and what its outputs are.
#[derive(Debug)]
struct Derived {
    program: Arc<Program>,
    takes: Vec<From>,
    /// The input that each output is the gradient of.
    gives: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// The gradient of that output.
    Upstream(usize),
    /// That input of the forward graph.
    Input(usize),
    /// That output of the forward graph.
    Output(usize),
}

/// Stands for the outer tape while rules are carried out: it notes nothing, but rules see that a tape listens.
struct Bystander;

impl Recorder for Bystander {
    fn role(&self) -> Role {
        Role::Tape
    }
    fn record(&self, _: &dyn Op, _: &[&Tensor], _: &[Tensor]) {}
}

fn differentiable(t: &Tensor) -> bool {
    t.dtype().is_float() || t.dtype().is_complex()
}

impl Joint {
    /// The program's joint graphs, derived at the first call with a tape around it. The values of `inputs` do not
    /// matter.
    pub fn of(program: &Arc<Program>, inputs: &[Tensor]) -> Result<Arc<Joint>> {
        if let Some(j) = program.joint.get() {
            return Ok(j.clone());
        }
        let taping = tapes() > 1;
        let joint = recorder::suspended(|| -> Result<Joint> {
            let values = program.values(inputs)?;
            let graph = program.graph();
            let variant = Variant {
                arrives: graph.outputs.iter().map(|&v| differentiable(&values[v as usize])).collect(),
                needs: inputs.iter().map(differentiable).collect(),
                // Only inner tapes ask for another derivation; the usual case is one tape.
                taping,
                lenient: true,
            };
            let walk = Walk::record(graph, &values, &variant)?;
            let known = known(graph);
            let mut forward = graph.clone();
            forward.outputs.extend(walk.reads.iter().copied().filter(|v| !known.contains(v)));
            Ok(Joint { forward: Arc::new(Program::new(forward)), backward: Mutex::default() })
        })?;
        Ok(program.joint.get_or_init(|| Arc::new(joint)).clone())
    }

    /// The rule of a call: gradients of the inputs from those of the outputs and side outputs.
    pub fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let graph = self.forward.graph();
        let inputs: Vec<Tensor> = (0..graph.inputs.len()).map(|i| cx.x(i).clone()).collect();
        let variant = Variant {
            arrives: (0..graph.outputs.len()).map(|k| cx.dy_opt(k).is_some()).collect(),
            needs: (0..inputs.len()).map(|i| cx.needs(i) && differentiable(&inputs[i])).collect(),
            taping: recorder::taping(),
            lenient: false,
        };
        let derived = self.derived(variant, &inputs)?;
        let missing = || Error::value("call: a gradient that was announced did not arrive");
        let arguments: Vec<Tensor> = derived
            .takes
            .iter()
            .map(|from| match *from {
                From::Upstream(k) => cx.dy_opt(k).cloned().ok_or_else(missing),
                From::Input(i) => Ok(cx.x(i).clone()),
                From::Output(k) => Ok(cx.y(k).clone()),
            })
            .collect::<Result<_>>()?;
        let grads = derived.program.call(&arguments)?;
        for (&i, g) in derived.gives.iter().zip(grads) {
            cx.give(i, g)?;
        }
        Ok(())
    }

    fn derived(&self, variant: Variant, inputs: &[Tensor]) -> Result<Arc<Derived>> {
        let lock = || self.backward.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(d) = lock().get(&variant) {
            return Ok(d.clone());
        }
        let derived = recorder::suspended(|| -> Result<Derived> {
            let values = self.forward.values(inputs)?;
            let walk = Walk::record(self.forward.graph(), &values, &variant)?;
            let graph = self.forward.graph();
            let outputs = graph.outputs.iter().enumerate().map(|(k, &v)| (v, From::Output(k)));
            let inputs = graph.inputs.iter().enumerate().map(|(i, &v)| (v, From::Input(i)));
            Ok(walk.finish(graph, &outputs.chain(inputs).collect()))
        })?;
        Ok(lock().entry(variant).or_insert(Arc::new(derived)).clone())
    }
}

/// The gradients of a program's inputs `wants` as a program by itself, which computes what it reads of the forward pass
/// again. Its inputs are the gradients of the outputs `arrives`, then the program's; where nothing arrives it gives zeros.
///
/// The values of `inputs` do not matter.
pub(crate) fn recomputed(
    program: &Program,
    inputs: &[Tensor],
    arrives: &[bool],
    wants: &[bool],
) -> Result<Arc<Program>> {
    recorder::suspended(|| {
        let forward = program.graph();
        let values = program.values(inputs)?;
        let variant =
            Variant { arrives: arrives.to_vec(), needs: wants.to_vec(), taping: true, lenient: false };
        let at_hand = forward.inputs.iter().enumerate().map(|(i, &v)| (v, From::Input(i))).collect();
        let derived = Walk::record(forward, &values, &variant)?.finish(forward, &at_hand);
        let mut graph = derived.program.graph().clone();
        let place = |from: From, v: Value, graph: &mut Graph| {
            let found = derived.takes.iter().position(|t| *t == from);
            found.map_or_else(|| graph.value(forward.spec(v).clone()), |i| derived.program.graph().inputs[i])
        };
        let mut all = Vec::new();
        for (k, &v) in forward.outputs.iter().enumerate().filter(|(k, _)| arrives[*k]) {
            all.push(place(From::Upstream(k), v, &mut graph));
        }
        for (i, &v) in forward.inputs.iter().enumerate() {
            all.push(place(From::Input(i), v, &mut graph));
        }
        graph.inputs = all;
        let found = std::mem::take(&mut graph.outputs);
        for (i, &v) in forward.inputs.iter().enumerate().filter(|(i, _)| wants[*i]) {
            let y = match derived.gives.iter().position(|&g| g == i) {
                Some(k) => found[k],
                None => {
                    let spec = forward.spec(v).clone();
                    let zeros = Fill { shape: spec.shape.clone(), dtype: spec.dtype, value: 0.0 };
                    graph.push(Arc::new(zeros), SmallVec::new(), [spec])[0]
                }
            };
            graph.outputs.push(y);
        }
        Ok(Arc::new(Program::new(graph)))
    })
}

/// Tapes that listen on this thread.
fn tapes() -> usize {
    recorder::stack().iter().filter(|r| r.role() == Role::Tape).count()
}

/// Values that a backward graph has without side outputs: inputs, outputs and constants of the forward graph.
fn known(graph: &Graph) -> std::collections::HashSet<Value> {
    let constants = graph.constants.iter().map(|(v, _)| *v);
    graph.inputs.iter().chain(&graph.outputs).copied().chain(constants).collect()
}

/// The gradient rules, carried out under a recorder.
struct Walk {
    graph: Graph,
    /// Which output each of the first inputs is the gradient of.
    upstream: Vec<usize>,
    /// Forward values that the other inputs stand for.
    reads: Vec<Value>,
    /// Inputs of the forward graph that the outputs are gradients of.
    gives: Vec<usize>,
}

impl Walk {
    fn record(graph: &Graph, values: &[Tensor], variant: &Variant) -> Result<Walk> {
        // The same tensor may stand for several values (an alias of an input), so each value gets an identity.
        let values: Vec<Tensor> = values.iter().map(Tensor::fresh).collect();
        let upstream: Vec<usize> = (0..graph.outputs.len()).filter(|&k| variant.arrives[k]).collect();
        let dy: Vec<Tensor> =
            upstream.iter().map(|&k| values[graph.outputs[k] as usize].ones_like()).collect::<Result<_>>()?;
        let (mut recorded, found) = Recording::of(&dy, Stranger::Capture, || {
            let walk = || walk(graph, &values, &upstream, &dy, variant);
            if variant.taping { recorder::during(Rc::new(Bystander), walk) } else { walk() }
        })?;
        let ids: HashMap<u64, Value> = values.iter().enumerate().map(|(v, t)| (t.id(), v as Value)).collect();
        let gives: Vec<usize> = (0..found.len()).filter(|&i| found[i].is_some()).collect();
        recorded.outputs(found.iter().flatten());
        let mut backward = recorded.graph;
        // Tensors that a rule made outside of the recording would have been captured as well; they are constants.
        let mut reads = Vec::new();
        let mut inputs = backward.inputs[..dy.len()].to_vec();
        for (t, &v) in recorded.captures.iter().zip(&backward.inputs[dy.len()..]) {
            match ids.get(&t.id()) {
                Some(&forward) => {
                    reads.push(forward);
                    inputs.push(v);
                }
                None => backward.constants.push((v, t.clone())),
            }
        }
        backward.inputs = inputs;
        Ok(Walk { graph: backward, upstream, reads, gives })
    }

    /// The backward graph with its inputs bound; forward values that are not at hand are computed again in it.
    fn finish(self, forward: &Graph, at_hand: &HashMap<Value, From>) -> Derived {
        let Walk { mut graph, upstream, reads, gives } = self;
        let mut takes: Vec<From> = upstream.iter().map(|&k| From::Upstream(k)).collect();
        let mut inputs = graph.inputs[..upstream.len()].to_vec();
        let mut again = Again { forward, at_hand, made: HashMap::new(), nodes: Vec::new() };
        // Forward values that are inputs here are made available under their number here first.
        for (&v, &here) in reads.iter().zip(&graph.inputs[upstream.len()..]) {
            if let Some(&from) = at_hand.get(&v) {
                again.made.insert(v, here);
                takes.push(from);
                inputs.push(here);
            }
        }
        let bound: Vec<(Value, Value)> =
            reads.iter().copied().zip(graph.inputs[upstream.len()..].iter().copied()).collect();
        let mut to: Vec<Value> = (0..graph.values() as Value).collect();
        for (v, here) in bound {
            if !at_hand.contains_key(&v) {
                let made = again.value(v, &mut graph, &mut takes, &mut inputs);
                to[here as usize] = made;
            }
        }
        to.extend(to.len() as Value..graph.values() as Value);
        graph.redirect(&to);
        let mut nodes = again.nodes;
        nodes.append(&mut graph.nodes);
        graph.nodes = nodes;
        graph.inputs = inputs;
        // Values that something else stands for now have no origin any more.
        passes::tidy(&mut graph);
        Derived { program: Arc::new(Program::new(graph)), takes, gives }
    }
}

/// Takes nodes of the forward graph over into a backward graph.
struct Again<'a> {
    forward: &'a Graph,
    at_hand: &'a HashMap<Value, From>,
    /// Number in the backward graph of each forward value that is there.
    made: HashMap<Value, Value>,
    nodes: Vec<crate::Node>,
}

impl Again<'_> {
    fn value(
        &mut self,
        v: Value,
        graph: &mut Graph,
        takes: &mut Vec<From>,
        inputs: &mut Vec<Value>,
    ) -> Value {
        if let Some(&here) = self.made.get(&v) {
            return here;
        }
        if let Some(&from) = self.at_hand.get(&v) {
            let here = graph.value(self.forward.spec(v).clone());
            takes.push(from);
            inputs.push(here);
            self.made.insert(v, here);
            return here;
        }
        if let Some((_, t)) = self.forward.constants.iter().find(|(c, _)| *c == v) {
            let here = graph.constant(t.clone());
            self.made.insert(v, here);
            return here;
        }
        let Some(node) = self.forward.nodes.iter().find(|n| n.y.contains(&v)) else {
            // Every value is an input, a constant or made by a node.
            unreachable!("a value without an origin");
        };
        let x = node.x.iter().map(|&x| self.value(x, graph, takes, inputs)).collect();
        let y: SmallVec<[Value; 1]> = node
            .y
            .iter()
            .map(|&y| {
                let here = graph.value(self.forward.spec(y).clone());
                self.made.insert(y, here);
                here
            })
            .collect();
        self.nodes.push(crate::Node { op: node.op.clone(), x, y });
        self.made[&v]
    }
}

/// Reverse mode over a graph: gradients of its inputs, `None` where nothing arrives.
fn walk(
    graph: &Graph,
    values: &[Tensor],
    upstream: &[usize],
    dy: &[Tensor],
    variant: &Variant,
) -> Result<Vec<Option<Tensor>>> {
    let needs = &variant.needs;
    let mut wanted = vec![false; graph.values()];
    for (&v, &needed) in graph.inputs.iter().zip(needs) {
        wanted[v as usize] = needed;
    }
    for n in &graph.nodes {
        if n.op.lower() != Lower::Stop && n.x.iter().any(|&v| wanted[v as usize]) {
            n.y.iter().for_each(|&v| wanted[v as usize] = differentiable(&values[v as usize]));
        }
    }
    let mut grads: Vec<Option<Tensor>> = vec![None; graph.values()];
    let add = |grads: &mut Vec<Option<Tensor>>, v: Value, g: Tensor| -> Result<()> {
        let place = &mut grads[v as usize];
        *place = Some(match place.take() {
            None => g,
            Some(have) => accumulate(have, &g)?,
        });
        Ok(())
    };
    for (&k, g) in upstream.iter().zip(dy) {
        add(&mut grads, graph.outputs[k], g.clone())?;
    }
    for n in graph.nodes.iter().rev() {
        if n.y.iter().all(|&v| grads[v as usize].is_none()) {
            continue;
        }
        let needs: SmallVec<[bool; 4]> = n.x.iter().map(|&v| wanted[v as usize]).collect();
        if !needs.contains(&true) || n.op.lower() == Lower::Stop {
            continue;
        }
        let saved = |v: &Value| Saved::Value(values[*v as usize].clone());
        let x: SmallVec<[Saved; 4]> = n.x.iter().map(saved).collect();
        let y: SmallVec<[Saved; 2]> = n.y.iter().map(saved).collect();
        let dy: SmallVec<[Option<Tensor>; 2]> = n.y.iter().map(|&v| grads[v as usize].take()).collect();
        let mut cx = Backward::new(n.op.name(), &x, &y, &dy, &needs);
        match n.op.vjp(&mut cx) {
            Err(e) if variant.lenient && e.kind() == ErrorKind::Gradient => continue,
            other => other?,
        }
        for (&v, g) in n.x.iter().zip(cx.finish()) {
            if let Some(g) = g {
                add(&mut grads, v, g)?;
            }
        }
    }
    let zipped = graph.inputs.iter().zip(needs);
    Ok(zipped.map(|(&v, &needed)| if needed { grads[v as usize].take() } else { None }).collect())
}
