//! What the tests of passes share: a graph from a closure, and a comparison of outputs.

use crate::graph::Graph;
use crate::program::Program;
use crate::trace::Trace;
use gradus_tensor::{Result, Tensor};

/// The graph of a closure on these inputs.
pub fn graph(inputs: &[Tensor], f: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>) -> Graph {
    Trace::record(inputs, f).unwrap().0.graph().clone()
}

/// Small integers: sums in any order have the same bits.
pub fn numbers(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| (i % 7) as f32 - 3.0).collect(), shape).unwrap()
}

/// Names of the operations in order.
pub fn names(g: &Graph) -> Vec<&'static str> {
    g.nodes.iter().map(|n| n.op.name()).collect()
}

/// Asserts that two graphs give the same bits.
pub fn same_bits(before: &Graph, after: &Graph, inputs: &[Tensor]) {
    let outputs = |g: &Graph| {
        let p = Program::new(g.clone());
        let values = p.values(inputs).unwrap();
        p.graph().outputs().iter().map(|&v| values[v as usize].to_bytes().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(outputs(before), outputs(after));
}

/// Runs one pass and checks names before and after, and that no bit changes.
pub fn pass(
    run: fn(&mut Graph),
    inputs: &[Tensor],
    f: impl FnOnce(&[Tensor]) -> Result<Vec<Tensor>>,
    before: &[&str],
    after: &[&str],
) -> Graph {
    let g = graph(inputs, f);
    assert_eq!(names(&g), before, "before");
    let mut h = g.clone();
    run(&mut h);
    super::dead::run(&mut h);
    assert_eq!(names(&h), after, "after");
    same_bits(&g, &h, inputs);
    h
}
