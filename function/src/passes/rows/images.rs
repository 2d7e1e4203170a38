//! Large images between normalizations: statistics in the operation that makes an image, its normalization in the next one.
//!
//! A batch normalization in training needs all of its input before it gives anything, so an image goes to memory and comes
//! back. Twice more would be too much: the statistics of an image are taken, range by range, by the processor that has just
//! made it, and it is normalized by the processor that takes it on, every time it is read, rather than kept. In the same way
//! the gradient of a filter is summed range by range where its inputs are made.

use super::members::{Chain, Members, bytes, join, rows_of};
use crate::graph::{Graph, Node, Value};
use gradus_tensor::{Op, PartStep, Parts, Spec, Specs};
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
        let Some(rows) = n.x.first().filter(|&&v| bytes(g, v) >= LARGE).and_then(|&v| rows_of(g, v)) else {
            continue;
        };
        if rows >= LEAST && in_parts(g, n, 1).is_some() {
            *count.entry(rows).or_default() += 1;
        }
    }
    count.into_iter().max_by_key(|(_, n)| *n).map(|(rows, _)| rows)
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
        let raised = repeat(&mut graph, &members, &cheap);
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
        n.x.iter().any(images) && whole.sum::<usize>() <= WEIGHTS
    };
    Members::of(g, rows, part, fit, raised)
}

/// The parts of a node with a large first input, each with whether it is cheap, if they give little for every range.
fn parts(g: &mut Graph, n: &Node, rows: usize, part: usize) -> Option<Vec<(Node, bool)>> {
    let &first = n.x.first()?;
    if bytes(g, first) < LARGE || rows_of(g, first) != Some(rows) {
        return None;
    }
    let parts = in_parts(g, n, part)?;
    let values = g.values();
    let mut operands: Vec<Value> = n.x.to_vec();
    let mut nodes = Vec::with_capacity(parts.steps.len());
    for PartStep { op, x, cheap, outputs } in parts.steps {
        let x: SmallVec<[Value; 3]> = x.iter().map(|&k| operands[k]).collect();
        let specs = infer(g, &*op, &x).filter(|s| s.len() == outputs)?;
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
        if y.iter().any(|&v| bytes(g, v) > bytes(g, first)) {
            g.specs.truncate(values);
            return None;
        }
        nodes.push((Node { op: Arc::from(op), x, y }, cheap));
    }
    Some(nodes)
}

/// Repeats what is cheap and large for readers that come later, on their level; gives these levels.
fn repeat(g: &mut Graph, members: &Members, cheap: &HashSet<Value>) -> HashMap<Value, usize> {
    let maker = g.makers();
    let mut again: HashMap<(Value, usize), Value> = HashMap::new();
    let mut raised = HashMap::new();
    for (i, mut n) in std::mem::take(&mut g.nodes).into_iter().enumerate() {
        for k in 0..n.x.len() {
            let v = n.x[k];
            let Some(made) = maker[v as usize].filter(|_| cheap.contains(&v)) else { continue };
            let level = members.level[i];
            if !members.is_cut(i, k) || members.level[made] >= level || bytes(g, v) < LARGE {
                continue;
            }
            n.x[k] = *again.entry((v, level)).or_insert_with(|| {
                // It was pushed before, since what reads it comes later.
                let node = g.nodes.iter().find(|n| n.y[0] == v).cloned();
                let spec = g.spec(v).clone();
                let new = g.value(spec);
                g.nodes.extend(node.map(|node| Node { y: SmallVec::from_elem(new, 1), ..node }));
                raised.insert(new, level);
                new
            });
        }
        g.nodes.push(n);
    }
    raised
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
