//! Large images between normalizations: statistics in the operation that makes an image, its normalization in the next one.
//!
//! A batch normalization in training needs all of its input before it gives anything, so an image goes to memory and comes
//! back. Twice more would be too much: the statistics of an image are taken, range by range, by the processor that has just
//! made it, and it is normalized by the processor that takes it on, every time it is read, rather than kept. In the same way
//! gradients of filters and sums per channel are summed range by range where their inputs are made, and what little
//! elementwise work there is on an image is done again by those who read it later.

use super::members::{Chain, Members, bytes, join, rows_of};
use crate::graph::{Graph, Node, Value};
use gradus_tensor::{Lower, Op, PartStep, Parts, Spec, Specs};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Bytes from which on a value is large: less stays in the caches anyway.
const LARGE: usize = 3 << 18;
/// Images of a batch at least, since ranges are what threads share.
const LEAST: usize = 8;
/// Ranges, unless images are large.
const RANGES: usize = 16;
/// Bytes of the largest value of a range, at most, if it is more than one image.
const RANGE: usize = 1 << 19;
/// Cost of an elementwise function that is carried out again rather than kept, at most, in nanoseconds per element.
const QUICK: f64 = 0.2;
/// How many such functions after each other, at most.
const DEEP: usize = 8;
/// Bytes of what a node reads as a whole, at most: it is read again for every range.
const WEIGHTS: usize = 3 << 18;

pub(super) fn run(g: &mut Graph) {
    let Some(rows) = candidate(g) else { return };
    let part = rows.div_ceil(RANGES);
    // What is taken apart in vain stays whole.
    let all: HashSet<usize> = (0..g.nodes.len()).collect();
    let (_, used) = Apart::of(g, rows, part, &all).chains();
    if used.is_empty() {
        return;
    }
    let apart = Apart::of(g, rows, part, &used);
    let (chains, _) = apart.chains();
    *g = apart.graph;
    join(g, &apart.members, chains);
}

/// The number of images in a batch: of most large values that can be had in parts.
fn candidate(g: &Graph) -> Option<usize> {
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    for n in &g.nodes {
        let Some(rows) = n.x.first().and_then(|&v| rows_of(g, v)) else { continue };
        if rows >= LEAST && largest(g, n) >= LARGE && in_parts(g, n, 1).is_some() {
            *count.entry(rows).or_default() += 1;
        }
    }
    count.into_iter().max_by_key(|(_, n)| *n).map(|(rows, _)| rows)
}

/// Bytes of a node's largest input.
fn largest(g: &Graph, n: &Node) -> usize {
    n.x.iter().map(|&v| bytes(g, v)).max().unwrap_or(0)
}

fn in_parts(g: &Graph, n: &Node, part: usize) -> Option<Parts> {
    n.op.in_parts(&n.x.iter().map(|&v| g.spec(v)).collect::<SmallVec<[&Spec; 4]>>(), part)
}

fn infer(g: &Graph, op: &dyn Op, x: &[Value]) -> Option<Specs> {
    op.infer(&x.iter().map(|&v| g.spec(v)).collect::<SmallVec<[&Spec; 4]>>()).ok()
}

/// A graph with some operations as their parts.
struct Apart {
    graph: Graph,
    members: Members,
    /// The nodes before that parts come from, by what the parts make.
    from: HashMap<Value, usize>,
}

impl Apart {
    /// Takes apart what is `wanted`, and repeats what is cheap where it is read.
    fn of(g: &Graph, rows: usize, part: usize, wanted: &HashSet<usize>) -> Apart {
        let mut graph = g.clone();
        let nodes = std::mem::take(&mut graph.nodes);
        let (mut from, mut cheap) = (HashMap::new(), HashSet::new());
        for (i, n) in nodes.into_iter().enumerate() {
            let parts = if wanted.contains(&i) { parts(&mut graph, &n, rows, part) } else { None };
            for (node, is_cheap) in parts.unwrap_or_else(|| vec![(n, false)]) {
                from.insert(node.y[0], i);
                if is_cheap {
                    cheap.insert(node.y[0]);
                }
                graph.nodes.push(node);
            }
        }
        let members = find(&graph, rows, part, &HashMap::new());
        let elementwise = (0..graph.nodes.len()).filter(|&i| is_cheap(&graph, &members, i));
        cheap.extend(elementwise.map(|i| graph.nodes[i].y[0]));
        let raised = Again::in_graph(&mut graph, &members, &cheap);
        let members = find(&graph, rows, part, &raised);
        Apart { graph, members, from }
    }

    /// The chains that pay with the rows of a range, and the nodes before that these come from.
    fn chains(&self) -> (Vec<(Chain, usize)>, HashSet<usize>) {
        let g = &self.graph;
        let (mut chains, mut used) = (Vec::new(), HashSet::new());
        for chain in self.members.chains(g) {
            let Some(largest) = pays(g, &self.members, &chain) else { continue };
            let rows = self.members.rows;
            let part = (RANGE / (largest / rows)).clamp(1, rows.div_ceil(RANGES));
            used.extend(chain.members.iter().filter_map(|&i| self.from.get(&g.nodes[i].y[0])));
            chains.push((chain, part));
        }
        (chains, used)
    }
}

/// The nodes that work image by image and read little else.
fn find(g: &Graph, rows: usize, part: usize, raised: &HashMap<Value, usize>) -> Members {
    let fit = |n: &Node, cut: u64| {
        let whole = (n.x.iter().enumerate()).filter(|(k, _)| cut >> k & 1 == 0).map(|(_, &v)| bytes(g, v));
        let images = |&v: &Value| g.spec(v).shape.rank() >= 3;
        n.x.iter().chain(&n.y).any(images) && whole.sum::<usize>() <= WEIGHTS
    };
    Members::of(g, rows, part, fit, raised)
}

/// The parts of a node with a large input, each with whether it is cheap, if they give little for every range.
fn parts(g: &mut Graph, n: &Node, rows: usize, part: usize) -> Option<Vec<(Node, bool)>> {
    let largest = largest(g, n);
    if largest < LARGE || rows_of(g, *n.x.first()?) != Some(rows) {
        return None;
    }
    let parts = in_parts(g, n, part)?;
    let values = g.values();
    let mut operands: Vec<Value> = n.x.to_vec();
    let mut nodes = Vec::with_capacity(parts.steps.len());
    for PartStep { op, x, cheap, outputs } in parts.steps {
        let x: SmallVec<[Value; 3]> = x.iter().map(|&k| operands[k]).collect();
        let Some(specs) = infer(g, &*op, &x).filter(|s| s.len() == outputs) else {
            g.specs.truncate(values);
            return None;
        };
        let mut y: SmallVec<[Value; 1]> = SmallVec::new();
        for spec in specs {
            let output = parts.outputs.iter().position(|&k| k == operands.len());
            y.push(match output {
                Some(p) => n.y[p],
                None => g.value(spec),
            });
            operands.push(y[y.len() - 1]);
        }
        // Sums for every range cost as much as they save when they are as large as what they are summed over.
        if y.iter().any(|&v| bytes(g, v) > largest) {
            g.specs.truncate(values);
            return None;
        }
        nodes.push((Node { op: Arc::from(op), x, y }, cheap));
    }
    Some(nodes)
}

/// Elementwise, with one large input at most, and quick.
fn is_cheap(g: &Graph, members: &Members, i: usize) -> bool {
    let n = &g.nodes[i];
    let quick = match n.op.lower() {
        Lower::Unary(op) => op.cost() <= QUICK,
        Lower::Binary(op) => op.cost() <= QUICK,
        Lower::Broadcast => true,
        _ => false,
    };
    let mut large: SmallVec<[Value; 3]> = n.x.iter().copied().filter(|&v| bytes(g, v) >= LARGE).collect();
    large.dedup();
    quick && large.len() <= 1 && members.is_member(i)
}

/// Repeats what is cheap and large for readers that come later, on their level.
struct Again<'a> {
    members: &'a Members,
    cheap: &'a HashSet<Value>,
    maker: Vec<Option<usize>>,
    old: Vec<Node>,
    new: HashMap<(Value, usize), Value>,
    /// The levels of the repeated values.
    raised: HashMap<Value, usize>,
}

impl Again<'_> {
    fn in_graph(g: &mut Graph, members: &Members, cheap: &HashSet<Value>) -> HashMap<Value, usize> {
        let (maker, old) = (g.makers(), std::mem::take(&mut g.nodes));
        let mut again = Again { members, cheap, maker, old, new: HashMap::new(), raised: HashMap::new() };
        for i in 0..again.old.len() {
            let mut n = again.old[i].clone();
            for k in (0..n.x.len()).filter(|&k| members.is_cut(i, k)) {
                n.x[k] = again.value(g, n.x[k], members.level[i], DEEP);
            }
            g.nodes.push(n);
        }
        again.raised
    }

    /// The value to read on a level: v, or v made again by at most `deep` operations after each other.
    fn value(&mut self, g: &mut Graph, v: Value, level: usize, deep: usize) -> Value {
        // What came into being here is read where it was asked for.
        let maker = self.maker.get(v as usize).copied().flatten();
        let again = |&m: &usize| deep > 0 && self.cheap.contains(&v) && self.members.is_member(m);
        let Some(m) = maker.filter(again) else { return v };
        if self.members.level[m] >= level || bytes(g, v) < LARGE {
            return v;
        }
        if let Some(&new) = self.new.get(&(v, level)) {
            return new;
        }
        let mut n = self.old[m].clone();
        for k in (0..n.x.len()).filter(|&k| self.members.is_cut(m, k)) {
            n.x[k] = self.value(g, n.x[k], level, deep - 1);
        }
        let new = g.value(g.spec(v).clone());
        n.y = SmallVec::from_elem(new, 1);
        g.nodes.push(n);
        self.new.insert((v, level), new);
        self.raised.insert(new, level);
        new
    }
}

/// The bytes of a chain's largest value, when something large is read again where it was made.
fn pays(g: &Graph, members: &Members, chain: &Chain) -> Option<usize> {
    let made: HashSet<Value> = chain.members.iter().flat_map(|&i| &g.nodes[i].y).copied().collect();
    let read = chain.members.iter().flat_map(|&i| &g.nodes[i].x);
    let again = read.clone().any(|v| made.contains(v) && bytes(g, *v) >= LARGE);
    let whole = members.weights(g, chain);
    let largest = read.filter(|v| !whole.contains(v)).chain(&made).map(|&v| bytes(g, v)).max();
    largest.filter(|_| again)
}
