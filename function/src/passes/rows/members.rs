//! Which nodes work row by row, which of them belong together, and the node that stands for those.
//!
//! An operation works row by row when a row of its results (a place along the first axis) depends on the same row of some
//! of its inputs, and of others, the weights, as a whole. It may also give one row for every range of rows.
//!
//! Parts of a graph that depend on each other by way of other operations keep apart: a node's level is the number of such
//! detours before it, and only nodes of one level are joined, so none of them can need what another one makes possible.

use super::super::common_subexpressions::signature;
use super::super::{dead, fuse, order};
use crate::graph::{Graph, Node, Value};
use crate::rows::{Output, Range, Rows};
use gradus_tensor::ops::{BroadcastTo, Concat, Reshape};
use gradus_tensor::{Lower, Op, Spec};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) fn rows_of(g: &Graph, v: Value) -> Option<usize> {
    g.spec(v).shape.first().copied()
}

pub(super) fn bytes(g: &Graph, v: Value) -> usize {
    g.spec(v).len() * g.spec(v).dtype.size()
}

/// The operation of a node for `part` of its rows, and which inputs it reads so, as bits.
///
/// Its outputs have `part` rows, or one where there is one for every range of rows.
pub(super) fn on_part(g: &Graph, n: &Node, rows: usize, part: usize) -> Option<(Arc<dyn Op>, u64)> {
    let cut_spec = |v: Value| {
        let s = g.spec(v);
        Spec::new(s.dtype, s.shape.replaced(0, part))
    };
    let in_rows = |v: Value| rows_of(g, v) == Some(rows);
    let plain = n.op.replaces().is_empty() && !n.op.is_dynamic() && n.x.len() < 64;
    if !plain || n.y.is_empty() || g.spec(n.y[0]).shape.rank() == 0 {
        return None;
    }
    let whole = n.y.iter().all(|&v| in_rows(v));
    let y = &g.spec(n.y[0]).shape;
    let along = |i: usize| in_rows(n.x[i]) && g.spec(n.x[i]).shape.rank() == y.rank();
    let elementwise = || (0..n.x.len()).filter(|&i| along(i)).fold(0, |bits, i| bits | 1 << i);
    let (op, cut): (Arc<dyn Op>, u64) = match n.op.lower() {
        Lower::Unary(_)
        | Lower::Binary(_)
        | Lower::Compare(_)
        | Lower::Test(_)
        | Lower::Select
        | Lower::Cast
            if whole =>
        {
            (n.op.clone(), elementwise())
        }
        Lower::Broadcast if whole => (Arc::new(BroadcastTo { shape: y.replaced(0, part) }), elementwise()),
        Lower::Alias if whole => (Arc::new(Reshape { shape: y.replaced(0, part) }), 1),
        Lower::Reduce(_, axes) if whole && !axes.contains(&0) => (n.op.clone(), 1),
        Lower::Transpose(axes) if whole && axes.first() == Some(&0) => (n.op.clone(), 1),
        _ => {
            let specs: SmallVec<[&Spec; 4]> = n.x.iter().map(|&v| g.spec(v)).collect();
            let (op, cut) = n.op.by_rows(&specs, part)?;
            (Arc::from(op), cut)
        }
    };
    // What is stretched to all rows is stretched to those of a range.
    let stretched = whole && n.op.lower() == Lower::Broadcast;
    if cut == 0 && !stretched || (0..n.x.len()).any(|i| cut >> i & 1 == 1 && !in_rows(n.x[i])) {
        return None;
    }
    let specs: Vec<Spec> = (n.x.iter().enumerate())
        .map(|(i, &v)| if cut >> i & 1 == 1 { cut_spec(v) } else { g.spec(v).clone() })
        .collect();
    let found = op.infer(&specs.iter().collect::<Vec<_>>()).ok()?;
    let expected = |v: Value| {
        let s = g.spec(v);
        if in_rows(v) { cut_spec(v) } else { s.reshaped(s.shape.replaced(0, 1)) }
    };
    (found.len() == n.y.len() && found.iter().zip(&n.y).all(|(f, &v)| *f == expected(v))).then_some((op, cut))
}

/// Nodes that are one operation.
pub(super) struct Chain {
    pub members: Vec<usize>,
    level: usize,
    /// Outputs: values of the graph, and the values that make each up.
    outputs: Vec<(Value, Vec<Value>)>,
    /// Nodes that put outputs together and are not needed any more.
    joined: Vec<usize>,
}

/// The nodes that work row by row.
pub(super) struct Members {
    pub rows: usize,
    /// For each node, which of its inputs are cut.
    cut: Vec<Option<u64>>,
    maker: Vec<Option<usize>>,
    pub level: Vec<usize>,
}

impl Members {
    /// Those of the nodes that `fit`; what makes a value of `raised` is on that level at least.
    pub fn of(
        g: &Graph,
        rows: usize,
        part: usize,
        fit: impl Fn(&Node, u64) -> bool,
        raised: &HashMap<Value, usize>,
    ) -> Members {
        let fixed = g.fixed();
        let cut = (g.nodes.iter().zip(&fixed))
            .map(|(n, fixed)| if *fixed { None } else { on_part(g, n, rows, part).map(|(_, cut)| cut) })
            .zip(&g.nodes)
            .map(|(cut, n)| cut.filter(|&cut| fit(n, cut)))
            .collect();
        let mut m = Members { rows, cut, maker: g.makers(), level: vec![0; g.nodes.len()] };
        for (i, n) in g.nodes.iter().enumerate() {
            let level = (0..n.x.len()).map(|k| m.before(g, i, k)).max();
            let least = n.y.first().and_then(|v| raised.get(v)).copied();
            m.level[i] = level.max(least).unwrap_or(0);
        }
        m
    }

    /// True when node i is one of them.
    pub fn is_member(&self, i: usize) -> bool {
        self.cut[i].is_some()
    }

    /// True when node i is one of them and reads input k by rows.
    pub fn is_cut(&self, i: usize, k: usize) -> bool {
        self.cut[i].is_some_and(|bits| bits >> k & 1 == 1)
    }

    /// The level that node i has for the sake of its input k.
    fn before(&self, g: &Graph, i: usize, k: usize) -> usize {
        self.maker[g.nodes[i].x[k] as usize].map_or(0, |m| {
            let apart = self.cut[m].is_some() && !self.is_cut(i, k);
            self.level[m] + usize::from(apart)
        })
    }

    /// Connected nodes of one level, in order.
    pub fn chains(&self, g: &Graph) -> Vec<Chain> {
        fn root(of: &mut [usize], mut i: usize) -> usize {
            while of[i] != i {
                of[i] = of[of[i]];
                i = of[i];
            }
            i
        }
        let mut of: Vec<usize> = (0..g.nodes.len()).collect();
        for (i, n) in g.nodes.iter().enumerate().filter(|(i, _)| self.cut[*i].is_some()) {
            for k in (0..n.x.len()).filter(|&k| self.is_cut(i, k)) {
                let Some(m) = self.maker[n.x[k] as usize] else { continue };
                if self.cut[m].is_some() && self.level[m] == self.level[i] {
                    let (a, b) = (root(&mut of, m), root(&mut of, i));
                    of[a.max(b)] = a.min(b);
                }
            }
        }
        let mut chains: BTreeMap<usize, Chain> = BTreeMap::new();
        for i in (0..g.nodes.len()).filter(|&i| self.cut[i].is_some()) {
            let level = self.level[i];
            let empty = || Chain { members: Vec::new(), level, outputs: Vec::new(), joined: Vec::new() };
            chains.entry(root(&mut of, i)).or_insert_with(empty).members.push(i);
        }
        chains.into_values().collect()
    }

    /// What the members of a chain read as a whole.
    pub fn weights(&self, g: &Graph, chain: &Chain) -> Vec<Value> {
        let mut weights: Vec<Value> = Vec::new();
        for &i in &chain.members {
            let whole = (g.nodes[i].x.iter().enumerate()).filter(|(k, _)| !self.is_cut(i, *k));
            whole.for_each(|(_, &v)| {
                if !weights.contains(&v) {
                    weights.push(v)
                }
            });
        }
        weights
    }

    /// Finds the outputs of a chain: values that others read, and those that are put together to one.
    fn outputs(&self, g: &Graph, chain: &mut Chain, taken: &mut [bool]) {
        let mut own = vec![false; g.values()];
        let made = chain.members.iter().flat_map(|&i| &g.nodes[i].y);
        made.for_each(|&v| own[v as usize] = true);
        let stacks = signature(&Concat { axis: 0 });
        let mut read: Vec<bool> = vec![false; g.values()];
        g.outputs.iter().for_each(|&v| read[v as usize] = true);
        for (i, n) in g.nodes.iter().enumerate() {
            // What others give to it has to be there before.
            let there = |&v: &Value| {
                own[v as usize]
                    || self.maker[v as usize].is_none_or(|m| {
                        self.level[m] < chain.level || self.level[m] == chain.level && self.cut[m].is_none()
                    })
            };
            let stack = !taken[i]
                && n.x.iter().any(|&v| own[v as usize])
                && n.x.iter().all(|v| rows_of(g, *v) == Some(self.rows) && there(v))
                && signature(&*n.op) == stacks;
            if stack {
                taken[i] = true;
                chain.joined.push(i);
                chain.outputs.push((n.y[0], n.x.to_vec()));
            } else if chain.members.binary_search(&i).is_err() {
                n.x.iter().for_each(|&v| read[v as usize] = true);
            }
        }
        let made = chain.members.iter().flat_map(|&i| &g.nodes[i].y).copied();
        chain.outputs.extend(made.filter(|&v| read[v as usize]).map(|v| (v, vec![v])));
    }

    /// What a chain reads, and whether in parts.
    fn inputs(&self, g: &Graph, chain: &Chain) -> Vec<(Value, bool)> {
        let mut made = vec![false; g.values()];
        chain.members.iter().flat_map(|&i| &g.nodes[i].y).for_each(|&v| made[v as usize] = true);
        let known = g.known();
        let mut seen: HashMap<(Value, bool), ()> = HashMap::new();
        let mut all = Vec::new();
        let mut add = |v: Value, cut: bool| {
            let constant = known[v as usize].is_some() && !cut;
            if !made[v as usize] && !constant && seen.insert((v, cut), ()).is_none() {
                all.push((v, cut));
            }
        };
        for &i in &chain.members {
            g.nodes[i].x.iter().enumerate().for_each(|(k, &v)| add(v, self.is_cut(i, k)));
        }
        chain.outputs.iter().flat_map(|(_, pieces)| pieces).for_each(|&v| add(v, true));
        all
    }

    /// The graph of a chain for a range of `part` rows.
    fn graph(&self, g: &Graph, chain: &Chain, inputs: &[(Value, bool)], part: usize) -> Option<Graph> {
        let known = g.known();
        let mut h = Graph::default();
        let mut at: HashMap<(Value, bool), Value> = HashMap::new();
        for &(v, cut) in inputs {
            let s = g.spec(v);
            let shape = if cut { s.shape.replaced(0, part) } else { s.shape.clone() };
            at.insert((v, cut), h.input(Spec::new(s.dtype, shape)));
        }
        for &i in &chain.members {
            let n = &g.nodes[i];
            let (op, cut) = on_part(g, n, self.rows, part)?;
            let mut x: SmallVec<[Value; 3]> = SmallVec::new();
            for (k, &v) in n.x.iter().enumerate() {
                let cut = cut >> k & 1 == 1;
                if let (None, Some(t)) = (at.get(&(v, cut)), known[v as usize]) {
                    at.insert((v, cut), h.constant(t.clone()));
                }
                x.push(*at.get(&(v, cut))?);
            }
            let specs: Vec<&Spec> = x.iter().map(|&v| h.spec(v)).collect();
            let specs = op.infer(&specs).ok()?;
            for (&v, made) in n.y.iter().zip(h.push(op, x, specs)) {
                at.insert((v, true), made);
            }
        }
        let pieces = chain.outputs.iter().flat_map(|(_, pieces)| pieces);
        h.outputs = pieces.map(|&v| at.get(&(v, true)).copied()).collect::<Option<_>>()?;
        fuse::run(&mut h);
        dead::run(&mut h);
        Some(h)
    }

    /// The node that goes through a chain by ranges of `part` rows, with the specs of its outputs.
    fn node(&self, g: &Graph, chain: &Chain, part: usize) -> Option<(Node, Vec<Spec>)> {
        let inputs = self.inputs(g, chain);
        let sizes = [part, self.rows % part].into_iter().filter(|&n| n > 0);
        let ranges = sizes.map(|n| Some(Arc::new(Range::new(n, &self.graph(g, chain, &inputs, n)?))));
        let op = Rows {
            rows: self.rows,
            ranges: ranges.collect::<Option<_>>()?,
            inputs: inputs.iter().map(|&(v, cut)| (g.spec(v).clone(), cut)).collect(),
            outputs: chain.outputs.iter().map(|(v, pieces)| self.output(g, *v, pieces.len(), part)).collect(),
        };
        let specs = op.outputs.iter().map(|o| o.spec.clone()).collect();
        let x = inputs.iter().map(|i| i.0).collect();
        Some((Node { op: Arc::new(op), x, y: chain.outputs.iter().map(|o| o.0).collect() }, specs))
    }

    fn output(&self, g: &Graph, v: Value, pieces: usize, part: usize) -> Output {
        let spec = g.spec(v);
        if spec.shape.first() == Some(&(self.rows * pieces)) {
            return Output { spec: spec.clone(), pieces, of_ranges: false };
        }
        let spec = spec.reshaped(spec.shape.replaced(0, self.rows.div_ceil(part)));
        Output { spec, pieces, of_ranges: true }
    }
}

/// Puts one node in the place of each chain; beside the chain, the rows of a range.
pub(super) fn join(g: &mut Graph, members: &Members, chains: Vec<(Chain, usize)>) {
    let mut of: Vec<usize> = (0..g.nodes.len()).collect();
    let mut made: HashMap<usize, Node> = HashMap::new();
    let mut taken = vec![false; g.nodes.len()];
    let mut specs: Vec<(Value, Spec)> = Vec::new();
    for (mut chain, part) in chains {
        members.outputs(g, &mut chain, &mut taken);
        let Some((node, outputs)) = members.node(g, &chain, part) else { continue };
        let first = chain.members[0];
        chain.members.iter().chain(&chain.joined).for_each(|&i| of[i] = first);
        specs.extend(node.y.iter().copied().zip(outputs));
        made.insert(first, node);
    }
    if made.is_empty() {
        return;
    }
    specs.into_iter().for_each(|(v, s)| g.specs[v as usize] = s);
    let order = order::groups(g, &of);
    let node = |group: Vec<usize>| made.remove(&of[group[0]]).unwrap_or_else(|| g.nodes[group[0]].clone());
    g.nodes = order.into_iter().map(node).collect();
    dead::run(g);
}
