//! Loss to step in one call: `optimizer.minimize(loss, variables)`.

use crate::Optimizer;
use gradus_autograd::{GradientTape, Variable};
use gradus_tensor::{Error, ErrorKind, Result, Tensor};

/// What can be minimized: a closure that computes the loss, or a loss with the tape that saw it.
pub trait Loss {
    /// The loss, and the tape that recorded it.
    fn recorded(self, scale: impl Fn(&Tensor) -> Result<Tensor>) -> Result<(Tensor, GradientTape)>;
}

impl<F: FnOnce() -> Result<Tensor>> Loss for F {
    fn recorded(self, scale: impl Fn(&Tensor) -> Result<Tensor>) -> Result<(Tensor, GradientTape)> {
        let tape = GradientTape::new();
        let loss = scale(&self()?)?;
        Ok((loss, tape))
    }
}

impl Loss for (&Tensor, GradientTape) {
    fn recorded(self, scale: impl Fn(&Tensor) -> Result<Tensor>) -> Result<(Tensor, GradientTape)> {
        Ok((scale(self.0)?, self.1))
    }
}

/// Variables to change: one, several, or a closure that gives them once the loss has been computed.
pub trait IntoVariables {
    /// The variables in order.
    fn into_variables(self) -> Vec<Variable>;
}

impl IntoVariables for &Variable {
    fn into_variables(self) -> Vec<Variable> {
        vec![self.clone()]
    }
}

impl IntoVariables for Variable {
    fn into_variables(self) -> Vec<Variable> {
        vec![self]
    }
}

impl IntoVariables for Vec<Variable> {
    fn into_variables(self) -> Vec<Variable> {
        self
    }
}

impl IntoVariables for &Vec<Variable> {
    fn into_variables(self) -> Vec<Variable> {
        self.clone()
    }
}

impl IntoVariables for &[Variable] {
    fn into_variables(self) -> Vec<Variable> {
        self.to_vec()
    }
}

impl<const N: usize> IntoVariables for [&Variable; N] {
    fn into_variables(self) -> Vec<Variable> {
        self.into_iter().cloned().collect()
    }
}

impl<const N: usize> IntoVariables for &[Variable; N] {
    fn into_variables(self) -> Vec<Variable> {
        self.to_vec()
    }
}

impl<V: IntoVariables, F: FnOnce() -> V> IntoVariables for F {
    fn into_variables(self) -> Vec<Variable> {
        self().into_variables()
    }
}

/// [`Minimize::minimize`] for every optimizer.
pub trait Minimize: Optimizer {
    /// One step down the loss.
    ///
    /// ```
    /// use gradus_autograd::Variable;
    /// use gradus_optim::{Minimize, SGD};
    /// use gradus_tensor::Tensor;
    /// let beta = Variable::new(Tensor::scalar(-10.0f32));
    /// let mut optimizer = SGD::new(0.01 / 6.0);
    /// let loss = || Ok((beta.value() / 2.0 - 1.0).square()?);
    /// optimizer.minimize(loss, &beta)?;
    /// assert_eq!(beta.value().item::<f32>()?, -9.99);
    /// # Ok::<(), gradus_tensor::Error>(())
    /// ```
    /// Errors when the loss depends on none of the variables; those that it does not depend on stay as they are.
    fn minimize(&mut self, loss: impl Loss, vars: impl IntoVariables) -> Result<()> {
        let (loss, tape) = loss.recorded(|l| self.scale_loss(l))?;
        let vars = vars.into_variables();
        let found = tape.gradient_or_none(&loss, &vars)?;
        self.build(&vars)?;
        let (used, grads): (Vec<Variable>, Vec<Tensor>) =
            vars.iter().zip(found).filter_map(|(v, g)| Some((v.clone(), g?))).unzip();
        if used.is_empty() {
            return Err(Error::new(
                ErrorKind::Gradient,
                format!("{}: the loss depends on none of the variables {vars:?}", self.name()),
            ));
        }
        self.apply_gradients(&grads, &used)
    }
}

impl<O: Optimizer + ?Sized> Minimize for O {}
