//! Metrics by name, by configuration and by closure.

use super::*;
use crate::losses::identifier::Answers;
use gradus_autograd::Variable;
use gradus_optim::names;
use gradus_tensor::{Result, Shape, Tensor};
use serde_json::{Value, json};

type Make = fn(&Value) -> Result<Box<dyn Metric>>;

macro_rules! table {
    ($($name:literal $metric:ident;)*) => {
        /// The names that [`get`] knows, beside `acc`, which the shapes resolve.
        pub const NAMES: &[&str] = &[$($name),*];
        const MAKE: &[Make] = &[$(|config| Ok(Box::new($metric::from_config(config)?))),*];
    };
}
table! {
    "accuracy" Accuracy;
    "binary_accuracy" BinaryAccuracy;
    "categorical_accuracy" CategoricalAccuracy;
    "sparse_categorical_accuracy" SparseCategoricalAccuracy;
    "top_k_categorical_accuracy" TopKCategoricalAccuracy;
    "sparse_top_k_categorical_accuracy" SparseTopKCategoricalAccuracy;
    "precision" Precision;
    "recall" Recall;
    "true_positives" TruePositives;
    "true_negatives" TrueNegatives;
    "false_positives" FalsePositives;
    "false_negatives" FalseNegatives;
    "auc" AUC;
    "precision_at_recall" PrecisionAtRecall;
    "recall_at_precision" RecallAtPrecision;
    "sensitivity_at_specificity" SensitivityAtSpecificity;
    "specificity_at_sensitivity" SpecificityAtSensitivity;
    "f1_score" F1Score;
    "fbeta_score" FBetaScore;
    "io_u" IoU;
    "binary_io_u" BinaryIoU;
    "mean_io_u" MeanIoU;
    "one_hot_io_u" OneHotIoU;
    "one_hot_mean_io_u" OneHotMeanIoU;
    "r2_score" R2Score;
    "pearson_correlation" PearsonCorrelation;
    "concordance_correlation" ConcordanceCorrelation;
    "mean_squared_error" MeanSquaredError;
    "mse" MeanSquaredError;
    "root_mean_squared_error" RootMeanSquaredError;
    "mean_absolute_error" MeanAbsoluteError;
    "mae" MeanAbsoluteError;
    "mean_absolute_percentage_error" MeanAbsolutePercentageError;
    "mape" MeanAbsolutePercentageError;
    "mean_squared_logarithmic_error" MeanSquaredLogarithmicError;
    "msle" MeanSquaredLogarithmicError;
    "cosine_similarity" CosineSimilarity;
    "log_cosh_error" LogCoshError;
    "logcosh" LogCoshError;
    "hinge" Hinge;
    "squared_hinge" SquaredHinge;
    "categorical_hinge" CategoricalHinge;
    "kl_divergence" KLDivergence;
    "poisson" Poisson;
    "binary_crossentropy" BinaryCrossentropy;
    "bce" BinaryCrossentropy;
    "categorical_crossentropy" CategoricalCrossentropy;
    "sparse_categorical_crossentropy" SparseCategoricalCrossentropy;
}

fn find(name: &str) -> Result<Make> {
    match NAMES.iter().position(|n| names::same(n, name)) {
        Some(i) => Ok(MAKE[i]),
        None => Err(names::unknown("metric", name, NAMES)),
    }
}

/// The metric of that name with Keras's defaults: `mae`, `mean_absolute_error` and `MeanAbsoluteError` alike.
///
/// ```
/// let e = gradus_nn::metrics::get("acuracy").unwrap_err();
/// assert!(e.to_string().contains("did you mean 'accuracy'?"));
/// ```
/// Errors for an unknown name, with the nearest and all known ones.
pub fn get(name: &str) -> Result<Box<dyn Metric>> {
    find(name)?(&json!({}))
}

/// The metric of a class name and a configuration as Keras writes it.
pub fn from_config(class_name: &str, config: &Value) -> Result<Box<dyn Metric>> {
    if class_name == BY_SHAPE {
        return config.get("name").and_then(Value::as_str).unwrap_or("accuracy").into_metric();
    }
    find(class_name)?(config)
}

/// As `compile` resolves a name: `accuracy` and `acc` become the binary, categorical or sparse accuracy that the
/// shapes call for. The metric keeps the name that was asked for.
pub fn resolve(name: &str, y_true: &Shape, y_pred: &Shape) -> Result<Box<dyn Metric>> {
    let mut metric = match name.to_lowercase().as_str() {
        "accuracy" | "acc" => get(match Answers::of(y_true, y_pred) {
            Answers::Binary => "binary_accuracy",
            Answers::Sparse => "sparse_categorical_accuracy",
            Answers::Categorical => "categorical_accuracy",
        })?,
        _ => get(name)?,
    };
    metric.set_name(name);
    Ok(metric)
}

/// What is accepted where a metric is asked for: a metric, a boxed one, a name, or a closure.
pub trait IntoMetric {
    /// The metric. Errors for an unknown name, listing the known ones.
    fn into_metric(self) -> Result<Box<dyn Metric>>;
}

impl<M: Metric + 'static> IntoMetric for M {
    fn into_metric(self) -> Result<Box<dyn Metric>> {
        Ok(Box::new(self))
    }
}

impl IntoMetric for Box<dyn Metric> {
    fn into_metric(self) -> Result<Box<dyn Metric>> {
        Ok(self)
    }
}

impl IntoMetric for &str {
    fn into_metric(self) -> Result<Box<dyn Metric>> {
        if matches!(self.to_lowercase().as_str(), "accuracy" | "acc") {
            return Ok(Box::new(ByShape { name: self.to_string(), mean: Mean::new(self), chosen: None }));
        }
        let mut metric = get(self)?;
        metric.set_name(self);
        Ok(metric)
    }
}

impl IntoMetric for String {
    fn into_metric(self) -> Result<Box<dyn Metric>> {
        self.as_str().into_metric()
    }
}

impl<F: Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + 'static> IntoMetric for (&str, F) {
    /// A name and a closure from truth and prediction to one value per sample, whose mean is reported.
    fn into_metric(self) -> Result<Box<dyn Metric>> {
        Ok(Box::new(Measured { values: self.1, mean: Mean::new(self.0) }))
    }
}

/// The mean of what a closure gives.
struct Measured<F> {
    values: F,
    mean: Mean,
}

impl<F: Fn(&Tensor, &Tensor) -> Result<Tensor> + Send> Metric for Measured<F> {
    fn name(&self) -> &str {
        self.mean.name()
    }
    fn set_name(&mut self, name: &str) {
        self.mean.set_name(name);
    }
    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<()> {
        self.mean.update_state(&(self.values)(y_true, y_pred)?, sample_weight)
    }
    fn result(&self) -> Result<Tensor> {
        self.mean.result()
    }
    fn variables(&self) -> Vec<Variable> {
        self.mean.variables()
    }
}

/// The class under which a metric that the shapes will choose is written.
const BY_SHAPE: &str = "ByShape";

/// An accuracy whose kind the first batch decides. The state is the same for all kinds.
struct ByShape {
    name: String,
    mean: Mean,
    chosen: Option<Answers>,
}

impl Metric for ByShape {
    fn name(&self) -> &str {
        &self.name
    }
    fn set_name(&mut self, name: &str) {
        self.name = name.to_string();
    }
    fn config(&self) -> Option<(&'static str, Value)> {
        Some((BY_SHAPE, json!({"name": self.name})))
    }
    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<()> {
        let kind = *self.chosen.get_or_insert_with(|| Answers::of(y_true.shape(), y_pred.shape()));
        let values = match kind {
            Answers::Binary => binary_accuracy(y_true, y_pred, 0.5),
            Answers::Sparse => sparse_categorical_accuracy(y_true, y_pred),
            Answers::Categorical => categorical_accuracy(y_true, y_pred),
        };
        self.mean.update_state(&values.map_err(|e| e.within(self.name.clone()))?, sample_weight)
    }
    fn result(&self) -> Result<Tensor> {
        self.mean.result()
    }
    fn variables(&self) -> Vec<Variable> {
        self.mean.variables()
    }
    fn direction(&self) -> Option<Direction> {
        Some(Direction::Up)
    }
}
