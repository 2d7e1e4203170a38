//! Memory for time: activations that the backward pass computes again.

use crate::passing::{Passing, Rule};
use crate::reads::{Again, Reads, Values};
use crate::{Arguments, GradientTape, Source, Tensors, Variable};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::apply;
use gradus_tensor::recorder;
use gradus_tensor::{Result, Tensor};
use std::fmt;
use std::sync::Arc;

/// Applies a function and keeps only its arguments and results; the backward pass runs it once more.
///
/// A chain of `n` equal blocks, each applied so, keeps one tensor per block and the inside of a single block at a time;
/// the price is one more forward pass. Cutting a chain of `n` layers into about `sqrt(n)` blocks needs least memory
/// (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
///
/// ```
/// use gradus_autograd::{GradientTape, Variable, recompute_grad};
/// use gradus_tensor::Tensor;
/// let w = Variable::new(Tensor::scalar(0.5f64));
/// let x = Tensor::new([1.0f64, 2.0])?;
/// let tape = GradientTape::new();
/// let v = w.clone();
/// let y = recompute_grad(&x, move |x: Tensor| x.mul(&v.value())?.tanh()?.exp())?;
/// let dw = tape.gradient(&y, &w)?;
/// # assert!(dw.item::<f64>()? > 0.0);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
///
/// Variables that `f` reads get their gradients. The second run sees the values of the first, and its assignments are
/// dropped, so that dropout draws the same mask and a moving average moves once. Second derivatives work.
/// What `f` does besides (printing, counting) happens twice.
///
/// Errors when `f` does, on either run.
pub fn recompute_grad<A, Y, F>(arguments: A, f: F) -> Result<Y>
where
    A: Arguments,
    Y: Tensors,
    F: Fn(A::Owned) -> Result<Y> + Send + Sync + 'static,
{
    let f: Function = Box::new(move |x| Ok(f(A::Owned::from_list(x)?)?.into_list()));
    let x = arguments.list();
    let (y, read) = crate::stop_recording(|| Reads::during(|| f(x.clone())));
    let y = y?;
    let (variables, values): (Vec<Variable>, Vec<Tensor>) = read.into_iter().unzip();
    // The tapes did not see these reads; a trace did, and answers as before.
    for (v, value) in variables.iter().zip(&values) {
        recorder::each(|r| drop(r.read_variable(v, value)));
    }
    let op = Passing(Arc::new(Parts { f, arguments: x.len(), outputs: y.len(), variables }));
    let inputs: Vec<&Tensor> = y.iter().chain(&x).chain(&values).collect();
    Y::from_list(apply(&op, &inputs)?.into_vec())
}

type Function = Box<dyn Fn(Vec<Tensor>) -> Result<Vec<Tensor>> + Send + Sync>;

struct Parts {
    f: Function,
    arguments: usize,
    outputs: usize,
    variables: Vec<Variable>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { arguments, outputs, variables, .. } = self;
        write!(f, "Recompute({arguments} arguments, {outputs} results, reads {variables:?})")
    }
}

/// The inputs behind the results are the arguments, then the values of the variables that were read.
impl Rule for Parts {
    const NAME: &'static str = "recompute";
    fn outputs(&self) -> usize {
        self.outputs
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let Parts { f, arguments, outputs, variables } = self;
        let n = *outputs;
        let tape = GradientTape::watching_nothing();
        let wanted: Vec<usize> = (n..cx.inputs()).filter(|&i| cx.needs(i)).collect();
        for &i in &wanted {
            tape.watch(cx.x(i))?;
        }
        let x: Vec<Tensor> = (n..n + arguments).map(|i| cx.x(i).clone()).collect();
        let values: Values =
            variables.iter().zip(n + arguments..).map(|(v, i)| (v.clone(), cx.x(i).clone())).collect();
        let y = Again::with(values, || f(x))?;
        let targets: Vec<(&Tensor, &Tensor)> =
            y.iter().enumerate().filter_map(|(k, y)| Some((y, cx.dy_opt(k)?))).collect();
        let sources: Vec<Source> = wanted.iter().map(|&i| Source::Tensor(cx.x(i).clone())).collect();
        let found = tape.gradient_or_none(&targets[..], &sources)?;
        let mut given = Vec::with_capacity(found.len());
        for (i, g) in wanted.into_iter().zip(found) {
            // One value in two places has one slot, whose gradient is that of both together.
            if let Some(g) = g.filter(|_| !given.contains(&cx.x(i).id())) {
                given.push(cx.x(i).id());
                cx.give(i, g)?;
            }
        }
        Ok(())
    }
}
