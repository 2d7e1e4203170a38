//! The operations behind [`cond`](crate::cond) and [`while_loop`](crate::while_loop), with their gradients.

use crate::call::copied;
use crate::gradient;
use crate::program::Program;
use gradus_tensor::attr::Attr;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::{Attributes, apply};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, Op, Result, Spec, Specs, Tensor, dispatch};
use std::sync::Arc;

/// Inputs: the condition, then what either branch needs. Both branches take and give the same.
#[derive(Clone, Debug)]
pub(crate) struct Cond {
    pub then: Arc<Program>,
    pub otherwise: Arc<Program>,
}

/// Inputs: the state, then what condition and body need. Outputs: the last state.
#[derive(Clone, Debug)]
pub(crate) struct While {
    pub condition: Arc<Program>,
    pub body: Arc<Program>,
    pub state: usize,
}

/// The gradient of a loop. Inputs: gradients of the last state, then the loop's inputs. Outputs: gradients of those
/// inputs that are wanted.
#[derive(Clone, Debug)]
struct WhileGrad {
    of: While,
    /// Gradients of the body's inputs from those of its outputs and its inputs.
    back: Arc<Program>,
    /// Outputs of the body that carry a gradient, and inputs that want one.
    arrives: Vec<bool>,
    wants: Vec<bool>,
}

macro_rules! opaque {
    ($($t:ident)*) => {$(
        impl Attributes for $t {
            /// Graphs are not attributes: such operations are neither merged nor exported.
            fn attrs(&self) -> Option<Vec<Attr>> {
                None
            }
            fn boxed(&self) -> Box<dyn Op> {
                Box::new(self.clone())
            }
        }
    )*};
}
opaque!(Cond While WhileGrad);

fn outputs(p: &Program) -> Specs {
    p.graph().outputs().iter().map(|&v| p.graph().spec(v).clone()).collect()
}

fn expect(name: &str, p: &Program, x: &[&Spec]) -> Result<()> {
    let g = p.graph();
    if x.len() == g.inputs().len() && x.iter().zip(g.inputs()).all(|(s, &v)| *s == g.spec(v)) {
        return Ok(());
    }
    Err(Error::shape(format!("{name}: the inputs are not those it was recorded for")))
}

fn tensors(x: &[View<'_>]) -> Result<Vec<Tensor>> {
    x.iter().map(copied).collect()
}

fn store(found: &[Tensor], y: &mut [ViewMut<'_>]) {
    for (t, y) in found.iter().zip(y) {
        dispatch!(t.dtype(), T: all => { y.as_mut::<T>().copy_from_slice(t.view().as_slice::<T>()) });
    }
}

fn is_float(s: &Spec) -> bool {
    s.dtype.is_float() || s.dtype.is_complex()
}

impl Op for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        expect("cond", &self.then, &x[1..])?;
        Ok(outputs(&self.then))
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let taken = if x[0].as_slice::<bool>()[0] { &self.then } else { &self.otherwise };
        store(&taken.run(&tensors(&x[1..])?)?, y);
        Ok(())
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let n = cx.inputs() - 1;
        let inputs: Vec<Tensor> = (0..n).map(|i| cx.x(i + 1).clone()).collect();
        let wants: Vec<bool> = (0..n).map(|i| cx.needs(i + 1) && is_float(inputs[i].spec())).collect();
        let count = self.then.graph().outputs().len();
        let arrives: Vec<bool> = (0..count).map(|k| cx.dy_opt(k).is_some()).collect();
        let then = gradient::recomputed(&self.then, &inputs, &arrives, &wants)?;
        let otherwise = gradient::recomputed(&self.otherwise, &inputs, &arrives, &wants)?;
        let dy: Vec<Tensor> = (0..count).filter_map(|k| cx.dy_opt(k).cloned()).collect();
        let x: Vec<&Tensor> = std::iter::once(cx.x(0)).chain(&dy).chain(&inputs).collect();
        let grads = apply(&Cond { then, otherwise }, &x)?;
        for (i, g) in (0..n).filter(|&i| wants[i]).zip(grads) {
            cx.give(i + 1, g)?;
        }
        Ok(())
    }
}

impl While {
    /// Every state from the first to the last.
    fn states(&self, x: &[Tensor], mut seen: impl FnMut(&[Tensor])) -> Result<Vec<Tensor>> {
        let mut all = x.to_vec();
        loop {
            seen(&all[..self.state]);
            if !self.condition.run(&all)?[0].view().as_slice::<bool>()[0] {
                all.truncate(self.state);
                return Ok(all);
            }
            let next = self.body.run(&all)?;
            all.splice(..self.state, next);
        }
    }
}

impl Op for While {
    fn name(&self) -> &'static str {
        "while_loop"
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        expect("while_loop", &self.body, x)?;
        Ok(outputs(&self.body))
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        store(&self.states(&tensors(x)?, |_| ())?, y);
        Ok(())
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let inputs: Vec<Tensor> = (0..cx.inputs()).map(|i| cx.x(i).clone()).collect();
        let wants: Vec<bool> = inputs.iter().map(|t| is_float(t.spec())).collect();
        let arrives: Vec<bool> = wants[..self.state].to_vec();
        let back = gradient::recomputed(&self.body, &inputs, &arrives, &wants)?;
        let dy: Vec<Tensor> =
            (0..self.state).filter(|&k| arrives[k]).map(|k| cx.dy(k)).collect::<Result<_>>()?;
        let op = WhileGrad { of: self.clone(), back, arrives, wants: wants.clone() };
        let x: Vec<&Tensor> = dy.iter().chain(&inputs).collect();
        let grads = apply(&op, &x)?;
        for (i, g) in (0..inputs.len()).filter(|&i| wants[i]).zip(grads) {
            cx.give(i, g)?;
        }
        Ok(())
    }
}

impl Op for WhileGrad {
    fn name(&self) -> &'static str {
        "while_loop_grad"
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let dy = self.arrives.iter().filter(|a| **a).count();
        expect("while_loop_grad", &self.of.body, x.get(dy..).unwrap_or_default())?;
        Ok(x[dy..].iter().zip(&self.wants).filter(|(_, w)| **w).map(|(s, _)| (*s).clone()).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let x = tensors(x)?;
        let n = self.arrives.iter().filter(|a| **a).count();
        let (dy, inputs) = x.split_at(n);
        let mut states: Vec<Vec<Tensor>> = Vec::new();
        self.of.states(inputs, |s| states.push(s.to_vec()))?;
        // The last state made nothing.
        states.pop();
        let around = &inputs[self.of.state..];
        let mut grads = dy.to_vec();
        let mut sums: Vec<Option<Tensor>> =
            vec![None; self.wants[self.of.state..].iter().filter(|w| **w).count()];
        while let Some(state) = states.pop() {
            let all: Vec<Tensor> = grads.iter().chain(&state).chain(around).cloned().collect();
            let mut found = self.back.run(&all)?;
            let fixed = found.split_off(n);
            grads = found;
            for (sum, g) in sums.iter_mut().zip(fixed) {
                *sum = Some(match sum.take() {
                    None => g,
                    Some(s) => gradus_tensor::recorder::suspended(|| s.add(&g))?,
                });
            }
        }
        let zeros = inputs[self.of.state..].iter().zip(&self.wants[self.of.state..]).filter(|(_, w)| **w);
        for (sum, (t, _)) in sums.into_iter().zip(zeros) {
            let zero = || gradus_tensor::recorder::suspended(|| t.zeros_like());
            grads.push(sum.map_or_else(zero, Ok)?);
        }
        store(&grads, y);
        Ok(())
    }
    fn differentiable(&self) -> bool {
        false
    }
}
