//! An order in which groups of nodes can run.

use crate::graph::Graph;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Members of each group, groups in an order in which they can run, close to the order of recording. `of` gives the group
/// of each node, as the number of some node. No group may depend on itself by way of another.
pub(super) fn groups(g: &Graph, of: &[usize]) -> Vec<Vec<usize>> {
    let n = g.nodes.len();
    let maker = g.makers();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n];
    (0..n).for_each(|i| members[of[i]].push(i));
    let mut waits = vec![0usize; n];
    let mut then: Vec<Vec<usize>> = vec![Vec::new(); n];
    for k in 0..n {
        let read = members[k].iter().flat_map(|&i| &g.nodes[i].x);
        let mut from: Vec<usize> = read.filter_map(|&v| maker[v as usize]).map(|m| of[m]).collect();
        from.sort_unstable();
        from.dedup();
        for b in from.into_iter().filter(|&b| b != k) {
            then[b].push(k);
            waits[k] += 1;
        }
    }
    let ready = |k: usize| Reverse((members[k].last().copied().unwrap_or(0), k));
    let mut heap: BinaryHeap<Reverse<(usize, usize)>> =
        (0..n).filter(|&k| !members[k].is_empty() && waits[k] == 0).map(ready).collect();
    let mut order = Vec::with_capacity(n);
    while let Some(Reverse((_, k))) = heap.pop() {
        for &t in &then[k] {
            waits[t] -= 1;
            if waits[t] == 0 {
                heap.push(ready(t));
            }
        }
        order.push(k);
    }
    order.into_iter().map(|k| std::mem::take(&mut members[k])).collect()
}
