//! Carries out operations on constants once and for all.
//!
//! The operation's own kernel computes the constant, so no bit changes. Results that are large and made from little
//! (filled tensors, ranges) stay operations.

use crate::graph::Graph;
use gradus_tensor::Tensor;
use gradus_tensor::op::apply;

/// Elements up to which a result becomes a constant whatever it is made from.
const SMALL: usize = 1024;

pub(super) fn run(g: &mut Graph) {
    let mut known: Vec<Option<Tensor>> = vec![None; g.values()];
    g.constants.iter().for_each(|(v, t)| known[*v as usize] = Some(t.clone()));
    let mut found = Vec::new();
    g.nodes.retain(|n| {
        let x: Option<Vec<&Tensor>> = n.x.iter().map(|&v| known[v as usize].as_ref()).collect();
        let Some(x) = x else { return true };
        let made: usize = n.y.iter().map(|&v| g.specs[v as usize].len()).sum();
        let from: usize = x.iter().map(|t| t.len()).sum();
        if made > from.max(if n.x.is_empty() { 1 } else { SMALL }) {
            return true;
        }
        // An operation that fails does so at every call; there it is reported.
        let Ok(y) = apply(&*n.op, &x) else { return true };
        for (&v, t) in n.y.iter().zip(y) {
            found.push((v, t.clone()));
            known[v as usize] = Some(t);
        }
        false
    });
    g.constants.extend(found);
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::{DType, Tensor};

    #[test]
    fn constants_meet_once() {
        let x = Tensor::new([1.0f32, 2.0]).unwrap();
        pass(
            super::run,
            &[x],
            |x| {
                let half = Tensor::scalar(1.0f32).div(&Tensor::scalar(3.0f32))?;
                let big = Tensor::zeros([5000], DType::F32)?;
                Ok(vec![x[0].mul(&half.exp()?)?, big])
            },
            &["div", "fill", "exp", "mul"],
            &["fill", "mul"],
        );
    }
}
