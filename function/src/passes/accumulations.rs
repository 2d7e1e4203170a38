//! Adds a product up in what it is added to: `c + a b` becomes one operation, with a bias and an activation behind it.
//!
//! The gates of a recurrent layer are such sums: the product of the state is added to the inputs' part. Where elementwise
//! operations go on with the sum, they take the addition along and nothing is gained.
//!
//! The terms are summed in another order.

use crate::graph::{Graph, Node, Value};
use gradus_kernels::elementwise::Binary;
use gradus_tensor::Lower;
use smallvec::SmallVec;
use std::sync::Arc;

fn is_add(n: &Node) -> bool {
    n.op.lower() == Lower::Binary(Binary::Add)
}

fn elementwise(n: &Node) -> bool {
    use Lower::{Binary, Broadcast, Cast, Compare, Select, Test, Unary};
    let lower = n.op.lower();
    matches!(lower, Unary(_) | Binary(_) | Compare(_) | Test(_) | Select | Cast | Broadcast)
}

pub(super) fn run(g: &mut Graph) {
    let uses = g.uses();
    let maker = g.makers();
    let mut readers: Vec<SmallVec<[usize; 2]>> = vec![SmallVec::new(); g.values()];
    for (i, n) in g.nodes.iter().enumerate() {
        n.x.iter().for_each(|&v| readers[v as usize].push(i));
    }
    // The only node that reads a value, which leaves nowhere else.
    let only = |v: Value| match readers[v as usize][..] {
        [r] if uses[v as usize] == 1 => Some(r),
        _ => None,
    };
    for i in 0..g.nodes.len() {
        let n = &g.nodes[i];
        if !is_add(n) || n.x.iter().any(|&v| g.spec(v) != g.spec(n.y[0])) {
            continue;
        }
        for (k, other) in [(0, 1), (1, 0)] {
            let (product, addend) = (n.x[k], n.x[other]);
            let Some(m) = maker[product as usize].filter(|_| only(product) == Some(i)) else { continue };
            let before = &g.nodes[m];
            let Some(op) = before.op.accumulating().filter(|_| before.y.len() == 1) else { continue };
            // What makes the addend element by element makes the sum as well.
            if maker[addend as usize].is_some_and(|a| elementwise(&g.nodes[a]) && only(addend) == Some(i)) {
                continue;
            }
            let mut x: SmallVec<[Value; 3]> = before.x.clone();
            let mut last = i;
            if let Some((r, bias)) = only(n.y[0]).and_then(|r| bias(g, r, n.y[0])).filter(|_| x.len() == 2) {
                x.push(bias);
                last = r;
            }
            x.push(addend);
            let y = g.nodes[last].y[0];
            let goes_on = readers[y as usize].iter().all(|&r| elementwise(&g.nodes[r]));
            let leaves = uses[y as usize] as usize > readers[y as usize].len();
            let specs: SmallVec<[_; 4]> = x.iter().map(|&v| g.spec(v)).collect();
            let fits = op.infer(&specs).is_ok_and(|s| s.len() == 1 && s[0] == *g.spec(y));
            drop(specs);
            if fits && (leaves || !goes_on) {
                g.nodes[last].op = Arc::from(op);
                g.nodes[last].x = x;
                break;
            }
        }
    }
    super::dead::run(g);
}

/// The vector that node r adds to the rows of v.
fn bias(g: &Graph, r: usize, v: Value) -> Option<(usize, Value)> {
    let n = &g.nodes[r];
    if !is_add(n) || g.spec(n.y[0]) != g.spec(v) {
        return None;
    }
    let other = *n.x.iter().find(|&&x| x != v)?;
    let vector = g.spec(other).shape.rank() == 1 && g.spec(v).shape.last() == g.spec(other).shape.last();
    vector.then_some((r, other))
}

#[cfg(test)]
mod tests {
    use super::super::check::{numbers, pass};

    #[test]
    fn a_product_is_added_up_in_the_other_term() {
        let x = [numbers(&[3, 5]), numbers(&[3, 4]), numbers(&[4, 5]), numbers(&[5])];
        pass(
            super::run,
            &x,
            |x| {
                let gates = x[0].add(&x[1].matmul(&x[2])?)?.add(&x[3])?;
                let mut all = gates.split(5, -1)?;
                all.push(x[1].matmul(&x[2])?.add(&x[0])?);
                Ok(all)
            },
            &["matmul", "add", "add", "split", "matmul", "add"],
            &["linear_add", "split", "linear_add"],
        );
    }

    #[test]
    fn not_where_elementwise_operations_go_on() {
        let x = [numbers(&[3, 5]), numbers(&[3, 4]), numbers(&[4, 5])];
        pass(
            super::run,
            &x,
            |x| Ok(vec![x[0].add(&x[1].matmul(&x[2])?)?.tanh()?, x[1].matmul(&x[2])?.add(&x[0].exp()?)?]),
            &["matmul", "add", "tanh", "matmul", "exp", "add"],
            &["matmul", "add", "tanh", "matmul", "exp", "add"],
        );
    }
}
