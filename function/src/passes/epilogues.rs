//! Folds a bias and an activation into the product or convolution before them: they are applied to its tiles while
//! these are in the cache.

use crate::graph::{Graph, Value};
use gradus_kernels::elementwise::Binary;
use gradus_tensor::Lower;
use smallvec::SmallVec;
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    // Once for the bias, once for the activation behind it.
    for _ in 0..2 {
        absorb(g);
    }
}

fn absorb(g: &mut Graph) {
    let uses = g.uses();
    let maker = g.makers();
    for i in 0..g.nodes.len() {
        let tail = g.nodes[i].op.lower();
        let operands: &[(usize, Option<usize>)] = match &tail {
            Lower::Binary(Binary::Add) => &[(0, Some(1)), (1, Some(0))],
            Lower::Unary(_) => &[(0, None)],
            _ => &[],
        };
        for &(k, other) in operands {
            let v = g.nodes[i].x[k];
            let Some(m) = maker[v as usize].filter(|_| uses[v as usize] == 1) else { continue };
            let before = &g.nodes[m];
            if before.op.lower() != Lower::Contract || before.y.len() != 1 {
                continue;
            }
            let Some(op) = before.op.absorb(before.x.len(), &tail) else { continue };
            let mut x: SmallVec<[Value; 3]> = before.x.clone();
            x.extend(other.map(|o| g.nodes[i].x[o]));
            let y = g.nodes[i].y[0];
            let specs: Vec<_> = x.iter().map(|&v| g.spec(v)).collect();
            if op.infer(&specs).is_ok_and(|s| s.len() == 1 && s[0] == *g.spec(y)) {
                g.nodes[i].op = Arc::from(op);
                g.nodes[i].x = x;
                break;
            }
        }
    }
    super::dead::run(g);
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::Tensor;
    use gradus_tensor::ops::ConvOptions;

    fn numbers(shape: &[usize]) -> Tensor {
        let n: usize = shape.iter().product();
        Tensor::from_vec((0..n).map(|i| (i as f32 * 0.37).sin()).collect(), shape).unwrap()
    }

    #[test]
    fn bias_and_activation_join_the_product() {
        let g = pass(
            super::run,
            &[numbers(&[3, 4]), numbers(&[4, 5]), numbers(&[5])],
            |x| Ok(vec![x[2].add(&x[0].matmul(&x[1])?)?.relu()?]),
            &["matmul", "add", "relu"],
            &["linear"],
        );
        assert_eq!(g.nodes()[0].x[..], [0, 1, 2]);
    }

    #[test]
    fn a_sum_of_products_is_no_bias() {
        pass(
            super::run,
            &[numbers(&[3, 4]), numbers(&[4, 5])],
            |x| {
                let p = x[0].matmul(&x[1])?;
                Ok(vec![p.add(&p)?, x[0].matmul(&x[1])?.relu()?])
            },
            &["matmul", "add", "matmul", "relu"],
            &["matmul", "add", "matmul", "relu"],
        );
    }

    #[test]
    fn and_the_convolution() {
        pass(
            super::run,
            &[numbers(&[2, 5, 5, 3]), numbers(&[3, 3, 3, 4]), numbers(&[4])],
            |x| Ok(vec![x[0].conv2d(&x[1], ConvOptions::default())?.add(&x[2])?.relu()?]),
            &["conv2d", "add", "relu"],
            &["conv2d"],
        );
    }
}
