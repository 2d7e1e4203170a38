//! Products of the parts of one value with one matrix are the parts of one product.
//!
//! A sequence is multiplied by an input weight at every step; all steps together are one tall product.
//!
//! Its kernel may sum in another order than that of the short ones.

use super::common_subexpressions::signature;
use crate::graph::{Graph, Node, Value};
use gradus_tensor::ops::{Reshape, Slice};
use gradus_tensor::{Shape, Spec};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    let whole = parts(g);
    if whole.is_empty() {
        return;
    }
    let mut nodes = Vec::with_capacity(g.nodes.len());
    let mut made: Vec<Option<Value>> = vec![None; whole.len()];
    let member: HashMap<usize, (usize, usize)> = (whole.iter().enumerate())
        .flat_map(|(k, w)| w.members.iter().map(move |&(i, row)| (i, (k, row))))
        .collect();
    for (i, n) in std::mem::take(&mut g.nodes).into_iter().enumerate() {
        let Some(&(k, row)) = member.get(&i) else {
            nodes.push(n);
            continue;
        };
        let tall = *made[k].get_or_insert_with(|| whole[k].product(g, &mut nodes, &n));
        let spec = g.spec(n.y[0]).clone();
        let op = Slice { begin: vec![row, 0], step: vec![1, 1], sizes: spec.shape.to_vec() };
        nodes.push(Node { op: Arc::new(op), x: smallvec![tall], y: n.y });
    }
    g.nodes = nodes;
    super::dead::run(g);
}

/// Products whose first factors make up one value.
struct Whole {
    value: Value,
    rows: usize,
    /// Nodes, and the row where each starts.
    members: Vec<(usize, usize)>,
}

impl Whole {
    /// The product of all rows.
    fn product(&self, g: &mut Graph, nodes: &mut Vec<Node>, like: &Node) -> Value {
        let (dtype, rows) = (g.spec(self.value).dtype, self.rows);
        let columns = |v: Value| g.spec(v).shape[1];
        let (inner, outer) = (columns(like.x[0]), columns(like.y[0]));
        let x = g.value(Spec::new(dtype, [rows, inner]));
        let op = Reshape { shape: Shape::from([rows, inner]) };
        nodes.push(Node { op: Arc::new(op), x: smallvec![self.value], y: smallvec![x] });
        let y = g.value(Spec::new(dtype, [rows, outer]));
        nodes.push(Node { op: like.op.clone(), x: smallvec![x, like.x[1]], y: smallvec![y] });
        y
    }
}

fn parts(g: &Graph) -> Vec<Whole> {
    // The value that each is a part of, and where it starts.
    let mut part: Vec<(Value, usize)> = (0..g.values() as Value).map(|v| (v, 0)).collect();
    let mut groups: HashMap<(Vec<u8>, Value, Value), Vec<(usize, usize)>> = HashMap::new();
    for (i, n) in g.nodes.iter().enumerate() {
        let specs: SmallVec<[&Spec; 4]> = n.x.iter().map(|&v| g.spec(v)).collect();
        if let (Some(at), [y]) = (n.op.alias(&specs), &n.y[..]) {
            let (root, from) = part[n.x[0] as usize];
            part[*y as usize] = (root, from + at);
        }
        let rows = matches!(n.op.summed(), Some([-1, _]));
        if rows && n.x.len() == 2 && specs.iter().all(|s| s.shape.rank() == 2) {
            let (root, from) = part[n.x[0] as usize];
            if let Some(key) = signature(&*n.op).filter(|_| root != n.x[0]) {
                groups.entry((key, root, n.x[1])).or_default().push((i, from));
            }
        }
    }
    let mut all: Vec<Whole> = Vec::new();
    for ((_, root, _), members) in groups {
        let size = |i: usize| &g.spec(g.nodes[i].x[0]).shape;
        let mut in_order = members.clone();
        in_order.sort_by_key(|&(_, from)| from);
        let inner = size(in_order[0].0)[1];
        let mut next = 0;
        let joined = in_order.iter().all(|&(i, from)| {
            let fits = from == next && size(i)[1] == inner;
            next += size(i).num_elements();
            fits
        });
        if members.len() > 1 && joined && next == g.spec(root).len() && inner > 0 {
            let members = in_order.into_iter().map(|(i, from)| (i, from / inner)).collect();
            all.push(Whole { value: root, rows: next / inner, members });
        }
    }
    // In the order of the graph, whatever the order of the table.
    all.sort_by_key(|w| w.members.iter().map(|m| m.0).min());
    all
}

#[cfg(test)]
mod tests {
    use super::super::check::{numbers, pass};
    use gradus_tensor::s;

    #[test]
    fn the_steps_of_a_sequence_are_multiplied_at_once() {
        pass(
            super::run,
            &[numbers(&[3, 2, 4]), numbers(&[4, 5])],
            |x| (0..3).map(|i| x[0].slice(s![i as isize])?.matmul(&x[1])).collect(),
            &["slice", "reshape", "matmul", "slice", "reshape", "matmul", "slice", "reshape", "matmul"],
            &["reshape", "matmul", "slice", "slice", "slice"],
        );
    }

    #[test]
    fn steps_that_are_left_out_are_not_computed() {
        pass(
            super::run,
            &[numbers(&[3, 2, 4]), numbers(&[4, 5])],
            |x| [0, 2].iter().map(|&i| x[0].slice(s![i as isize])?.matmul(&x[1])).collect(),
            &["slice", "reshape", "matmul", "slice", "reshape", "matmul"],
            &["slice", "reshape", "matmul", "slice", "reshape", "matmul"],
        );
    }
}
