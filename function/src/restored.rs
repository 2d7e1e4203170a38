//! A function that was exported, to be called without the code that made it.

use crate::arguments::Argument;
use crate::export::Exported;
use crate::family::Family;
use crate::fused::Fused;
use crate::signature::{self, InputSpec};
use crate::trace::Trace;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Registry, Result, Tensor};
use std::sync::Arc;

/// A function from a file: a graph with variables of its own, for one list of shapes or for every size of the unknown
/// dimensions of its signature.
///
/// ```
/// use gradus_function::{Exported, InputSpec, Restored};
/// use gradus_tensor::{DType, Registry, Tensor};
/// let rows = [InputSpec::new(DType::F32, [None, Some(2)])];
/// let data = Exported::of(&rows, |x| Ok(vec![x[0].reduce_sum(1, false)?]))?;
/// let f = Restored::import(&data, &Registry::builtin())?;
/// assert_eq!(f.call(&[Tensor::new([[1.0f32, 2.0]])?])?[0].to_vec::<f32>()?, [3.0]);
/// assert_eq!(f.call(&[Tensor::ones([5, 2], DType::F32)?])?[0].shape().dims(), [5]);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct Restored {
    signature: Vec<InputSpec>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    One(Arc<Trace>),
    All(Box<Family>),
}

impl Restored {
    /// The function that was exported. Operations are made by `registry`.
    ///
    /// Errors, naming the place, for anything that does not fit; nothing in the data is trusted.
    pub fn import(data: &Exported, registry: &Registry) -> Result<Restored> {
        if data.graph.get("signature").is_some() {
            let family = Family::import(data, &registry.clone().with(&[Fused::DEF]))?;
            let signature = family.specs.iter().map(|(d, s)| InputSpec::new(*d, s.clone())).collect();
            return Ok(Restored { signature, body: Body::All(Box::new(family)) });
        }
        let trace = Trace::import(data, registry)?;
        let g = trace.graph();
        let given = g.inputs().len() - trace.reads().len();
        let spec = |v| {
            let s = g.spec(v);
            InputSpec::new(s.dtype, s.shape.iter().map(|&n| Some(n)).collect::<Vec<_>>())
        };
        let signature = g.inputs()[..given].iter().map(|&v| spec(v)).collect();
        Ok(Restored { signature, body: Body::One(Arc::new(trace)) })
    }

    /// Dtypes and shapes of the inputs.
    pub fn signature(&self) -> &[InputSpec] {
        &self.signature
    }

    /// The variables that the function reads or assigns.
    pub fn variables(&self) -> Vec<Variable> {
        let (reads, writes) = match &self.body {
            Body::One(t) => (t.reads(), t.writes()),
            Body::All(f) => (&f.reads[..], &f.writes[..]),
        };
        let mut all: Vec<Variable> = reads.to_vec();
        for v in writes {
            if all.iter().all(|w| w.id() != v.id()) {
                all.push(v.clone());
            }
        }
        all
    }

    /// The results for these inputs. Tapes and traces of this thread see what the function does.
    ///
    /// Errors for inputs that the signature does not allow.
    pub fn call(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let arguments: Vec<Argument> = inputs.iter().map(Argument::from).collect();
        signature::check(&self.signature, &arguments)?;
        match &self.body {
            Body::One(t) => t.call(inputs),
            Body::All(f) => f.member(inputs)?.call(inputs),
        }
    }
}

/// Inputs of a signature, filled with zeros; unknown sizes are 2.
pub(crate) fn placeholders(signature: &[InputSpec]) -> Result<Vec<Tensor>> {
    signature.iter().map(|s| Tensor::zeros(s.sizes(2), s.dtype())).collect()
}

impl Exported {
    /// The data of a body for inputs of such a signature, recorded here on zeros; nothing is assigned.
    ///
    /// Errors when the body cannot be recorded, or has no graph for all sizes of the unknown dimensions.
    pub fn of(signature: &[InputSpec], body: impl Fn(&[Tensor]) -> Result<Vec<Tensor>>) -> Result<Exported> {
        let inputs = placeholders(signature)?;
        let open = signature::open(signature);
        if open.is_empty() {
            return Trace::of(&inputs, body)?.export();
        }
        Family::of(&open, &inputs, body)?.export()
    }
}

/// Dtype and sizes of an input, `None` where unknown.
pub(crate) type Sizes = (DType, Vec<Option<usize>>);
