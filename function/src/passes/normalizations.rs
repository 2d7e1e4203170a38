//! Takes the activation behind a batch normalization into it, and its slope into the gradient.
//!
//! Forward, the activation is applied where the normalized image is written; backward, the gradient is masked where sums
//! and gradient read it. Each saves a pass over memory that reads an image and writes one.

use crate::graph::{Graph, Value};
use gradus_tensor::Lower;
use std::sync::Arc;

pub(super) fn run(g: &mut Graph) {
    activations(g);
    slopes(g);
    super::dead::run(g);
}

/// The node that makes v, if v is the first of several outputs.
fn first_of_several(g: &Graph, maker: &[Option<usize>], v: Value) -> Option<usize> {
    maker[v as usize].filter(|&m| g.nodes[m].y.len() > 1 && g.nodes[m].y[0] == v)
}

fn activations(g: &mut Graph) {
    let (uses, maker) = (g.uses(), g.makers());
    for i in 0..g.nodes.len() {
        let tail = g.nodes[i].op.lower();
        let Lower::Unary(_) = tail else { continue };
        let v = g.nodes[i].x[0];
        let Some(m) = first_of_several(g, &maker, v).filter(|_| uses[v as usize] == 1) else { continue };
        if let Some(op) = g.nodes[m].op.absorb(g.nodes[m].x.len(), &tail) {
            // The two change their first outputs: where the statistics are made, everything is; what is left of the
            // activation nobody reads.
            let y = g.nodes[i].y[0];
            g.nodes[m].op = Arc::from(op);
            g.nodes[m].y[0] = y;
            g.nodes[i].x[0] = y;
            g.nodes[i].y[0] = v;
        }
    }
}

fn slopes(g: &mut Graph) {
    let (uses, maker) = (g.uses(), g.makers());
    for i in 0..g.nodes.len() {
        let Some(&dy) = g.nodes[i].x.first() else { continue };
        let Some(s) = maker[dy as usize].filter(|_| uses[dy as usize] == 1) else { continue };
        let &[above, at] = &g.nodes[s].x[..] else { continue };
        let Some(forward) = first_of_several(g, &maker, at) else { continue };
        let (gradient, forward) = (&g.nodes[i], &g.nodes[forward]);
        // The statistics tell that this is the gradient of that operation.
        let (Some(&x), Some(&last)) = (forward.x.first(), forward.x.last()) else { continue };
        let reads = |v: &Value| gradient.x[1..].contains(v);
        if g.spec(above) != g.spec(dy) || !reads(&x) || !forward.y[1..].iter().all(reads) {
            continue;
        }
        let Some(op) = gradient.op.below(&g.nodes[s].op.lower(), &*forward.op) else { continue };
        let n = &mut g.nodes[i];
        n.op = Arc::from(op);
        n.x[0] = above;
        n.x.push(last);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{numbers, pass};
    use gradus_autograd::GradientTape;
    use gradus_tensor::{Result, Tensor};

    fn step(x: &[Tensor], activation: fn(&Tensor) -> Result<Tensor>) -> Result<Vec<Tensor>> {
        let tape = GradientTape::persistent();
        x[..3].iter().try_for_each(|t| tape.watch(t))?;
        let (y, mean, variance) = x[0].batch_norm(&x[1], &x[2], 1e-3)?;
        let z = activation(&y)?;
        let loss = z.mul(&x[3])?.reduce_sum((), false)?;
        let mut out = vec![z, mean, variance];
        for of in &x[..3] {
            out.push(tape.gradient(&loss, of)?);
        }
        Ok(out)
    }

    #[test]
    fn an_activation_joins_the_normalization_both_ways() {
        for (activation, name) in
            [(Tensor::relu as fn(&Tensor) -> Result<Tensor>, "relu"), (Tensor::relu6, "relu6")]
        {
            for shape in [[4, 3], [100, 24], [70, 96], [5, 300]] {
                let n = shape[1];
                let x = [numbers(&shape), numbers(&[n]), numbers(&[n]), numbers(&shape)];
                let g = super::super::check::graph(&x, |x| step(x, activation));
                let mut h = g.clone();
                super::run(&mut h);
                let names = super::super::check::names(&h);
                assert!(
                    names.contains(&"activated_batch_norm") && names.contains(&"activated_batch_norm_grad"),
                    "{name}: {names:?}"
                );
                assert!(!names.iter().any(|n| n.starts_with("relu")), "{names:?}");
                super::super::check::same_bits(&g, &h, &x);
            }
        }
    }

    #[test]
    fn a_normalized_image_that_others_read_stays() {
        pass(
            super::run,
            &[numbers(&[6, 3]), numbers(&[3]), numbers(&[3])],
            |x| {
                let (y, ..) = x[0].batch_norm(&x[1], &x[2], 1e-3)?;
                Ok(vec![y.relu()?, y])
            },
            &["batch_norm", "relu"],
            &["batch_norm", "relu"],
        );
    }
}
