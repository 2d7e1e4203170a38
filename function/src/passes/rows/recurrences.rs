//! Recurrences: many small products that follow each other.
//!
//! Each is too small for several threads, so a thread goes through all of them with some of the rows, where the weights stay
//! in the second-level cache of a processor beside a range.

use super::members::{Chain, Members, bytes, join, rows_of};
use crate::graph::{Graph, Node, Value};
use gradus_tensor::Lower;
use std::collections::{BTreeMap, HashMap};

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
        let part = rows.div_ceil((rows / LEAST).min(RANGES));
        let members = Members::of(g, rows, part, |_, cut| cut != 0, &HashMap::new());
        let chains = members.chains(g).into_iter().filter(|c| pays(g, &members, c));
        let chains = chains.map(|c| (c, part)).collect();
        join(g, &members, chains);
    }
}

fn is_product(g: &Graph, n: &Node) -> bool {
    n.op.lower() == Lower::Contract && g.spec(n.y[0]).shape.rank() == 2
}

/// Rows of enough products.
fn candidate(g: &Graph, tried: &[usize]) -> Option<usize> {
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    for n in g.nodes.iter().filter(|n| is_product(g, n)) {
        rows_of(g, n.y[0]).into_iter().for_each(|rows| *count.entry(rows).or_default() += 1);
    }
    let fits = |(rows, n): &(usize, usize)| *n >= DEEP && *rows >= 2 * LEAST && !tried.contains(rows);
    count.into_iter().filter(fits).max_by_key(|(_, n)| *n).map(|(rows, _)| rows)
}

/// Many small products after each other, and weights that stay in the cache.
fn pays(g: &Graph, members: &Members, chain: &Chain) -> bool {
    let mut depth: HashMap<Value, usize> = HashMap::new();
    let (mut deepest, mut small) = (0, true);
    for &i in &chain.members {
        let n = &g.nodes[i];
        let mut own = n.x.iter().filter_map(|v| depth.get(v)).copied().max().unwrap_or(0);
        if is_product(g, n) {
            own += 1;
            let inner = g.spec(n.x[0]).shape.last().copied().unwrap_or(0);
            small &= g.spec(n.y[0]).len().saturating_mul(inner) <= SMALL;
        }
        n.y.iter().for_each(|&v| _ = depth.insert(v, own));
        deepest = deepest.max(own);
    }
    let weights: usize = members.weights(g, chain).iter().map(|&v| bytes(g, v)).sum();
    deepest >= DEEP && small && weights <= WEIGHTS
}

#[cfg(test)]
mod tests {
    use super::super::super::check::{graph, names, numbers, same_bits};
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
