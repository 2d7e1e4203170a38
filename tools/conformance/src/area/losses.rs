//! Losses: values, gradients with respect to the predictions, refusals.

use gradus_autograd::GradientTape;
use gradus_nn::losses::{self, Loss, MeanSquaredError, Reduction};
use gradus_tensor::{Result as TensorResult, Tensor};

use super::dense::{all_used, optional_tensors, optional_values, tensors, values};
use crate::golden::Case;
use crate::outcome::Outcome;
use crate::registry::{Area, ConformanceError, Registry};

type Result<T> = std::result::Result<T, ConformanceError>;

/// Classes that are built from their configuration.
const CLASSES: [&str; 22] = [
    "keras.losses.BinaryCrossentropy",
    "keras.losses.BinaryFocalCrossentropy",
    "keras.losses.CTC",
    "keras.losses.CategoricalCrossentropy",
    "keras.losses.CategoricalFocalCrossentropy",
    "keras.losses.CategoricalGeneralizedCrossEntropy",
    "keras.losses.CategoricalHinge",
    "keras.losses.Circle",
    "keras.losses.CosineSimilarity",
    "keras.losses.Dice",
    "keras.losses.Hinge",
    "keras.losses.Huber",
    "keras.losses.KLDivergence",
    "keras.losses.LogCosh",
    "keras.losses.MeanAbsoluteError",
    "keras.losses.MeanAbsolutePercentageError",
    "keras.losses.MeanSquaredError",
    "keras.losses.MeanSquaredLogarithmicError",
    "keras.losses.Poisson",
    "keras.losses.SparseCategoricalCrossentropy",
    "keras.losses.SquaredHinge",
    "keras.losses.Tversky",
];

/// A function of truth and prediction that gives one value per sample.
type PerSample = fn(&Tensor, &Tensor) -> TensorResult<Tensor>;

pub fn register(r: &mut Registry) {
    for class in CLASSES {
        r.run(Area::LossesMetrics, class, loss);
    }
    for (name, _) in FUNCTIONS {
        r.run(Area::LossesMetrics, name, function);
    }
    r.run(Area::LossesMetrics, "x.HuberLoss", custom);
    r.run(Area::LossesMetrics, "x.masked_loss", masked);
}

const FUNCTIONS: [(&str, PerSample); 17] = [
    ("keras.losses.binary_crossentropy", losses::binary_crossentropy),
    ("keras.losses.binary_focal_crossentropy", losses::binary_focal_crossentropy),
    ("keras.losses.categorical_crossentropy", losses::categorical_crossentropy),
    ("keras.losses.categorical_focal_crossentropy", losses::categorical_focal_crossentropy),
    ("keras.losses.categorical_hinge", losses::categorical_hinge),
    ("keras.losses.cosine_similarity", |t, p| losses::cosine_similarity(t, p, -1)),
    ("keras.losses.hinge", losses::hinge),
    ("keras.losses.huber", |t, p| losses::huber(t, p, 1.0)),
    ("keras.losses.kl_divergence", losses::kl_divergence),
    ("keras.losses.log_cosh", losses::log_cosh),
    ("keras.losses.mean_absolute_error", losses::mean_absolute_error),
    ("keras.losses.mean_absolute_percentage_error", losses::mean_absolute_percentage_error),
    ("keras.losses.mean_squared_error", losses::mean_squared_error),
    ("keras.losses.mean_squared_logarithmic_error", losses::mean_squared_logarithmic_error),
    ("keras.losses.poisson", losses::poisson),
    ("keras.losses.sparse_categorical_crossentropy", losses::sparse_categorical_crossentropy),
    ("keras.losses.squared_hinge", losses::squared_hinge),
];

/// A class known to the library, else not implemented rather than refused.
pub fn known(case: &Case, names: &[&str]) -> Result<String> {
    let class = case.op().rsplit('.').next().unwrap_or_default();
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    match names.iter().any(|name| plain(name) == plain(class)) {
        true => Ok(class.to_string()),
        false => Err(ConformanceError::NotImplemented(case.op().to_string())),
    }
}

fn loss(case: &Case) -> Result<Outcome> {
    let class = known(case, losses::NAMES)?;
    let attrs = case.attrs();
    let loss = losses::from_config(&class, &attrs.read("config", |c| Some(c.clone()))?)?;
    let weighted = attrs.bool_or("sample_weight", false)?;
    let outcome = differentiate(case, |t, p, w| {
        if weighted != w.is_some() {
            return Err(ConformanceError::Case("sample_weight and the inputs disagree".to_string()));
        }
        Ok(loss.call(t, p, w)?)
    })?;
    Ok(outcome.check("attributes", all_used(&attrs)).check("configuration", comes_back(&class, &*loss)))
}

/// What a loss writes of itself makes the same loss.
fn comes_back(class: &str, loss: &dyn Loss) -> std::result::Result<(), String> {
    let written = |loss: &dyn Loss| loss.config().map(|(_, c)| c).ok_or("it writes no configuration");
    let config = written(loss)?;
    let again = losses::from_config(class, &config).map_err(|e| e.to_string())?;
    match written(&*again)? == config {
        true => Ok(()),
        false => Err(format!("it does not come back: {config}")),
    }
}

fn function(case: &Case) -> Result<Outcome> {
    let found = FUNCTIONS.iter().find(|(name, _)| *name == case.op());
    let (_, f) = found.ok_or_else(|| ConformanceError::NotImplemented(case.op().to_string()))?;
    let outcome = differentiate(case, |t, p, _| Ok(f(t, p)?))?;
    Ok(outcome.check("attributes", all_used(&case.attrs())))
}

/// The value, and its gradient with respect to the predictions alone.
fn differentiate(
    case: &Case,
    f: impl Fn(&Tensor, &Tensor, Option<&Tensor>) -> Result<Tensor>,
) -> Result<Outcome> {
    let inputs = tensors(case, "inputs")?;
    let [y_true, y_pred, weights @ ..] = inputs.as_slice() else {
        return Err(ConformanceError::Case(format!("{} inputs", inputs.len())));
    };
    let wanted = case.field("grads").as_array().is_some_and(|g| !g.is_empty());
    let tape = GradientTape::watching_nothing();
    if wanted {
        tape.watch(y_pred)?;
    }
    let value = f(y_true, y_pred, weights.first())?;
    let mut outcome = Outcome::outputs(values(std::slice::from_ref(&value))?);
    if wanted {
        let upstream = optional_tensors(case, "upstream")?;
        let gradient = match upstream.first() {
            Some(Some(dy)) => tape.gradient_or_none((&value, dy), y_pred)?,
            _ => tape.gradient_or_none(&value, y_pred)?,
        };
        outcome = outcome.with("grads", optional_values(&[None, gradient])?);
    }
    Ok(outcome)
}

/// Huber's function of every error: half its square up to the threshold, a line beyond.
pub fn huber(threshold: f64, y_true: &Tensor, y_pred: &Tensor) -> TensorResult<Tensor> {
    let error = y_true.sub(y_pred)?;
    let (size, limit) = (error.abs()?, error.like(threshold)?);
    let half = error.like(0.5)?;
    let linear = limit.mul(&size)?.sub(&half.mul(&limit.square()?)?)?;
    size.less_equal(&limit)?.select(&half.mul(&error.square()?)?, &linear)
}

/// A loss of the user's own: element-wise Huber, reduced by the library.
struct HuberLoss {
    threshold: f64,
    reduction: Reduction,
}

impl Loss for HuberLoss {
    fn name(&self) -> &str {
        "huber_loss"
    }

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> TensorResult<Tensor> {
        huber(self.threshold, y_true, y_pred)
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }
}

fn custom(case: &Case) -> Result<Outcome> {
    let attrs = case.attrs();
    let config = attrs.object("config")?;
    let loss = HuberLoss {
        threshold: config.f64("threshold")?,
        reduction: Reduction::from_name(config.str_or("reduction", "sum_over_batch_size")?)?,
    };
    attrs.bool_or("sample_weight", false)?;
    let outcome = differentiate(case, |t, p, w| Ok(loss.call(t, p, w)?))?;
    Ok(outcome.check("attributes", all_used(&attrs)).check("config", all_used(&config)))
}

/// A mask that the layers before have left on the predictions.
fn masked(case: &Case) -> Result<Outcome> {
    let inputs = tensors(case, "inputs")?;
    let [y_true, y_pred, mask] = inputs.as_slice() else {
        return Err(ConformanceError::Case(format!("{} inputs", inputs.len())));
    };
    let value = MeanSquaredError::new().call_masked(y_true, y_pred, None, Some(mask))?;
    Ok(Outcome::outputs(values(&[value])?))
}
