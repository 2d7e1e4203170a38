//! The coefficient of determination.

use super::mean_metric::{Direction, matched};
use super::metric::{Metric, state};
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How the scores of several outputs become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassAggregation {
    /// Their mean.
    #[default]
    UniformAverage,
    /// Their mean, weighted with the variance of each output.
    VarianceWeightedAverage,
}

#[derive(Clone, Debug)]
struct Sums {
    squared_sum: Variable,
    sum: Variable,
    residual: Variable,
    count: Variable,
}

/// `1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2)`: the share of the variance that is explained.
#[derive(Clone, Debug)]
pub struct R2Score {
    name: String,
    aggregation: Option<ClassAggregation>,
    num_regressors: u64,
    num_samples: Variable,
    /// Absent until the number of outputs is known.
    sums: Option<Sums>,
}

impl Default for R2Score {
    fn default() -> Self {
        R2Score {
            name: "r2_score".into(),
            aggregation: Some(ClassAggregation::UniformAverage),
            num_regressors: 0,
            num_samples: state("num_samples", &[]),
            sums: None,
        }
    }
}

impl R2Score {
    /// The mean of the outputs' scores.
    pub fn new() -> Self {
        Self::default()
    }

    /// How the outputs' scores become one; `None` keeps them apart.
    #[must_use]
    pub fn class_aggregation(mut self, aggregation: Option<ClassAggregation>) -> Self {
        self.aggregation = aggregation;
        self
    }

    /// Adjusts the score for so many independent regressors; 0, no adjustment, by default.
    #[must_use]
    pub fn num_regressors(mut self, n: u64) -> Self {
        self.num_regressors = n;
        self
    }

    /// The metric of a Keras configuration.
    pub fn from_config(config: &Value) -> Result<Self> {
        let mut metric = R2Score::default();
        if let Some(v) = config.get("class_aggregation") {
            metric.aggregation = serde_json::from_value(v.clone())
                .map_err(|e| Error::value(format!("R2Score: class_aggregation does not fit: {e}")))?;
        }
        metric.num_regressors = config["num_regressors"].as_u64().unwrap_or(0);
        metric.name = config["name"].as_str().unwrap_or("r2_score").into();
        Ok(metric)
    }
}

impl Metric for R2Score {
    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        self.name = name.to_string();
    }

    /// Truth and predictions are `[samples, outputs]`.
    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<()> {
        let (t, p) = matched(&y_true.cast(DType::F32)?, &y_pred.cast(DType::F32)?)?;
        if t.rank() != 2 || t.shape() != p.shape() {
            return Err(Error::shape(format!(
                "{}: expected truth and predictions [samples, outputs], found {} and {}",
                self.name,
                y_true.shape(),
                y_pred.shape()
            )));
        }
        let outputs = [t.shape()[1]];
        let sums = self.sums.get_or_insert_with(|| Sums {
            squared_sum: state("squared_sum", &outputs),
            sum: state("sum", &outputs),
            residual: state("residual", &outputs),
            count: state("count", &outputs),
        });
        let weight = match sample_weight {
            Some(w) => {
                let w = w.cast(DType::F32)?;
                let w = if w.rank() == 1 { w.expand_dims(1)? } else { w };
                w.broadcast_to(t.shape().clone())?
            }
            None => t.ones_like()?,
        };
        let weighted = t.mul(&weight)?;
        sums.sum.assign_add(&weighted.reduce_sum(0, false)?)?;
        sums.squared_sum.assign_add(&t.mul(&weighted)?.reduce_sum(0, false)?)?;
        sums.residual.assign_add(&t.squared_difference(&p)?.mul(&weight)?.reduce_sum(0, false)?)?;
        sums.count.assign_add(&weight.reduce_sum(0, false)?)?;
        self.num_samples.assign_add(&Tensor::scalar(t.len() as f32))
    }

    fn result(&self) -> Result<Tensor> {
        let Some(s) = &self.sums else { return Ok(Tensor::scalar(0.0f32)) };
        let sum = s.sum.value();
        let one = sum.like(1.0)?;
        let mean = sum.div(&s.count.value())?;
        let total = s.squared_sum.value().sub(&sum.mul(&mean)?)?;
        let raw = one.sub(&s.residual.value().div(&total)?)?;
        let raw = raw.is_inf()?.select(&one.like(0.0)?, &raw)?;
        let score = match self.aggregation {
            Some(ClassAggregation::UniformAverage) => raw.reduce_mean((), false)?,
            Some(ClassAggregation::VarianceWeightedAverage) => {
                total.mul(&raw)?.reduce_sum((), false)?.div(&total.reduce_sum((), false)?)?
            }
            None => raw,
        };
        if self.num_regressors == 0 {
            return Ok(score);
        }
        // With too few samples the plain score stands.
        let (n, p) = (self.num_samples.value(), one.like(self.num_regressors as f64)?);
        let spare = n.sub(&p)?.sub(&one)?;
        let adjusted = one.sub(&one.sub(&score)?.mul(&n.sub(&one)?)?.div(&spare)?)?;
        spare.greater(&one.like(0.0)?)?.select(&adjusted, &score)
    }

    fn variables(&self) -> Vec<Variable> {
        let mut all = vec![self.num_samples.clone()];
        if let Some(s) = &self.sums {
            all.extend([&s.squared_sum, &s.sum, &s.residual, &s.count].map(Clone::clone));
        }
        all
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Up)
    }

    fn config(&self) -> Option<(&'static str, Value)> {
        Some((
            "R2Score",
            json!({
                "name": self.name,
                "dtype": "float32",
                "class_aggregation": self.aggregation,
                "num_regressors": self.num_regressors,
            }),
        ))
    }
}
