//! Functions that bring their own gradient.

use crate::passing::{Passing, Rule};
use crate::reads::Reads;
use crate::{Arguments, Tensors};
use gradus_tensor::backward::Backward;
use gradus_tensor::op::apply;
use gradus_tensor::{Error, ErrorKind, Result, Tensor};
use std::fmt;
use std::sync::Arc;

/// Applies a function whose gradient the function itself gives.
///
/// `f` returns its result together with a closure that turns the gradient of the result into that of the arguments.
/// The closure may capture values on the way. In place of the rules of the operations inside, tapes use the closure.
///
/// ```
/// use gradus_autograd::{GradientTape, custom_gradient};
/// use gradus_tensor::Tensor;
/// /// log(1 + exp(x)), whose gradient by the rules is NaN where exp(x) overflows.
/// fn softplus(x: &Tensor) -> gradus_tensor::Result<Tensor> {
///     custom_gradient(x, |x: Tensor| {
///         let exp = x.exp()?;
///         let y = (&exp + 1.0).log()?;
///         Ok((y, move |dy: Tensor| dy.div(&(1.0 + 1.0 / &exp))))
///     })
/// }
/// let x = Tensor::scalar(100.0f32);
/// let tape = GradientTape::new();
/// tape.watch(&x)?;
/// let y = softplus(&x)?;
/// assert_eq!(tape.gradient(&y, &x)?.item::<f32>()?, 1.0);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
///
/// Several arguments go in and come out as an array or a vector, `custom_gradient([&a, &b], |[a, b]| ...)`; so do
/// several results. Gradients are checked when they arrive: dtypes must agree, and axes that were broadcast are summed.
///
/// Custom gradients nest. Second derivatives follow the closure, and the captured values too: `exp` above depends on
/// `x` for an outer tape. So the operations inside are recorded beside the one that replaces them, and their memory is
/// held until the backward pass has come by; [`recompute_grad`](crate::recompute_grad) holds none.
///
/// Errors when `f` reads a trainable variable: its gradient would be lost silently. Hand the value in as an argument,
/// or read it by [`Variable::peek`](crate::Variable::peek) if it is to be a constant.
pub fn custom_gradient<A, Y, G, F>(arguments: A, f: F) -> Result<Y>
where
    A: Arguments,
    Y: Tensors,
    F: Fn(A::Owned) -> Result<(Y, G)> + Send + Sync + 'static,
    G: Fn(Y) -> Result<A::Owned> + Send + Sync + 'static,
{
    let f: Function = Box::new(move |x| {
        let (y, gradient) = f(A::Owned::from_list(x)?)?;
        let gradient: Gradient = Box::new(move |dy| Ok(gradient(Y::from_list(dy)?)?.into_list()));
        Ok((y.into_list(), gradient))
    });
    let x = arguments.list();
    let (result, reads) = Reads::during(|| f(x.clone()));
    let (y, gradient) = result?;
    if let Some((v, _)) = reads.iter().find(|(v, _)| v.is_trainable()) {
        return Err(Error::new(
            ErrorKind::Gradient,
            format!(
                "custom_gradient: the function reads variable {:?}, whose gradient would be lost; hand its value in \
                 as an argument, or read it by `peek` as a constant",
                v.name()
            ),
        ));
    }
    let made_for = x.iter().map(Tensor::id).collect();
    let op = Passing(Arc::new(Parts { f, gradient, made_for, outputs: y.len() }));
    let inputs: Vec<&Tensor> = y.iter().chain(&x).collect();
    Y::from_list(apply(&op, &inputs)?.into_vec())
}

type Gradient = Box<dyn Fn(Vec<Tensor>) -> Result<Vec<Tensor>> + Send + Sync>;
type Function = Box<dyn Fn(Vec<Tensor>) -> Result<(Vec<Tensor>, Gradient)> + Send + Sync>;

struct Parts {
    f: Function,
    /// The gradient for the arguments below, with what it captured.
    gradient: Gradient,
    made_for: Vec<u64>,
    outputs: usize,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomGradient({} arguments, {} results)", self.made_for.len(), self.outputs)
    }
}

/// The function's own gradient.
///
/// To be a pure function of its inputs, as replays need it, the rule makes the closure anew for arguments other than
/// those that the function was called with.
impl Rule for Parts {
    const NAME: &'static str = "custom_gradient";
    fn outputs(&self) -> usize {
        self.outputs
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let n = self.outputs;
        let x: Vec<Tensor> = (n..cx.inputs()).map(|i| cx.x(i).clone()).collect();
        let dy = (0..n).map(|k| cx.dy(k)).collect::<Result<Vec<_>>>()?;
        let dx = if x.iter().map(Tensor::id).eq(self.made_for.iter().copied()) {
            (self.gradient)(dy)?
        } else {
            (self.f)(x)?.1(dy)?
        };
        if dx.len() != self.made_for.len() {
            return Err(Error::new(
                ErrorKind::Gradient,
                format!("custom_gradient: {} gradients for {} arguments", dx.len(), self.made_for.len()),
            ));
        }
        for (i, g) in dx.into_iter().enumerate() {
            if cx.needs(n + i) {
                let x = cx.x_spec(n + i);
                let fits = x.shape.broadcast(g.shape()).is_ok_and(|b| &b == g.shape());
                if g.dtype() != x.dtype || !fits {
                    return Err(Error::new(
                        ErrorKind::Gradient,
                        format!(
                            "custom_gradient: the gradient of argument {i} is {}, the argument {x}",
                            g.spec()
                        ),
                    ));
                }
                cx.give(n + i, g)?;
            }
        }
        Ok(())
    }
}
