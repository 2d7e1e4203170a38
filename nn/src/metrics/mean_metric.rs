//! The mean of a value per sample, as a metric.

use super::mean::Mean;
use super::metric::Metric;
use crate::losses::{Reduction, apply_mask, squeeze_or_expand_to_same_rank};
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Debug;

/// Whether a metric is better large or small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// One value per sample, whose mean a [`MeanMetric`] reports; the fields are its options.
pub trait Measure: Debug + Clone + Default + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Keras's class name of the metric.
    const CLASS: &'static str;
    /// Keras's name of an instance.
    const NAME: &'static str;
    /// Whether more is better.
    const DIRECTION: Direction;

    /// The values of a batch.
    fn values(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Tensor>;

    /// Which values keep their weight, when the targets themselves say so. As in Keras, without weights all count.
    fn mask(&self, y_true: &Tensor, y_pred: &Tensor) -> Result<Option<Tensor>> {
        let _ = (y_true, y_pred);
        Ok(None)
    }
}

/// The weighted mean of a [`Measure`] over all samples seen.
#[derive(Clone, Debug)]
pub struct MeanMetric<M> {
    pub(super) measure: M,
    mean: Mean,
}

impl<M: Measure> Default for MeanMetric<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Measure> MeanMetric<M> {
    /// The metric with Keras's defaults.
    pub fn new() -> Self {
        MeanMetric { measure: M::default(), mean: Mean::new(M::NAME) }
    }

    /// The name in histories.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.mean.set_name(name);
        self
    }

    /// The metric of a Keras configuration; absent keys take their defaults.
    pub fn from_config(config: &Value) -> Result<Self> {
        let measure = serde_json::from_value(config.clone())
            .map_err(|e| Error::value(format!("{}: its configuration does not fit: {e}", M::CLASS)))?;
        let metric = MeanMetric { measure, mean: Mean::new(M::NAME) };
        Ok(match config["name"].as_str() {
            Some(name) => metric.named(name),
            None => metric,
        })
    }
}

/// Predictions and truth as measures take them: of one rank, where a last axis of size 1 is all that differs.
pub(super) fn matched(y_true: &Tensor, y_pred: &Tensor) -> Result<(Tensor, Tensor)> {
    squeeze_or_expand_to_same_rank(y_true, y_pred, true)
}

impl<M: Measure> Metric for MeanMetric<M> {
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
        let within = |e: Error| e.within(self.mean.name());
        let values = self.measure.values(y_true, y_pred).map_err(within)?;
        let mask = match sample_weight {
            Some(_) => self.measure.mask(y_true, y_pred).map_err(within)?,
            None => None,
        };
        let weight = match mask {
            Some(mask) => Some(apply_mask(sample_weight, &mask, &values.cast(DType::F32)?, Reduction::Sum)?),
            None => sample_weight.cloned(),
        };
        self.mean.update_state(&values, weight.as_ref())
    }

    fn result(&self) -> Result<Tensor> {
        self.mean.result()
    }

    fn variables(&self) -> Vec<Variable> {
        self.mean.variables()
    }

    fn direction(&self) -> Option<Direction> {
        Some(M::DIRECTION)
    }

    fn config(&self) -> Option<(&'static str, Value)> {
        let mut all = Map::new();
        all.insert("name".into(), self.mean.name().into());
        all.insert("dtype".into(), "float32".into());
        if let Value::Object(own) = serde_json::to_value(&self.measure).ok()? {
            all.extend(own);
        }
        Some((M::CLASS, Value::Object(all)))
    }
}

/// Declares a measure without options, and its metric.
macro_rules! plain_measure {
    ($(#[$m:meta])* $measure:ident, $metric:ident = $class:literal, $name:literal, $direction:ident, |$t:ident, $p:ident| $body:expr) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $measure {}

        $(#[$m])*
        pub type $metric = $crate::metrics::MeanMetric<$measure>;

        impl $crate::metrics::Measure for $measure {
            const CLASS: &'static str = $class;
            const NAME: &'static str = $name;
            const DIRECTION: $crate::metrics::Direction = $crate::metrics::Direction::$direction;
            fn values(
                &self,
                $t: &gradus_tensor::Tensor,
                $p: &gradus_tensor::Tensor,
            ) -> gradus_tensor::Result<gradus_tensor::Tensor> {
                $body
            }
        }
    };
}
pub(super) use plain_measure;
