//! Losses by name, by configuration and by closure.

use super::loss::Loss;
use super::{
    BinaryCrossentropy, BinaryFocalCrossentropy, CTC, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy, CategoricalHinge, Circle, CosineSimilarity, Dice, Hinge, Huber,
    KLDivergence, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy, SquaredHinge, Tversky,
};
use gradus_optim::names;
use gradus_tensor::{Result, Shape, Tensor};
use serde_json::{Value, json};

type Make = fn(&Value) -> Result<Box<dyn Loss>>;

macro_rules! table {
    ($($name:literal $loss:ident;)*) => {
        /// The names that [`get`] knows, beside `crossentropy` and `ce`, which the shapes resolve.
        pub const NAMES: &[&str] = &[$($name),*];
        const MAKE: &[Make] = &[$(|config| Ok(Box::new($loss::from_config(config)?))),*];
    };
}
table! {
    "mean_squared_error" MeanSquaredError;
    "mse" MeanSquaredError;
    "mean_absolute_error" MeanAbsoluteError;
    "mae" MeanAbsoluteError;
    "mean_absolute_percentage_error" MeanAbsolutePercentageError;
    "mape" MeanAbsolutePercentageError;
    "mean_squared_logarithmic_error" MeanSquaredLogarithmicError;
    "msle" MeanSquaredLogarithmicError;
    "binary_crossentropy" BinaryCrossentropy;
    "bce" BinaryCrossentropy;
    "categorical_crossentropy" CategoricalCrossentropy;
    "sparse_categorical_crossentropy" SparseCategoricalCrossentropy;
    "binary_focal_crossentropy" BinaryFocalCrossentropy;
    "categorical_focal_crossentropy" CategoricalFocalCrossentropy;
    "categorical_generalized_cross_entropy" CategoricalGeneralizedCrossEntropy;
    "cosine_similarity" CosineSimilarity;
    "huber" Huber;
    "log_cosh" LogCosh;
    "hinge" Hinge;
    "squared_hinge" SquaredHinge;
    "categorical_hinge" CategoricalHinge;
    "kl_divergence" KLDivergence;
    "kld" KLDivergence;
    "poisson" Poisson;
    "dice" Dice;
    "tversky" Tversky;
    "circle" Circle;
    "ctc" CTC;
}

fn find(name: &str) -> Result<Make> {
    match NAMES.iter().position(|n| names::same(n, name)) {
        Some(i) => Ok(MAKE[i]),
        None => Err(names::unknown("loss", name, NAMES)),
    }
}

/// The loss of that name with Keras's defaults: `mse`, `mean_squared_error` and `MeanSquaredError` alike.
///
/// ```
/// let e = gradus_nn::losses::get("mean_sqared_error").unwrap_err();
/// assert!(e.to_string().contains("did you mean 'mean_squared_error'?"));
/// ```
/// Errors for an unknown name, with the nearest and all known ones.
pub fn get(name: &str) -> Result<Box<dyn Loss>> {
    find(name)?(&json!({}))
}

/// The loss of a class name and a configuration as Keras writes it.
pub fn from_config(class_name: &str, config: &Value) -> Result<Box<dyn Loss>> {
    if class_name == BY_SHAPE {
        return config.get("name").and_then(Value::as_str).unwrap_or("crossentropy").into_loss();
    }
    find(class_name)?(config)
}

/// As [`get`], where `crossentropy` and `ce` become the binary, categorical or sparse one that the shapes call for.
pub fn resolve(name: &str, y_true: &Shape, y_pred: &Shape) -> Result<Box<dyn Loss>> {
    if !matches!(name.to_lowercase().as_str(), "crossentropy" | "ce") {
        return get(name);
    }
    get(match Answers::of(y_true, y_pred) {
        Answers::Binary => "binary_crossentropy",
        Answers::Sparse => "sparse_categorical_crossentropy",
        Answers::Categorical => "categorical_crossentropy",
    })
}

/// What the shapes of truth and prediction say about the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Predictions end in an axis of size 1.
    Binary,
    /// Labels are class numbers.
    Sparse,
    /// Labels are distributions.
    Categorical,
}

impl Answers {
    pub(crate) fn of(y_true: &Shape, y_pred: &Shape) -> Answers {
        if y_pred.last() == Some(&1) {
            Answers::Binary
        } else if y_true.rank() < y_pred.rank() || y_true.last() == Some(&1) {
            Answers::Sparse
        } else {
            Answers::Categorical
        }
    }
}

/// What is accepted where a loss is asked for: a loss, a boxed one, a name, or a closure.
pub trait IntoLoss {
    /// The loss. Errors for an unknown name, listing the known ones.
    fn into_loss(self) -> Result<Box<dyn Loss>>;
}

impl<L: Loss + 'static> IntoLoss for L {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        Ok(Box::new(self))
    }
}

impl IntoLoss for Box<dyn Loss> {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        Ok(self)
    }
}

impl IntoLoss for &str {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        if matches!(self.to_lowercase().as_str(), "crossentropy" | "ce") {
            return Ok(Box::new(ByShape(self.to_string())));
        }
        get(self)
    }
}

impl IntoLoss for String {
    fn into_loss(self) -> Result<Box<dyn Loss>> {
        self.as_str().into_loss()
    }
}

/// A closure from truth and prediction to one value per sample, as a loss with the default reduction.
impl<F: Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static> Loss for F {
    fn name(&self) -> &str {
        "loss"
    }

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        self(y_true, y_pred)
    }
}

/// A cross-entropy whose kind the first batch decides.
struct ByShape(String);

/// The class under which a loss that the shapes will choose is written.
const BY_SHAPE: &str = "ByShape";

impl Loss for ByShape {
    fn name(&self) -> &str {
        &self.0
    }

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        resolve(&self.0, y_true.shape(), y_pred.shape())?.values(y_true, y_pred)
    }

    fn config(&self) -> Option<(&'static str, Value)> {
        Some((BY_SHAPE, json!({"name": self.0})))
    }
}
