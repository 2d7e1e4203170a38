//! Products of transposed matrices take the transpose as a flag: nothing is copied.
//!
//! The product sums the same terms in the order of its kernel for that flag.

use crate::graph::Graph;
use gradus_tensor::Lower;
use std::sync::Arc;

/// True for an order of axes that swaps the last two and keeps the others.
fn swaps_last(perm: &[usize]) -> bool {
    let n = perm.len();
    n >= 2 && perm[n - 2..] == [n - 1, n - 2] && perm[..n - 2].iter().enumerate().all(|(i, &p)| i == p)
}

pub(super) fn run(g: &mut Graph) {
    let maker = g.makers();
    for i in 0..g.nodes.len() {
        if g.nodes[i].op.lower() == Lower::Contract {
            for k in 0..g.nodes[i].x.len() {
                let Some(before) = maker[g.nodes[i].x[k] as usize].map(|m| &g.nodes[m]) else { continue };
                let Lower::Transpose(perm) = before.op.lower() else { continue };
                let Some(op) = g.nodes[i].op.transposed(k).filter(|_| swaps_last(&perm)) else { continue };
                let from = before.x[0];
                g.nodes[i].op = Arc::from(op);
                g.nodes[i].x[k] = from;
            }
        }
    }
    super::dead::run(g);
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::Tensor;

    #[test]
    fn a_transpose_becomes_a_flag() {
        let x = Tensor::from_vec((0..12).map(f64::from).collect(), [3, 4]).unwrap();
        let g = pass(
            super::run,
            &[x],
            |x| {
                let t = x[0].t()?;
                Ok(vec![t.matmul(&x[0])?, x[0].matmul(&t)?])
            },
            &["transpose", "matmul", "matmul"],
            &["matmul", "matmul"],
        );
        assert_eq!(g.nodes()[0].x[..], [0, 0]);
    }
}
