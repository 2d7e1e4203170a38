//! The recorded program: a pure list of operations over numbered values.
//!
//! Nothing here has an effect. A variable's first read is an input, its last assignment an output, and random
//! state is data, so any pass may drop, share or reorder nodes as the data flow allows.

use gradus_tensor::{Element, Op, Spec, Tensor, dispatch};
use smallvec::SmallVec;
use std::sync::Arc;

/// The number of a value in its graph.
pub type Value = u32;

/// One operation with the values it reads and makes.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is done.
    pub op: Arc<dyn Op>,
    /// Values read, in the operation's order.
    pub x: SmallVec<[Value; 3]>,
    /// Values made; each value is made once.
    pub y: SmallVec<[Value; 1]>,
}

/// Nodes in an order in which they can be carried out, with the values that enter and leave.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(crate) specs: Vec<Spec>,
    pub(crate) inputs: Vec<Value>,
    pub(crate) constants: Vec<(Value, Tensor)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Value>,
    /// Whether each input often stays as it is from call to call; empty: none does.
    pub(crate) steady: Vec<bool>,
}

impl Graph {
    /// Dtype and shape of a value.
    pub fn spec(&self, v: Value) -> &Spec {
        &self.specs[v as usize]
    }

    /// Values that are given at every call.
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// Values that were there before the recording.
    pub fn constants(&self) -> &[(Value, Tensor)] {
        &self.constants
    }

    /// The operations in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Values that are handed out at every call.
    pub fn outputs(&self) -> &[Value] {
        &self.outputs
    }

    /// Number of values, used or not.
    pub fn values(&self) -> usize {
        self.specs.len()
    }

    pub(crate) fn value(&mut self, spec: Spec) -> Value {
        self.specs.push(spec);
        (self.specs.len() - 1) as Value
    }

    pub(crate) fn input(&mut self, spec: Spec) -> Value {
        let v = self.value(spec);
        self.inputs.push(v);
        v
    }

    pub(crate) fn constant(&mut self, t: Tensor) -> Value {
        let v = self.value(t.spec().clone());
        self.constants.push((v, t));
        v
    }

    pub(crate) fn push(
        &mut self,
        op: Arc<dyn Op>,
        x: SmallVec<[Value; 3]>,
        specs: impl IntoIterator<Item = Spec>,
    ) -> SmallVec<[Value; 1]> {
        let y: SmallVec<[Value; 1]> = specs.into_iter().map(|s| self.value(s)).collect();
        self.nodes.push(Node { op, x, y: y.clone() });
        y
    }

    /// The tensor of each value that is a constant.
    pub(crate) fn known(&self) -> Vec<Option<&Tensor>> {
        let mut known = vec![None; self.values()];
        for (v, t) in &self.constants {
            known[*v as usize] = Some(t);
        }
        known
    }

    /// Nodes that depend on steady inputs, and besides on constants alone.
    pub(crate) fn fixed(&self) -> Vec<bool> {
        let mut fixed = vec![false; self.values()];
        for (&v, _) in self.inputs.iter().zip(&self.steady).filter(|(_, s)| **s) {
            fixed[v as usize] = true;
        }
        let constant: Vec<bool> = self.known().iter().map(Option::is_some).collect();
        let node = |n: &Node| {
            let known = |v: &Value| fixed[*v as usize] || constant[*v as usize];
            // What makes numbers from nothing (a fill) is as quick to make again.
            let all = n.x.iter().all(known) && n.x.iter().any(|&v| fixed[v as usize]);
            n.y.iter().for_each(|&v| fixed[v as usize] = all);
            all
        };
        self.nodes.iter().map(node).collect()
    }

    /// How often each value is read, by nodes and as an output.
    pub(crate) fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.values()];
        let read = self.nodes.iter().flat_map(|n| &n.x).chain(&self.outputs);
        read.for_each(|&v| uses[v as usize] += 1);
        uses
    }

    /// The node that makes each value; none for inputs and constants.
    pub(crate) fn makers(&self) -> Vec<Option<usize>> {
        let mut makers = vec![None; self.values()];
        for (i, n) in self.nodes.iter().enumerate() {
            n.y.iter().for_each(|&v| makers[v as usize] = Some(i));
        }
        makers
    }

    /// Reads `to[v]` wherever `v` was read; chains of replacements must be resolved already.
    pub(crate) fn redirect(&mut self, to: &[Value]) {
        let read = self.nodes.iter_mut().flat_map(|n| &mut n.x).chain(&mut self.outputs);
        read.for_each(|v| *v = to[*v as usize]);
    }
}

/// The number that a constant of one element is; `None` for others and for complex ones.
pub(crate) fn number(t: &Tensor) -> Option<f64> {
    if t.len() != 1 || t.dtype().is_complex() {
        return None;
    }
    dispatch!(t.dtype(), T: all => { Some(t.view().as_slice::<T>()[0].to_f64()) })
}
