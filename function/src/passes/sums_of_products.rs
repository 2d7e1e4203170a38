//! A sum of products is one product: `A1 B1 + A2 B2 = [A1 A2] [B1; B2]`.
//!
//! The gradient of a weight that is used at every step of a sequence is such a sum. Its products are as large as the
//! weight, their factors as small as a batch, so joining the factors moves less memory than adding the products up, and
//! one long product runs at the speed of the machine where many short ones do not.
//!
//! The terms are summed in another order.

use super::common_subexpressions::signature;
use crate::graph::{Graph, Node, Value};
use gradus_kernels::elementwise::Binary;
use gradus_tensor::ops::{Add, Concat};
use gradus_tensor::{Lower, Spec};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    let sums = Sums::of(g);
    let mut nodes = Vec::with_capacity(g.nodes.len());
    for (i, n) in std::mem::take(&mut g.nodes).into_iter().enumerate() {
        match sums.joined.get(&i) {
            Some(sum) => rewrite(g, &mut nodes, sum, n.y[0]),
            None => nodes.push(n),
        }
    }
    g.nodes = nodes;
    super::dead::run(g);
}

/// A sum with products that are worth joining.
struct Sum {
    /// Terms that stay as they are.
    rest: Vec<Value>,
    /// Products of one kind each.
    groups: Vec<Vec<Node>>,
}

/// The sums of a graph by the node that adds the last term.
struct Sums {
    joined: HashMap<usize, Sum>,
}

impl Sums {
    fn of(g: &Graph) -> Sums {
        let uses = g.uses();
        let mut maker: Vec<Option<usize>> = vec![None; g.values()];
        let mut reader: Vec<Option<usize>> = vec![None; g.values()];
        for (i, n) in g.nodes.iter().enumerate() {
            n.x.iter().for_each(|&v| reader[v as usize] = Some(i));
            n.y.iter().for_each(|&v| maker[v as usize] = Some(i));
        }
        let adds = |i: usize| {
            let n = &g.nodes[i];
            n.op.lower() == Lower::Binary(Binary::Add) && n.x.iter().all(|&v| g.spec(v) == g.spec(n.y[0]))
        };
        let mut joined = HashMap::new();
        for (i, n) in g.nodes.iter().enumerate().filter(|(i, _)| adds(*i)) {
            let y = n.y[0] as usize;
            if uses[y] == 1 && reader[y].is_some_and(adds) {
                continue;
            }
            let mut terms = Vec::new();
            let mut open: Vec<Value> = n.x.iter().rev().copied().collect();
            while let Some(v) = open.pop() {
                match maker[v as usize].filter(|&m| uses[v as usize] == 1 && adds(m)) {
                    Some(m) => open.extend(g.nodes[m].x.iter().rev()),
                    None => terms.push(v),
                }
            }
            let product = |v: Value| {
                let n = maker[v as usize].map(|m| &g.nodes[m]).filter(|_| uses[v as usize] == 1)?;
                let plain = n.x.len() == 2 && n.x.iter().all(|&v| g.spec(v).shape.rank() == 2);
                (plain && n.op.summed().is_some()).then_some((n, signature(&*n.op)?))
            };
            let mut groups: Vec<(Vec<u8>, Vec<Node>)> = Vec::new();
            let mut rest = Vec::new();
            for v in terms {
                match product(v) {
                    None => rest.push(v),
                    Some((n, key)) => match groups.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, group)) => group.push(n.clone()),
                        None => groups.push((key, vec![n.clone()])),
                    },
                }
            }
            let (worth, not): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(_, group)| pays(g, group));
            rest.extend(not.iter().flat_map(|(_, group)| group).map(|n| n.y[0]));
            if !worth.is_empty() {
                joined.insert(i, Sum { rest, groups: worth.into_iter().map(|(_, group)| group).collect() });
            }
        }
        Sums { joined }
    }
}

/// Copying the factors together must move less than adding the products up does.
fn pays(g: &Graph, products: &[Node]) -> bool {
    let factors: usize = products.iter().flat_map(|n| &n.x).map(|&v| g.spec(v).len()).sum();
    products.len() > 1 && factors <= (products.len() - 1) * g.spec(products[0].y[0]).len()
}

fn rewrite(g: &mut Graph, nodes: &mut Vec<Node>, sum: &Sum, y: Value) {
    let mut terms = sum.rest.clone();
    for products in &sum.groups {
        let op = &products[0].op;
        let x = op.summed().into_iter().flatten().enumerate().map(|(k, axis)| {
            let parts: SmallVec<[Value; 3]> = products.iter().map(|n| n.x[k]).collect();
            join(g, nodes, parts, (2 + axis) as usize)
        });
        let x: SmallVec<[Value; 3]> = x.collect();
        let made = g.value(g.spec(y).clone());
        nodes.push(Node { op: op.clone(), x, y: smallvec![made] });
        terms.push(made);
    }
    let mut total = terms[0];
    for &v in &terms[1..] {
        let next = g.value(g.spec(y).clone());
        nodes.push(Node { op: Arc::new(Add {}), x: smallvec![total, v], y: smallvec![next] });
        total = next;
    }
    // The value goes by the name that its readers know.
    if let Some(last) = nodes.last_mut() {
        last.y[0] = y;
    }
}

/// The matrices one after the other along an axis.
fn join(g: &mut Graph, nodes: &mut Vec<Node>, parts: SmallVec<[Value; 3]>, axis: usize) -> Value {
    let size = parts.iter().map(|&v| g.spec(v).shape[axis]).sum();
    let first = g.spec(parts[0]);
    let spec = Spec::new(first.dtype, first.shape.replaced(axis, size));
    let made = g.value(spec);
    nodes.push(Node { op: Arc::new(Concat { axis }), x: parts, y: smallvec![made] });
    made
}

#[cfg(test)]
mod tests {
    use super::super::check::{graph, names};
    use gradus_tensor::Tensor;

    fn numbers(shape: &[usize]) -> Tensor {
        let n: usize = shape.iter().product();
        // Small integers: sums in any order have the same bits.
        Tensor::from_vec((0..n).map(|i| (i % 7) as f32 - 3.0).collect(), shape).unwrap()
    }

    #[test]
    fn gradients_of_a_repeated_weight_become_one_product() {
        let x: Vec<Tensor> = [[2, 8], [2, 9], [2, 8], [2, 9], [8, 9]].iter().map(|s| numbers(s)).collect();
        let g = graph(&x, |x| {
            let a = x[0].matmul_t(&x[1], true, false)?;
            let b = x[2].matmul_t(&x[3], true, false)?;
            Ok(vec![a.add(&x[4])?.add(&b)?])
        });
        let mut h = g.clone();
        super::run(&mut h);
        assert_eq!(names(&h), ["concat", "concat", "matmul", "add"]);
        super::super::check::same_bits(&g, &h, &x);
    }

    #[test]
    fn large_factors_and_products_that_others_read_stay() {
        let x: Vec<Tensor> = [[50, 3], [50, 4]].iter().map(|s| numbers(s)).collect();
        let mut g = graph(&x, |x| {
            let a = x[0].matmul_t(&x[1], true, false)?;
            let b = x[0].neg()?.matmul_t(&x[1], true, false)?;
            Ok(vec![a.add(&b)?])
        });
        super::run(&mut g);
        assert_eq!(names(&g), ["matmul", "neg", "matmul", "add"], "large");
        let x: Vec<Tensor> = [[2, 30], [2, 40]].iter().map(|s| numbers(s)).collect();
        let mut g = graph(&x, |x| {
            let a = x[0].matmul_t(&x[1], true, false)?;
            let b = x[0].neg()?.matmul_t(&x[1], true, false)?;
            Ok(vec![a.add(&b)?, b])
        });
        super::run(&mut g);
        assert_eq!(names(&g), ["matmul", "neg", "matmul", "add"], "read");
    }
}
