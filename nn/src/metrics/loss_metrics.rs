//! Losses as metrics: their mean over all samples.

use super::mean_metric::{Direction, MeanMetric, Measure};
use crate::losses::{self, Formula};
use gradus_tensor::{Result, Tensor};
use serde::{Deserialize, Serialize};

macro_rules! of_losses {
    ($($(#[$m:meta])* $metric:ident($measure:ident) = $formula:ident, $class:literal, $name:literal;)*) => {$(
        $(#[$m])*
        pub type $metric = MeanMetric<$measure>;

        $(#[$m])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $measure(pub(crate) losses::$formula);

        impl Measure for $measure {
            const CLASS: &'static str = $class;
            const NAME: &'static str = $name;
            const DIRECTION: Direction = Direction::Down;
            fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
                let (t, p) = losses::formula::prepared(y_true, y_pred)?;
                self.0.values(&t, &p)
            }
            fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
                let (t, p) = losses::formula::prepared(y_true, y_pred)?;
                self.0.mask(&t, &p)
            }
        }
    )*};
}

of_losses! {
    /// The mean squared error.
    MeanSquaredError(SquaredErrorMeasure) = SquaredError, "MeanSquaredError", "mean_squared_error";
    /// The mean absolute error.
    MeanAbsoluteError(AbsoluteErrorMeasure) = AbsoluteError, "MeanAbsoluteError", "mean_absolute_error";
    /// The mean absolute error in percent of the truth.
    MeanAbsolutePercentageError(PercentageMeasure) = AbsolutePercentageError, "MeanAbsolutePercentageError",
        "mean_absolute_percentage_error";
    /// The mean squared error of logarithms.
    MeanSquaredLogarithmicError(LogarithmicMeasure) = SquaredLogarithmicError, "MeanSquaredLogarithmicError",
        "mean_squared_logarithmic_error";
    /// The mean of `log(cosh(error))`.
    LogCoshError(LogCoshMeasure) = LogCoshFormula, "LogCoshError", "logcosh";
    /// The hinge loss.
    Hinge(HingeMeasure) = HingeFormula, "Hinge", "hinge";
    /// The squared hinge loss.
    SquaredHinge(SquaredHingeMeasure) = SquaredHingeFormula, "SquaredHinge", "squared_hinge";
    /// The categorical hinge loss.
    CategoricalHinge(CategoricalHingeMeasure) = CategoricalHingeFormula, "CategoricalHinge", "categorical_hinge";
    /// The Kullback-Leibler divergence.
    KLDivergence(KLDivergenceMeasure) = KLDivergenceFormula, "KLDivergence", "kl_divergence";
    /// The Poisson loss.
    Poisson(PoissonMeasure) = PoissonFormula, "Poisson", "poisson";
    /// The cross-entropy of yes-or-no answers.
    BinaryCrossentropy(BinaryCrossentropyMeasure) = BinaryCrossentropyFormula, "BinaryCrossentropy",
        "binary_crossentropy";
    /// The cross-entropy of one class among several, given as a distribution.
    CategoricalCrossentropy(CategoricalCrossentropyMeasure) = CategoricalCrossentropyFormula,
        "CategoricalCrossentropy", "categorical_crossentropy";
    /// The cross-entropy of one class among several, given by its number.
    SparseCategoricalCrossentropy(SparseCrossentropyMeasure) = SparseCategoricalCrossentropyFormula,
        "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy";
}

macro_rules! entropy_options {
    ($($metric:ident)*) => {$(
        impl $metric {
            /// Predictions are logits rather than probabilities; false by default.
            #[must_use]
            pub fn from_logits(mut self, yes: bool) -> Self {
                self.measure.0.from_logits = yes;
                self
            }
        }
    )*};
}
entropy_options! { BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy }

/// The mean cosine of the angle between truth and prediction: 1 for the same direction.
pub type CosineSimilarity = MeanMetric<CosineMeasure>;

/// The options of [`CosineSimilarity`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CosineMeasure(losses::CosineSimilarityFormula);

impl CosineSimilarity {
    /// The axis of the vectors; -1 by default.
    #[must_use]
    pub fn axis(mut self, axis: isize) -> Self {
        self.measure.0.axis = axis;
        self
    }
}

impl Measure for CosineMeasure {
    const CLASS: &'static str = "CosineSimilarity";
    const NAME: &'static str = "cosine_similarity";
    const DIRECTION: Direction = Direction::Up;

    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor> {
        let (t, p) = losses::formula::prepared(y_true, y_pred)?;
        losses::cosine_similarity::cosine(&t, &p, self.0.axis)
    }
}
