//! Metrics over three updates, their state, and the metrics that `compile` resolves by name.

use gradus_autograd::Variable;
use gradus_nn::metrics::{self, Mean, Metric, Sum};
use gradus_tensor::{Result as TensorResult, Tensor};
use serde_json::json;

use super::dense::{all_used, tensors, values};
use super::losses::{huber, known};
use crate::golden::{Case, Value};
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

pub fn register(r: &mut Registry) {
    for class in [
        "keras.metrics.AUC",
        "keras.metrics.Accuracy",
        "keras.metrics.BinaryAccuracy",
        "keras.metrics.BinaryCrossentropy",
        "keras.metrics.BinaryIoU",
        "keras.metrics.CategoricalAccuracy",
        "keras.metrics.CategoricalCrossentropy",
        "keras.metrics.CategoricalHinge",
        "keras.metrics.ConcordanceCorrelation",
        "keras.metrics.CosineSimilarity",
        "keras.metrics.F1Score",
        "keras.metrics.FBetaScore",
        "keras.metrics.FalseNegatives",
        "keras.metrics.FalsePositives",
        "keras.metrics.Hinge",
        "keras.metrics.IoU",
        "keras.metrics.KLDivergence",
        "keras.metrics.LogCoshError",
        "keras.metrics.MeanAbsoluteError",
        "keras.metrics.MeanAbsolutePercentageError",
        "keras.metrics.MeanIoU",
        "keras.metrics.MeanSquaredError",
        "keras.metrics.MeanSquaredLogarithmicError",
        "keras.metrics.OneHotIoU",
        "keras.metrics.OneHotMeanIoU",
        "keras.metrics.PearsonCorrelation",
        "keras.metrics.Poisson",
        "keras.metrics.Precision",
        "keras.metrics.PrecisionAtRecall",
        "keras.metrics.R2Score",
        "keras.metrics.Recall",
        "keras.metrics.RecallAtPrecision",
        "keras.metrics.RootMeanSquaredError",
        "keras.metrics.SensitivityAtSpecificity",
        "keras.metrics.SparseCategoricalAccuracy",
        "keras.metrics.SparseCategoricalCrossentropy",
        "keras.metrics.SparseTopKCategoricalAccuracy",
        "keras.metrics.SpecificityAtSensitivity",
        "keras.metrics.SquaredHinge",
        "keras.metrics.TopKCategoricalAccuracy",
        "keras.metrics.TrueNegatives",
        "keras.metrics.TruePositives",
    ] {
        r.run(Area::LossesMetrics, class, metric);
    }
    r.run(Area::LossesMetrics, "keras.metrics.Mean", mean);
    r.run(Area::LossesMetrics, "keras.metrics.Sum", sum);
    r.run(Area::LossesMetrics, "x.compile_metric", compiled);
    r.run(Area::LossesMetrics, "x.HuberMetric", custom);
}

fn held(variables: &[Variable]) -> Result<Vec<Option<Value>>> {
    let tensors: Vec<Tensor> = variables.iter().map(|v| v.peek()).collect();
    Ok(values(&tensors)?.into_iter().map(Some).collect())
}

fn metric(case: &Case) -> Result<Outcome> {
    let class = known(case, metrics::NAMES)?;
    let attrs = case.attrs();
    let mut metric = metrics::from_config(&class, &attrs.read("config", |c| Some(c.clone()))?)?;
    let (y_true, y_pred) = (tensors(case, "y_true")?, tensors(case, "y_pred")?);
    let weights = tensors(case, "sample_weight")?;
    let mut results = Vec::new();
    for (i, (t, p)) in y_true.iter().zip(&y_pred).enumerate() {
        metric.update_state(t, p, weights.get(i))?;
        results.push(metric.result()?);
    }
    let variables = metric.variables();
    let names: Vec<String> = variables.iter().map(|v| v.name()).collect();
    let state = held(&variables)?;
    metric.reset_state()?;
    let reset = values(&[metric.result()?])?.into_iter().map(Some);
    Ok(Outcome::outputs(values(&results)?)
        .with("state_after", state)
        .with("after_reset", reset)
        .fact("variables", json!(names))
        .check("attributes", all_used(&attrs)))
}

/// `Mean` and `Sum` take values instead of truth and prediction.
macro_rules! of_values {
    ($name:ident, $type:ident) => {
        fn $name(case: &Case) -> Result<Outcome> {
            let attrs = case.attrs();
            attrs.object("config")?;
            let mut metric = $type::default();
            let (inputs, weights) = (tensors(case, "y_pred")?, tensors(case, "sample_weight")?);
            let mut results = Vec::new();
            for (i, x) in inputs.iter().enumerate() {
                metric.update_state(x, weights.get(i))?;
                results.push(metric.result()?);
            }
            let variables = metric.variables();
            let names: Vec<String> = variables.iter().map(|v| v.name()).collect();
            let state = held(&variables)?;
            variables.iter().try_for_each(|v| v.assign(&v.peek().zeros_like()?))?;
            let reset = values(&[metric.result()?])?.into_iter().map(Some);
            Ok(Outcome::outputs(values(&results)?)
                .with("state_after", state)
                .with("after_reset", reset)
                .fact("variables", json!(names))
                .check("attributes", all_used(&attrs)))
        }
    };
}
of_values!(mean, Mean);
of_values!(sum, Sum);

/// A metric of the user's own: the mean of Huber's function over all elements seen.
struct HuberMetric {
    name: String,
    threshold: f64,
    mean: Mean,
}

impl Metric for HuberMetric {
    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        self.name = name.to_string();
    }

    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> TensorResult<()> {
        self.mean.update_state(&huber(self.threshold, y_true, y_pred)?, sample_weight)
    }

    fn result(&self) -> TensorResult<Tensor> {
        self.mean.result()
    }

    fn variables(&self) -> Vec<Variable> {
        self.mean.variables()
    }
}

/// Truth and predictions of one update after the other.
fn custom(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.object("config")?;
    let (name, mean) = ("huber_metric".to_string(), Mean::default());
    let mut metric = HuberMetric { name, threshold: config.f64("threshold")?, mean };
    let mut results = Vec::new();
    for batch in tensors(case, "inputs")?.chunks(2) {
        let [y_true, y_pred] = batch else {
            return Err(ConformanceError::Case("an update without predictions".to_string()));
        };
        metric.update_state(y_true, y_pred, None)?;
        results.push(metric.result()?);
    }
    Ok(Outcome::outputs(values(&results)?)
        .check("attributes", all_used(&attrs))
        .check("config", all_used(&config)))
}

/// What a name given to `compile` becomes for these shapes.
fn compiled(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let inputs = tensors(case, "inputs")?;
    let [y_true, y_pred] = inputs.as_slice() else {
        return Err(ConformanceError::Case(format!("{} inputs", inputs.len())));
    };
    let mut metric = metrics::resolve(attrs.str("metric")?, y_true.shape(), y_pred.shape())?;
    metric.update_state(y_true, y_pred, None)?;
    Ok(Outcome::outputs(values(&[metric.result()?])?)
        .fact("resolved", metric.config().map(|(class, _)| class))
        .fact("log_name", metric.name())
        .check("attributes", all_used(&attrs)))
}
