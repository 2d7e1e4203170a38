//! A sum of products is one product: `A1 B1 + A2 B2 = [A1 A2] [B1; B2]`.
//!
//! The gradient of a weight that is used at every step of a sequence is such a sum. Its products are as large as the
//! weight, their factors as small as a batch, so joining the factors moves less memory than adding the products up, and
//! one long product runs at the speed of the machine where many short ones do not.
//!
//! The columns of such factors are summed at once as well: the gradient of a bias beside that of its weight. And factors
//! that are the parts of one value, one after the other, are that value.
//!
//! The terms are summed in another order.

use super::common_subexpressions::signature;
use crate::graph::{Graph, Node, Value};
use gradus_kernels::elementwise::Binary;
use gradus_kernels::expr::Closing;
use gradus_tensor::ops::{Add, Concat, Reshape};
use gradus_tensor::{Lower, Shape, Spec};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    let sums = Sums::of(g);
    let mut nodes = Vec::with_capacity(g.nodes.len());
    for (i, n) in std::mem::take(&mut g.nodes).into_iter().enumerate() {
        match sums.joined.get(&i) {
            Some(sum) => rewrite(g, &mut nodes, &sums.parts, sum, n.y[0]),
            None => nodes.push(n),
        }
    }
    g.nodes = nodes;
    super::dead::run(g);
}

/// A product, or a sum over rows with what shapes it.
type Term = SmallVec<[Node; 2]>;

/// A sum with terms that are worth joining.
struct Sum {
    /// Terms that stay as they are.
    rest: Vec<Value>,
    /// Terms of one kind each, in the order in which their factors were made.
    groups: Vec<Vec<Term>>,
}

/// The sums of a graph by the node that adds the last term.
struct Sums {
    joined: HashMap<usize, Sum>,
    /// The value that each is a part of, and where it starts.
    parts: Vec<(Value, usize)>,
}

impl Sums {
    fn of(g: &Graph) -> Sums {
        let uses = g.uses();
        let maker = g.makers();
        let mut reader: Vec<Option<usize>> = vec![None; g.values()];
        for (i, n) in g.nodes.iter().enumerate() {
            n.x.iter().for_each(|&v| reader[v as usize] = Some(i));
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
            let once = |v: Value| maker[v as usize].map(|m| &g.nodes[m]).filter(|_| uses[v as usize] == 1);
            let product = |v: Value| -> Option<(Vec<u8>, Term)> {
                let n = once(v)?;
                let plain = n.x.len() == 2 && n.x.iter().all(|&v| g.spec(v).shape.rank() == 2);
                (plain && n.op.summed().is_some()).then_some((signature(&*n.op)?, smallvec![n.clone()]))
            };
            let rows = |v: Value| -> Option<(Vec<u8>, Term)> {
                let mut term: Term = smallvec![once(v)?.clone()];
                let mut key = signature(&*term[0].op)?;
                if term[0].op.lower() == Lower::Alias {
                    let n = once(term[0].x[0])?;
                    key.extend(signature(&*n.op)?);
                    term.insert(0, n.clone());
                }
                let n = &term[0];
                let sum = Lower::Reduce(Closing::Sum, smallvec![0]);
                (n.op.lower() == sum && g.spec(n.x[0]).shape.rank() == 2).then_some((key, term))
            };
            let mut groups: Vec<(Vec<u8>, Vec<Term>)> = Vec::new();
            let mut rest = Vec::new();
            for v in terms {
                match product(v).or_else(|| rows(v)) {
                    None => rest.push(v),
                    Some((key, term)) => match groups.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, group)) => group.push(term),
                        None => groups.push((key, vec![term])),
                    },
                }
            }
            joined.insert(i, Sum { rest, groups: groups.into_iter().map(|(_, group)| group).collect() });
        }
        let mut sums = Sums { joined, parts: parts(g) };
        sums.choose(g);
        sums
    }

    /// Keeps the groups that are worth joining, and brings them in order.
    fn choose(&mut self, g: &Graph) {
        let products = |group: &[Term]| group[0][0].op.summed().is_some();
        // Rows that products put together anyway: the set, and the order they are put in.
        let mut together: HashMap<Vec<Value>, Vec<Value>> = HashMap::new();
        for sum in self.joined.values_mut() {
            for group in sum.groups.iter_mut().filter(|group| products(group) && pays(g, group)) {
                // By the place in what they are parts of, or in the order in which they were made.
                group.sort_by_key(|t| t[0].x[0]);
                let root = self.parts[group[0][0].x[0] as usize].0;
                if group.iter().all(|t| self.parts[t[0].x[0] as usize].0 == root) {
                    group.sort_by_key(|t| self.parts[t[0].x[0] as usize].1);
                }
                for (k, axis) in group[0][0].op.summed().into_iter().flatten().enumerate() {
                    let order: Vec<Value> = group.iter().map(|t| t[0].x[k]).collect();
                    let mut set = order.clone();
                    set.sort_unstable();
                    if axis == -2 {
                        together.insert(set, order);
                    }
                }
            }
        }
        for sum in self.joined.values_mut() {
            let (worth, not): (Vec<_>, Vec<_>) =
                std::mem::take(&mut sum.groups).into_iter().partition(|group| {
                    let mut set: Vec<Value> = group.iter().map(|t| t[0].x[0]).collect();
                    set.sort_unstable();
                    if products(group) {
                        pays(g, group)
                    } else {
                        group.len() > 1 && together.contains_key(&set)
                    }
                });
            sum.rest.extend(not.iter().flatten().filter_map(|t| t.last()).map(|n| n.y[0]));
            sum.groups = worth;
            for group in sum.groups.iter_mut().filter(|group| !products(group)) {
                let mut set: Vec<Value> = group.iter().map(|t| t[0].x[0]).collect();
                set.sort_unstable();
                if let Some(order) = together.get(&set) {
                    group.sort_by_key(|t| order.iter().position(|v| *v == t[0].x[0]));
                }
            }
        }
        self.joined.retain(|_, sum| !sum.groups.is_empty());
    }
}

/// The value that each value is a part of, and where it starts.
fn parts(g: &Graph) -> Vec<(Value, usize)> {
    let mut part: Vec<(Value, usize)> = (0..g.values() as Value).map(|v| (v, 0)).collect();
    for n in &g.nodes {
        let specs: SmallVec<[&Spec; 4]> = n.x.iter().map(|&v| g.spec(v)).collect();
        if let (Some(at), [y]) = (n.op.alias(&specs), &n.y[..]) {
            let (root, from) = part[n.x[0] as usize];
            part[*y as usize] = (root, from + at);
        }
    }
    part
}

/// Copying the factors together must move less than adding the products up does.
fn pays(g: &Graph, products: &[Term]) -> bool {
    let factors: usize = products.iter().flat_map(|t| &t[0].x).map(|&v| g.spec(v).len()).sum();
    products.len() > 1 && factors <= (products.len() - 1) * g.spec(products[0][0].y[0]).len()
}

fn rewrite(g: &mut Graph, nodes: &mut Vec<Node>, parts: &[(Value, usize)], sum: &Sum, y: Value) {
    let mut terms = sum.rest.clone();
    for group in &sum.groups {
        let first = &group[0][0];
        let axes: SmallVec<[usize; 2]> = match first.op.summed() {
            Some(axes) => axes.iter().map(|a| (2 + a) as usize).collect(),
            None => smallvec![0],
        };
        let x = axes.into_iter().enumerate().map(|(k, axis)| {
            let factors: SmallVec<[Value; 3]> = group.iter().map(|t| t[0].x[k]).collect();
            join(g, nodes, parts, factors, axis)
        });
        let mut x: SmallVec<[Value; 3]> = x.collect();
        for n in &group[0] {
            let made = g.value(g.spec(n.y[0]).clone());
            nodes.push(Node { op: n.op.clone(), x, y: smallvec![made] });
            x = smallvec![made];
        }
        terms.push(x[0]);
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
fn join(
    g: &mut Graph,
    nodes: &mut Vec<Node>,
    parts: &[(Value, usize)],
    factors: SmallVec<[Value; 3]>,
    axis: usize,
) -> Value {
    let size = factors.iter().map(|&v| g.spec(v).shape[axis]).sum();
    let first = g.spec(factors[0]);
    let spec = Spec::new(first.dtype, first.shape.replaced(axis, size));
    let (root, shape) = (parts[factors[0] as usize].0, spec.shape.clone());
    let mut next = 0;
    let whole = factors.iter().all(|&v| {
        let fits = parts[v as usize] == (root, next);
        next += g.spec(v).len();
        fits
    });
    let made = g.value(spec);
    let node = if axis == 0 && whole && next == g.spec(root).len() {
        Node { op: reshape(shape), x: smallvec![root], y: smallvec![made] }
    } else {
        Node { op: Arc::new(Concat { axis }), x: factors, y: smallvec![made] }
    };
    nodes.push(node);
    made
}

fn reshape(shape: Shape) -> Arc<dyn gradus_tensor::Op> {
    Arc::new(Reshape { shape })
}

#[cfg(test)]
mod tests {
    use super::super::check::{graph, names, numbers};
    use gradus_tensor::Tensor;

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
    fn parts_of_one_value_and_columns_of_the_same_factors() {
        let x = [numbers(&[6, 8]), numbers(&[2, 9]), numbers(&[2, 9]), numbers(&[2, 9])];
        let g = graph(&x, |x| {
            let part = |i: isize| x[0].slice(gradus_tensor::s![2 * i..2 * i + 2]);
            // As a backward pass adds them up: the last step first.
            let mut w = part(2)?.matmul_t(&x[3], true, false)?;
            let mut b = x[3].reduce_sum(0, true)?.reshape([9])?;
            for i in [1, 0] {
                w = w.add(&part(i)?.matmul_t(&x[1 + i as usize], true, false)?)?;
                b = b.add(&x[1 + i as usize].reduce_sum(0, true)?.reshape([9])?)?;
            }
            Ok(vec![w, b])
        });
        let mut h = g.clone();
        super::run(&mut h);
        super::super::common_subexpressions::run(&mut h);
        assert_eq!(names(&h), ["reshape", "concat", "matmul", "reduce_sum", "reshape"]);
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
