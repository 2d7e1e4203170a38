//! Means and sums of values over batches.

use super::metric::state;
use super::samplewise::{Reduce, reduce_to_samplewise};
use gradus_autograd::Variable;
use gradus_tensor::{Result, Tensor};

/// The weighted mean of all values seen: `sum(values * weights) / sum(weights)`, 0 before the first.
#[derive(Clone, Debug)]
pub struct Mean {
    name: String,
    total: Variable,
    count: Variable,
}

impl Default for Mean {
    fn default() -> Self {
        Mean::new("mean")
    }
}

impl Mean {
    /// An empty mean under that name.
    pub fn new(name: impl Into<String>) -> Mean {
        Mean { name: name.into(), total: state("total", &[]), count: state("count", &[]) }
    }

    /// The name in histories.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn set_name(&mut self, name: &str) {
        self.name = name.to_string();
    }

    /// Takes values in; the first axis is the samples.
    pub fn update_state(&mut self, values: &Tensor, sample_weight: Option<&Tensor>) -> Result<()> {
        let (values, weight) = reduce_to_samplewise(values, sample_weight, Reduce::Mean)?;
        self.total.assign_add(&values.reduce_sum((), false)?)?;
        let samples = match weight {
            Some(w) => w.reduce_sum((), false)?,
            None => Tensor::scalar(values.shape().first().copied().unwrap_or(1) as f32),
        };
        self.count.assign_add(&samples)
    }

    /// The mean so far.
    pub fn result(&self) -> Result<Tensor> {
        self.total.value().div_no_nan(&self.count.value())
    }

    /// The total and the count.
    pub fn variables(&self) -> Vec<Variable> {
        vec![self.total.clone(), self.count.clone()]
    }

    /// Forgets every value.
    pub fn reset_state(&mut self) -> Result<()> {
        self.variables().iter().try_for_each(|v| v.assign(&Tensor::scalar(0.0f32)))
    }
}

/// The weighted sum of all values seen.
#[derive(Clone, Debug)]
pub struct Sum {
    name: String,
    total: Variable,
}

impl Default for Sum {
    fn default() -> Self {
        Sum::new("sum")
    }
}

impl Sum {
    /// An empty sum under that name.
    pub fn new(name: impl Into<String>) -> Sum {
        Sum { name: name.into(), total: state("total", &[]) }
    }

    /// The name in histories.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes values in; the first axis is the samples.
    pub fn update_state(&mut self, values: &Tensor, sample_weight: Option<&Tensor>) -> Result<()> {
        let (values, _) = reduce_to_samplewise(values, sample_weight, Reduce::Sum)?;
        self.total.assign_add(&values.reduce_sum((), false)?)
    }

    /// The sum so far.
    pub fn result(&self) -> Result<Tensor> {
        Ok(self.total.value())
    }

    /// The total.
    pub fn variables(&self) -> Vec<Variable> {
        vec![self.total.clone()]
    }

    /// Forgets every value.
    pub fn reset_state(&mut self) -> Result<()> {
        self.total.assign(&Tensor::scalar(0.0f32))
    }
}
