//! Losses: how far predictions are from the truth, as one number to minimize.
//!
//! A loss is a [`Formula`] (one value per sample) and a [`Reduction`] (how values become a scalar). Every
//! formula stands in a file of its own kind, and serves the metric of the same name too.
//!
//! ```
//! use gradus_nn::losses::{Loss, MeanSquaredError};
//! use gradus_tensor::Tensor;
//! let (y_true, y_pred) = (Tensor::new([[0.0f32, 1.0]])?, Tensor::new([[1.0f32, 1.0]])?);
//! assert_eq!(MeanSquaredError::new().call(&y_true, &y_pred, None)?.item::<f32>()?, 0.5);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```

mod absolute_error;
mod binary_crossentropy;
mod categorical_crossentropy;
mod circle;
pub(crate) mod cosine_similarity;
mod ctc;
mod divergence;
mod focal_crossentropy;
pub(crate) mod formula;
mod generalized_crossentropy;
mod hinge;
mod huber;
pub(crate) mod identifier;
mod log_cosh;
mod logits;
mod loss;
mod overlap;
mod rank;
mod reduction;
mod sparse_categorical_crossentropy;
mod squared_error;

pub use absolute_error::{
    AbsoluteError, AbsolutePercentageError, MeanAbsoluteError, MeanAbsolutePercentageError,
    mean_absolute_error, mean_absolute_percentage_error,
};
pub use binary_crossentropy::{BinaryCrossentropy, BinaryCrossentropyFormula, binary_crossentropy};
pub use categorical_crossentropy::{
    CategoricalCrossentropy, CategoricalCrossentropyFormula, categorical_crossentropy,
};
pub use circle::{Circle, CircleFormula};
pub use cosine_similarity::{CosineSimilarity, CosineSimilarityFormula, cosine_similarity};
pub use ctc::{CTC, CtcFormula};
pub use divergence::{KLDivergence, KLDivergenceFormula, Poisson, PoissonFormula, kl_divergence, poisson};
pub use focal_crossentropy::{
    BinaryFocalCrossentropy, BinaryFocalFormula, CategoricalFocalCrossentropy, CategoricalFocalFormula,
    binary_focal_crossentropy, categorical_focal_crossentropy,
};
pub use formula::{Formula, FormulaLoss};
pub use generalized_crossentropy::{CategoricalGeneralizedCrossEntropy, GeneralizedCrossEntropyFormula};
pub use hinge::{
    CategoricalHinge, CategoricalHingeFormula, Hinge, HingeFormula, SquaredHinge, SquaredHingeFormula,
    categorical_hinge, hinge, squared_hinge,
};
pub use huber::{Huber, HuberFormula, huber};
pub use identifier::{IntoLoss, NAMES, from_config, get, resolve};
pub use log_cosh::{LogCosh, LogCoshFormula, log_cosh};
pub use logits::Logits;
pub use loss::Loss;
pub use overlap::{Dice, DiceFormula, Tversky, TverskyFormula};
pub use rank::squeeze_or_expand_to_same_rank;
pub use reduction::{Reduction, apply_mask, reduce_weighted_values};
pub use sparse_categorical_crossentropy::{
    SparseCategoricalCrossentropy, SparseCategoricalCrossentropyFormula, sparse_categorical_crossentropy,
};
pub use squared_error::{
    MeanSquaredError, MeanSquaredLogarithmicError, SquaredError, SquaredLogarithmicError, mean_squared_error,
    mean_squared_logarithmic_error,
};

/// Keras's fuzz factor, which keeps logarithms and quotients finite.
pub const EPSILON: f64 = 1e-7;
