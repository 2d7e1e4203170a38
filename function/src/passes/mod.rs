//! Simplification: a graph in, a smaller one with the same outputs out.
//!
//! Every pass is a function over the graph that knows no operation by name; operations describe themselves
//! ([`Lower`](gradus_tensor::Lower), attributes, `absorb`, `transposed`, `summed`). All but eight keep every bit:
//! [`transposes`], [`accumulations`], [`epilogues`], [`scales`], [`sums_of_products`], [`shared_factors`], [`rows`] and,
//! where a reduction closes a large group, [`fuse`] may sum in another order (within 4 ulp of the sum of magnitudes).

mod accumulations;
mod common_subexpressions;
mod dead;
mod epilogues;
mod fold;
mod fuse;
mod identities;
mod normalizations;
mod order;
mod rows;
mod scales;
mod shared_factors;
mod sums_of_products;
mod transposes;

use crate::graph::Graph;

/// A pass with its name.
pub(crate) struct Pass {
    /// The name in reports.
    pub name: &'static str,
    /// Rewrites the graph.
    pub run: fn(&mut Graph),
}

/// The passes in the order in which they are made. What one leaves unused the next removal of dead nodes takes.
pub(crate) const PASSES: &[Pass] = &[
    Pass { name: "dead nodes", run: dead::run },
    Pass { name: "constant folding", run: fold::run },
    Pass { name: "common subexpressions", run: common_subexpressions::run },
    Pass { name: "identities", run: identities::run },
    Pass { name: "transposes into products", run: transposes::run },
    Pass { name: "sums of products", run: sums_of_products::run },
    Pass { name: "shared factors", run: shared_factors::run },
    Pass { name: "scales into weights", run: scales::run },
    Pass { name: "accumulations", run: accumulations::run },
    Pass { name: "epilogues", run: epilogues::run },
    Pass { name: "normalizations", run: normalizations::run },
    Pass { name: "constant folding", run: fold::run },
    Pass { name: "common subexpressions", run: common_subexpressions::run },
    Pass { name: "dead nodes", run: dead::run },
    Pass { name: "row ranges", run: rows::run },
    Pass { name: "fusion", run: fuse::run },
    Pass { name: "dead nodes", run: dead::run },
];

/// What a pass did to the number of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassReport {
    /// The pass.
    pub name: &'static str,
    /// Nodes before it.
    pub before: usize,
    /// Nodes after it.
    pub after: usize,
}

pub(crate) use dead::run as tidy;

/// Every pass in order.
pub(crate) fn simplify(graph: &Graph) -> (Graph, Vec<PassReport>) {
    let mut g = graph.clone();
    let mut reports = Vec::with_capacity(PASSES.len());
    for p in PASSES {
        let before = g.nodes.len();
        (p.run)(&mut g);
        reports.push(PassReport { name: p.name, before, after: g.nodes.len() });
    }
    (g, reports)
}

#[cfg(test)]
pub(crate) mod check;
