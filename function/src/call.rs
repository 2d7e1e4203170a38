//! A call of a program as one operation, which is what a tape around it notes.

use crate::gradient::Joint;
use crate::program::Program;
use gradus_tensor::attr::Attr;
use gradus_tensor::backward::Backward;
use gradus_tensor::op::Attributes;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{Error, Op, Result, Spec, Specs, Tensor, dispatch, recorder};
use std::sync::Arc;

/// Outputs are the program's results, then the values that its gradient reads.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    joint: Arc<Joint>,
}

impl Attributes for Call {
    /// A graph is not an attribute: two calls are never merged, and a call in a graph is written out inline.
    fn attrs(&self) -> Option<Vec<Attr>> {
        None
    }
    fn boxed(&self) -> Box<dyn Op> {
        Box::new(self.clone())
    }
}

impl Op for Call {
    fn name(&self) -> &'static str {
        "call"
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let g = self.joint.forward.graph();
        if x.len() != g.inputs.len() || x.iter().zip(&g.inputs).any(|(s, &v)| *s != g.spec(v)) {
            return Err(Error::shape("call: the inputs are not those the function was recorded for"));
        }
        Ok(g.outputs.iter().map(|&v| g.spec(v).clone()).collect())
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let x: Vec<Tensor> = x.iter().map(copied).collect::<Result<_>>()?;
        for (t, y) in self.joint.forward.run(&x)?.iter().zip(y) {
            dispatch!(t.dtype(), T: all => { y.as_mut::<T>().copy_from_slice(t.view().as_slice::<T>()) });
        }
        Ok(())
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        self.joint.vjp(cx)
    }
}

/// A tensor with the elements of a view.
pub(crate) fn copied(v: &View<'_>) -> Result<Tensor> {
    Tensor::build(v.spec().clone(), |y| {
        dispatch!(v.dtype(), T: all => { y.as_mut::<T>().copy_from_slice(v.as_slice::<T>()) });
        Ok(())
    })
}

/// Runs a program so that its gradient can be taken, and tells the tapes.
pub(crate) fn taped(program: &Arc<Program>, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    if !inputs.iter().any(|t| t.dtype().is_float() || t.dtype().is_complex()) {
        return program.run(inputs);
    }
    let joint = Joint::of(program, inputs)?;
    let mut y = joint.forward.run(inputs)?;
    // An output may be an input, or stand twice among the outputs; tapes tell values apart by their identity.
    y.iter_mut().for_each(|t| *t = t.fresh());
    let x: Vec<&Tensor> = inputs.iter().collect();
    recorder::record(&Call { joint: joint.clone() }, &x, &y);
    y.truncate(program.graph().outputs.len());
    Ok(y)
}
