//! Joins what works row by row, a recurrence say, to one operation that goes through it with a range of rows at a time.
//!
//! An operation works row by row when a row of its results (a place along the first axis) depends on the same row of some
//! of its inputs, and of others, the weights, as a whole. Connected operations of this kind with as many rows are a
//! candidate. It is taken when many products follow each other in it, each too small for several threads, and when the
//! weights stay in the second-level cache of a processor beside a range.
//!
//! Parts of a graph that depend on each other by way of other operations keep apart: a node's level is the number of such
//! detours before it, and only nodes of one level are joined, so none of them can need what another one makes possible.
//!
//! A product of fewer rows may be summed in another order.

use super::common_subexpressions::signature;
use super::{fuse, order};
use crate::graph::{Graph, Node, Value};
use crate::rows::{Range, Rows};
use gradus_tensor::ops::{BroadcastTo, Concat, Reshape};
use gradus_tensor::{DType, Lower, Op, Spec};
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Rows of a range at least: with fewer, products read their weights for too little work, and going through the plan takes
/// its share (ranges of 8 rows of an LSTM with 64 units took a tenth longer than ranges of 16).
const LEAST: usize = 16;
/// Ranges at most.
const RANGES: usize = 16;
/// Products that have to follow each other.
const DEEP: usize = 8;
/// Multiply-adds of a product at most, some 80 microseconds: larger ones are better cut by themselves.
const SMALL: usize = 1 << 22;
/// Bytes of what is read as a whole, at most.
const WEIGHTS: usize = 3 << 18;

pub(super) fn run(g: &mut Graph) {
    let mut tried: Vec<usize> = Vec::new();
    while let Some(rows) = candidate(g, &tried) {
        tried.push(rows);
        join(g, rows);
    }
}

fn is_product(n: &Node) -> bool {
    n.op.lower() == Lower::Contract
}

fn rows_of(g: &Graph, v: Value) -> Option<usize> {
    g.spec(v).shape.first().copied()
}

/// Rows of enough products.
fn candidate(g: &Graph, tried: &[usize]) -> Option<usize> {
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    for n in g.nodes.iter().filter(|n| is_product(n)) {
        rows_of(g, n.y[0]).into_iter().for_each(|rows| *count.entry(rows).or_default() += 1);
    }
    let fits = |(rows, n): &(usize, usize)| *n >= DEEP && *rows >= 2 * LEAST && !tried.contains(rows);
    count.into_iter().filter(fits).max_by_key(|(_, n)| *n).map(|(rows, _)| rows)
}

/// The operation of a node for `part` of its rows, and which inputs it reads so, as bits.
fn on_part(g: &Graph, n: &Node, rows: usize, part: usize) -> Option<(Arc<dyn Op>, u64)> {
    let cut_spec = |v: Value| {
        let s = g.spec(v);
        Spec::new(s.dtype, s.shape.replaced(0, part))
    };
    let in_rows = |v: Value| rows_of(g, v) == Some(rows);
    let plain = n.op.replaces().is_empty() && !n.op.is_dynamic() && n.x.len() < 64;
    if !plain || n.y.is_empty() || !n.y.iter().all(|&v| in_rows(v)) {
        return None;
    }
    let y = &g.spec(n.y[0]).shape;
    let along = |i: usize| in_rows(n.x[i]) && g.spec(n.x[i]).shape.rank() == y.rank();
    let elementwise = || (0..n.x.len()).filter(|&i| along(i)).fold(0, |bits, i| bits | 1 << i);
    let (op, cut): (Arc<dyn Op>, u64) = match n.op.lower() {
        Lower::Unary(_)
        | Lower::Binary(_)
        | Lower::Compare(_)
        | Lower::Test(_)
        | Lower::Select
        | Lower::Cast => (n.op.clone(), elementwise()),
        Lower::Broadcast => (Arc::new(BroadcastTo { shape: y.replaced(0, part) }), elementwise()),
        Lower::Alias => (Arc::new(Reshape { shape: y.replaced(0, part) }), 1),
        Lower::Reduce(_, axes) if !axes.contains(&0) => (n.op.clone(), 1),
        Lower::Transpose(axes) if axes.first() == Some(&0) => (n.op.clone(), 1),
        _ => {
            let specs: SmallVec<[&Spec; 4]> = n.x.iter().map(|&v| g.spec(v)).collect();
            let (op, cut) = n.op.by_rows(&specs, part)?;
            (Arc::from(op), cut)
        }
    };
    if cut == 0 || (0..n.x.len()).any(|i| cut >> i & 1 == 1 && !in_rows(n.x[i])) {
        return None;
    }
    let specs: Vec<Spec> = (n.x.iter().enumerate())
        .map(|(i, &v)| if cut >> i & 1 == 1 { cut_spec(v) } else { g.spec(v).clone() })
        .collect();
    let found = op.infer(&specs.iter().collect::<Vec<_>>()).ok()?;
    found.iter().eq(n.y.iter().map(|&v| cut_spec(v)).collect::<Vec<_>>().iter()).then_some((op, cut))
}

/// Nodes that are one operation.
struct Chain {
    members: Vec<usize>,
    level: usize,
    /// Outputs: values of the graph, and the values that make each up.
    outputs: Vec<(Value, Vec<Value>)>,
    /// Nodes that put outputs together and are not needed any more.
    joined: Vec<usize>,
}

/// The nodes that work row by row.
struct Members {
    rows: usize,
    part: usize,
    /// For each node, which of its inputs are cut.
    cut: Vec<Option<u64>>,
    maker: Vec<Option<usize>>,
    level: Vec<usize>,
}

impl Members {
    fn of(g: &Graph, rows: usize, part: usize) -> Members {
        let fixed = g.fixed();
        let cut = (g.nodes.iter().zip(&fixed))
            .map(|(n, fixed)| if *fixed { None } else { on_part(g, n, rows, part).map(|(_, cut)| cut) })
            .collect();
        let mut m = Members { rows, part, cut, maker: g.makers(), level: vec![0; g.nodes.len()] };
        for (i, n) in g.nodes.iter().enumerate() {
            let level = (0..n.x.len()).map(|k| m.before(g, i, k)).max();
            m.level[i] = level.unwrap_or(0);
        }
        m
    }

    fn is_cut(&self, i: usize, k: usize) -> bool {
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
    fn chains(&self, g: &Graph) -> Vec<Chain> {
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
        chains.into_values().filter(|c| self.pays(g, c)).collect()
    }

    /// Many small products after each other, and weights that stay in the cache.
    fn pays(&self, g: &Graph, chain: &Chain) -> bool {
        let mut depth: HashMap<Value, usize> = HashMap::new();
        let (mut deepest, mut small) = (0, true);
        let mut weights: Vec<Value> = Vec::new();
        for &i in &chain.members {
            let n = &g.nodes[i];
            let mut own = n.x.iter().filter_map(|v| depth.get(v)).copied().max().unwrap_or(0);
            if is_product(n) {
                own += 1;
                let inner = g.spec(n.x[0]).shape.last().copied().unwrap_or(0);
                small &= g.spec(n.y[0]).len().saturating_mul(inner) <= SMALL;
            }
            n.y.iter().for_each(|&v| _ = depth.insert(v, own));
            deepest = deepest.max(own);
            for (_, &v) in n.x.iter().enumerate().filter(|(k, _)| !self.is_cut(i, *k)) {
                if !weights.contains(&v) {
                    weights.push(v);
                }
            }
        }
        let bytes: usize = weights.iter().map(|&v| g.spec(v).len() * g.spec(v).dtype.size()).sum();
        deepest >= DEEP && small && bytes <= WEIGHTS
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
        super::dead::run(&mut h);
        Some(h)
    }

    /// The node that stands for a chain; `None` when its outputs are not numbers of one kind.
    fn node(&self, g: &Graph, chain: &Chain) -> Option<Node> {
        let dtype = g.spec(chain.outputs.first()?.0).dtype;
        let same = chain.outputs.iter().all(|(v, _)| g.spec(*v).dtype == dtype);
        if !same || !matches!(dtype, DType::F32 | DType::F64) {
            return None;
        }
        let inputs = self.inputs(g, chain);
        let rest = self.rows % self.part;
        let sizes = [self.part, rest].into_iter().filter(|&n| n > 0);
        let ranges = sizes.map(|n| Some(Arc::new(Range::new(n, &self.graph(g, chain, &inputs, n)?))));
        let op = Rows {
            rows: self.rows,
            ranges: ranges.collect::<Option<_>>()?,
            inputs: inputs.iter().map(|&(v, cut)| (g.spec(v).clone(), cut)).collect(),
            outputs: chain.outputs.iter().map(|(v, pieces)| (g.spec(*v).clone(), pieces.len())).collect(),
        };
        let x = inputs.iter().map(|i| i.0).collect();
        Some(Node { op: Arc::new(op), x, y: chain.outputs.iter().map(|o| o.0).collect() })
    }
}

/// Joins what works on this many rows.
fn join(g: &mut Graph, rows: usize) {
    let ranges = (rows / LEAST).min(RANGES);
    let members = Members::of(g, rows, rows.div_ceil(ranges));
    let mut of: Vec<usize> = (0..g.nodes.len()).collect();
    let mut made: HashMap<usize, Node> = HashMap::new();
    let mut taken = vec![false; g.nodes.len()];
    for mut chain in members.chains(g) {
        members.outputs(g, &mut chain, &mut taken);
        let Some(node) = members.node(g, &chain) else { continue };
        let first = chain.members[0];
        chain.members.iter().chain(&chain.joined).for_each(|&i| of[i] = first);
        made.insert(first, node);
    }
    if made.is_empty() {
        return;
    }
    let order = order::groups(g, &of);
    let node = |group: Vec<usize>| made.remove(&of[group[0]]).unwrap_or_else(|| g.nodes[group[0]].clone());
    g.nodes = order.into_iter().map(node).collect();
    super::dead::run(g);
}

#[cfg(test)]
mod tests {
    use super::super::check::{graph, names, numbers, same_bits};
    use gradus_tensor::{Result, Tensor, s};

    /// A recurrence over the first axis of x[0], with a state of x[1]'s columns.
    fn recurrence(x: &[Tensor], rows: usize) -> Result<Vec<Tensor>> {
        let (steps, n) = (x[0].shape()[0], x[1].shape()[1]);
        let mut h = Tensor::zeros([rows, n], gradus_tensor::DType::F32)?;
        let mut all = Vec::new();
        for t in 0..steps {
            let [a, b] = <[Tensor; 2]>::try_from(h.matmul(&x[1])?.split(2, -1)?).unwrap();
            h = Tensor::concat(&[&b.relu6()?, &a.relu6()?], 1)?.add(&x[0].slice(s![t as isize])?)?;
            all.push(h.clone());
        }
        Ok(all)
    }

    #[test]
    fn a_recurrence_becomes_one_operation() {
        // Ranges of equal sizes, and with a rest.
        for rows in [32, 35, 53] {
            let x = [numbers(&[9, rows, 6]), numbers(&[6, 6])];
            let g = graph(&x, |x| recurrence(x, rows));
            let mut h = g.clone();
            super::run(&mut h);
            let left: Vec<&str> =
                names(&h).into_iter().filter(|n| !["fill", "slice", "reshape"].contains(n)).collect();
            assert_eq!(left, ["rows"], "{rows} rows");
            same_bits(&g, &h, &x);
        }
    }

    #[test]
    fn what_is_put_together_is_made_in_place() {
        let x = [numbers(&[9, 32, 6]), numbers(&[6, 6]), numbers(&[32, 6])];
        let g = graph(&x, |x| {
            let all = recurrence(x, 32)?;
            let mut with_more = vec![&x[2]];
            with_more.extend(&all[..3]);
            let stacked = Tensor::concat(&with_more, 0)?;
            Ok(vec![stacked.matmul_t(&stacked, true, false)?, all[8].reduce_sum((), false)?])
        });
        let mut h = g.clone();
        super::run(&mut h);
        let left: Vec<&str> =
            names(&h).into_iter().filter(|n| !["fill", "slice", "reshape"].contains(n)).collect();
        assert_eq!(left, ["rows", "matmul", "reduce_sum"]);
        same_bits(&g, &h, &x);
    }

    #[test]
    fn rows_that_meet_on_the_way_keep_two_parts_apart() {
        let x = [numbers(&[9, 32, 6]), numbers(&[6, 6])];
        let g = graph(&x, |x| {
            let first = recurrence(x, 32)?.pop().unwrap();
            // All rows of the first part are in every row of the second.
            let mean = first.reduce_sum(0, true)?.relu6()?;
            let again = [x[0].add(&mean)?, x[1].clone()];
            let mut last = recurrence(&again, 32)?;
            last.push(first);
            Ok(last)
        });
        let mut h = g.clone();
        super::run(&mut h);
        assert_eq!(names(&h).iter().filter(|n| **n == "rows").count(), 2);
        same_bits(&g, &h, &x);
    }

    #[test]
    fn short_ones_and_large_products_stay() {
        for (steps, rows, n) in [(7, 32, 6), (9, 31, 6), (9, 32, 600)] {
            let x = [numbers(&[steps, rows, n]), numbers(&[n, n])];
            let g = graph(&x, |x| recurrence(x, rows));
            let mut h = g.clone();
            super::run(&mut h);
            assert_eq!(names(&g), names(&h), "{steps} steps of {rows} rows, {n} columns");
        }
    }
}
