//! Removes nodes that no output needs, and constants and numbers that nothing refers to.

use crate::graph::{Graph, Value};

pub(crate) fn run(g: &mut Graph) {
    let mut live = vec![false; g.values()];
    g.outputs.iter().for_each(|&v| live[v as usize] = true);
    let mut keep = vec![false; g.nodes.len()];
    for (i, n) in g.nodes.iter().enumerate().rev() {
        keep[i] = n.y.iter().any(|&v| live[v as usize]);
        if keep[i] {
            n.x.iter().chain(&n.y).for_each(|&v| live[v as usize] = true);
        }
    }
    let mut keep = keep.into_iter();
    g.nodes.retain(|_| keep.next().unwrap_or(true));
    g.constants.retain(|(v, _)| live[*v as usize]);
    // Inputs stay: they are given at every call, needed or not.
    g.inputs.iter().for_each(|&v| live[v as usize] = true);
    let mut to: Vec<Value> = vec![0; live.len()];
    let mut specs = Vec::new();
    for (v, _) in live.iter().enumerate().filter(|(_, l)| **l) {
        to[v] = specs.len() as Value;
        specs.push(g.specs[v].clone());
    }
    g.specs = specs;
    let numbers = g.nodes.iter_mut().flat_map(|n| n.x.iter_mut().chain(&mut n.y));
    let numbers =
        numbers.chain(&mut g.inputs).chain(&mut g.outputs).chain(g.constants.iter_mut().map(|(v, _)| v));
    numbers.for_each(|v| *v = to[*v as usize]);
}

#[cfg(test)]
mod tests {
    use super::super::check::pass;
    use gradus_tensor::Tensor;

    #[test]
    fn what_no_output_needs_goes() {
        let x = Tensor::new([1.0f32, 2.0]).unwrap();
        let g = pass(
            super::run,
            &[x.clone(), x],
            |x| {
                let _unused = x[0].exp()?.mul(&x[1])?;
                Ok(vec![x[0].neg()?])
            },
            &["exp", "mul", "neg"],
            &["neg"],
        );
        assert_eq!((g.values(), g.inputs().len()), (3, 2));
    }
}
