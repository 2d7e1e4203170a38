//! What depends on variables alone is computed once, and again when one of them has changed.
//!
//! Scaled and transposed weights, regularization terms: in evaluation and prediction they are the same at every call, and
//! so are the panels that products pack them into, which lie beside the kept tensors.

use crate::graph::{Graph, Value};
use crate::plan::Plan;
use gradus_tensor::{Result, Tensor};
use std::sync::Mutex;

/// The part of a graph that reads variables and constants only.
pub(crate) struct Kept {
    plan: Plan,
    /// Inputs of the whole graph that this part reads.
    reads: Vec<usize>,
    last: Mutex<Option<Last>>,
}

/// The identities of what was read last, and what came of it.
struct Last {
    ids: Vec<u64>,
    values: Vec<Tensor>,
}

impl Kept {
    /// Cuts a graph in two: what depends on the inputs marked as steady and on no other, and the rest, which takes the
    /// values of the first part as further inputs.
    pub fn split(g: &Graph) -> (Graph, Option<Kept>) {
        let first = g.fixed();
        let mut fixed = vec![false; g.values()];
        for n in g.nodes.iter().zip(&first).filter(|(_, f)| **f).map(|(n, _)| n) {
            n.y.iter().for_each(|&v| fixed[v as usize] = true);
        }
        let read = g.nodes.iter().zip(&first).filter(|(_, f)| !**f).flat_map(|(n, _)| &n.x).chain(&g.outputs);
        let mut handed: Vec<Value> = Vec::new();
        for &v in read.filter(|v| fixed[**v as usize]) {
            if !handed.contains(&v) {
                handed.push(v);
            }
        }
        if handed.is_empty() {
            return (g.clone(), None);
        }
        let part = |want: bool| {
            let nodes = g.nodes.iter().zip(&first).filter(|(_, f)| **f == want);
            let mut part = g.clone();
            part.nodes = nodes.map(|(n, _)| n.clone()).collect();
            part
        };
        let (mut before, mut rest) = (part(true), part(false));
        rest.inputs.extend(&handed);
        let reads: Vec<usize> = (0..g.inputs.len())
            .filter(|&i| before.nodes.iter().any(|n| n.x.contains(&g.inputs[i])))
            .collect();
        before.inputs = reads.iter().map(|&i| g.inputs[i]).collect();
        before.outputs = handed;
        (rest, Some(Kept { plan: Plan::new(&before), reads, last: Mutex::default() }))
    }

    /// The values of this part for the inputs of the whole graph.
    pub fn values(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let read = self.reads.iter().map(|&i| &inputs[i]);
        let mut last = self.last.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(l) = last.as_ref().filter(|l| l.ids.iter().copied().eq(read.clone().map(Tensor::id))) {
            return Ok(l.values.clone());
        }
        // Freed first: the new values may take its memory.
        *last = None;
        let values = self.plan.run(read.clone().cloned().collect())?;
        *last = Some(Last { ids: read.map(Tensor::id).collect(), values: values.clone() });
        Ok(values)
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept({:?} of inputs {:?})", self.plan, self.reads)
    }
}

#[cfg(test)]
mod tests {
    use crate::Trace;
    use gradus_autograd::Variable;
    use gradus_tensor::Tensor;

    #[test]
    fn what_variables_give_is_computed_when_they_change() {
        let w = Variable::new(Tensor::new([1.0f32, 2.0, 3.0]).unwrap());
        let x = Tensor::new([1.0f32, 1.0, 1.0]).unwrap();
        let body = |x: &[Tensor]| {
            let s = w.value().exp()?;
            Ok(vec![x[0].mul(&s)?, s.reduce_sum((), false)?])
        };
        let trace = Trace::of(std::slice::from_ref(&x), body).unwrap();
        let want = |w: &Variable| {
            let s = w.peek().exp().unwrap();
            [x.mul(&s).unwrap(), s.reduce_sum((), false).unwrap()].map(|t| t.to_bytes().unwrap())
        };
        let mut storage = Vec::new();
        for change in [false, false, true, false] {
            if change {
                w.assign_add(&x).unwrap();
            }
            let found = trace.call(std::slice::from_ref(&x)).unwrap();
            assert_eq!(found.iter().map(|t| t.to_bytes().unwrap()).collect::<Vec<_>>(), want(&w));
            storage.push(found[1].id());
        }
        assert!(storage[0] == storage[1] && storage[1] != storage[2] && storage[2] == storage[3]);
    }

    #[test]
    fn what_the_body_itself_assigns_is_not_kept() {
        let n = Variable::new(Tensor::scalar(1.0f32));
        let trace = Trace::of(&[], |_| {
            let y = n.value().exp()?;
            n.assign(&n.value().add(&Tensor::scalar(1.0f32))?)?;
            Ok(vec![y])
        });
        let trace = trace.unwrap();
        for i in 1..4 {
            let want = Tensor::scalar(i as f32).exp().unwrap().to_bytes().unwrap();
            assert_eq!(trace.call(&[]).unwrap()[0].to_bytes().unwrap(), want);
        }
    }
}
