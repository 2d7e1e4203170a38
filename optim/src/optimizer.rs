//! What training needs of an optimizer.

use crate::{LearningRate, registry};
use gradus_autograd::Variable;
use gradus_tensor::{Result, Tensor};
use serde_json::Value;
use std::fmt::Debug;

/// Turns gradients into changes of variables.
///
/// Tapes never see an update. Outside of traces it happens in place, one pass per variable; inside a trace
/// it is written with operations and assignments, so that it is replayed with the rest of the step.
pub trait Optimizer: Debug + Send {
    /// Keras's class name, such as `Adam`.
    fn class_name(&self) -> &str;

    /// The name of this optimizer, which its variables carry in front.
    fn name(&self) -> &str;

    /// Makes the optimizer's variables for these model variables; does nothing the second time.
    ///
    /// The first [`Optimizer::apply_gradients`] does it by itself. Errors for settings without meaning.
    fn build(&mut self, vars: &[Variable]) -> Result<()>;

    /// Applies one gradient per variable, then counts the step.
    ///
    /// Errors for a variable that the optimizer was not built with, and for shapes that differ.
    fn apply_gradients(&mut self, grads: &[Tensor], vars: &[Variable]) -> Result<()>;

    /// The optimizer's variables in Keras's order: iteration, learning rate, averages, accumulators, slots.
    fn variables(&self) -> Vec<Variable>;

    /// The number of calls of [`Optimizer::apply_gradients`], as an int64 variable.
    fn iterations(&self) -> &Variable;

    /// The learning rate that holds for the next step.
    fn learning_rate(&self) -> Result<f32>;

    /// Sets the learning rate, or replaces it by a schedule. Errors for a number where a schedule rules.
    fn set_learning_rate(&mut self, rate: LearningRate) -> Result<()>;

    /// Multiplies a loss with `loss_scale_factor`, where there is one.
    fn scale_loss(&self, loss: &Tensor) -> Result<Tensor>;

    /// Puts the averaged weights into the variables, when the optimizer keeps averages.
    fn finalize_variable_values(&mut self, vars: &[Variable]) -> Result<()>;

    /// The configuration, with Keras's keys.
    fn config(&self) -> Value;
}

/// What is accepted where an optimizer is asked for: an optimizer, a boxed one, or a name.
pub trait IntoOptimizer {
    /// The optimizer. Errors for an unknown name, listing the known ones.
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>>;
}

impl<O: Optimizer + 'static> IntoOptimizer for O {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(self))
    }
}

impl IntoOptimizer for Box<dyn Optimizer> {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        Ok(self)
    }
}

impl IntoOptimizer for &str {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        registry::get(self)
    }
}

impl IntoOptimizer for String {
    fn into_optimizer(self) -> Result<Box<dyn Optimizer>> {
        registry::get(&self)
    }
}
