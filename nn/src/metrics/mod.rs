//! Metrics: numbers to watch while a model trains, accumulated over batches.
//!
//! ```
//! use gradus_nn::metrics::{Metric, SparseCategoricalAccuracy};
//! use gradus_tensor::Tensor;
//! let mut accuracy = SparseCategoricalAccuracy::new();
//! accuracy.update_state(&Tensor::new([1, 0])?, &Tensor::new([[0.1f32, 0.9], [0.2, 0.8]])?, None)?;
//! assert_eq!(accuracy.result()?.item::<f32>()?, 0.5);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! State lives in variables, and updates are written with operations, so that metrics run inside traces.

mod accuracy;
mod at_fixed;
mod auc;
mod confusion;
mod confusion_counts;
mod correlation;
mod f_score;
mod identifier;
mod iou;
mod loss_metrics;
mod mean;
mod mean_metric;
mod metric;
mod precision_recall;
mod r2_score;
mod root_mean_squared_error;
mod samplewise;
mod thresholds;
mod top_k_accuracy;

pub use accuracy::{
    Accuracy, AccuracyFormula, BinaryAccuracy, BinaryAccuracyFormula, CategoricalAccuracy,
    CategoricalAccuracyFormula, SparseCategoricalAccuracy, SparseCategoricalAccuracyFormula, binary_accuracy,
    categorical_accuracy, sparse_categorical_accuracy,
};
pub use at_fixed::{
    PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity,
};
pub use auc::{AUC, Curve, Summation};
pub use confusion_counts::{FalseNegatives, FalsePositives, TrueNegatives, TruePositives};
pub use correlation::{ConcordanceCorrelation, ConcordanceMeasure, PearsonCorrelation, PearsonMeasure};
pub use f_score::{Average, F1Score, FBetaScore};
pub use identifier::{IntoMetric, NAMES, from_config, get, resolve};
pub use iou::{BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU};
pub use loss_metrics::{
    BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, CosineSimilarity, Hinge, KLDivergence,
    LogCoshError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy, SquaredHinge,
};
pub use mean::{Mean, Sum};
pub use mean_metric::{Direction, MeanMetric, Measure};
pub use metric::Metric;
pub use precision_recall::{Precision, Recall};
pub use r2_score::{ClassAggregation, R2Score};
pub use root_mean_squared_error::RootMeanSquaredError;
pub use top_k_accuracy::{
    SparseTopKCategoricalAccuracy, SparseTopKFormula, TopKCategoricalAccuracy, TopKFormula,
};
