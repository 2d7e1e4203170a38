//! What training needs of a metric.

use super::mean_metric::Direction;
use gradus_autograd::Variable;
use gradus_tensor::{Result, Tensor};
use serde_json::Value;
use std::fmt;

/// A number accumulated over batches. A closure `|y_true, y_pred| ..` is one too: its mean is reported.
pub trait Metric: Send {
    /// The name in histories and messages.
    fn name(&self) -> &str;

    /// Gives another name.
    fn set_name(&mut self, name: &str);

    /// Takes a batch in. Weights have the shape of the values, or one that broadcasts to it.
    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<()>;

    /// The value so far: a scalar for most, a vector for a few.
    fn result(&self) -> Result<Tensor>;

    /// The variables that hold the state.
    fn variables(&self) -> Vec<Variable>;

    /// Forgets every batch.
    fn reset_state(&mut self) -> Result<()> {
        self.variables().iter().try_for_each(|v| v.assign(&Tensor::zeros(v.shape().clone(), v.dtype())?))
    }

    /// Whether more is better, where that is known.
    fn direction(&self) -> Option<Direction> {
        None
    }

    /// Class name and configuration for files; `None` for a metric that cannot be written.
    fn config(&self) -> Option<(&'static str, Value)> {
        None
    }
}

impl fmt::Debug for dyn Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.config() {
            Some((class, config)) => write!(f, "{class}({config})"),
            None => write!(f, "Metric({:?})", self.name()),
        }
    }
}

/// A variable that holds a metric's state.
pub(super) fn state(name: &str, shape: &[usize]) -> Variable {
    let zeros = gradus_tensor::recorder::suspended(|| Tensor::zeros(shape, gradus_tensor::DType::F32));
    // Shapes come from options of the metric; the empty state of an absurd one stays empty.
    let zeros = zeros.unwrap_or_else(|_| Tensor::scalar(0.0f32));
    Variable::named(name, zeros).trainable(false)
}
