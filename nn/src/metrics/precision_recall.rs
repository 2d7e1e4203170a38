//! How many of the answers are right, and how many of the right answers are given.

use super::confusion::{Confusion, NEG_INF, checked, evenly_distributed};
use super::mean_metric::Direction;
use super::metric::Metric;
use super::thresholds::Thresholds;
use gradus_autograd::Variable;
use gradus_tensor::{Result, Tensor};
use serde_json::{Value, json};

macro_rules! ratio {
    ($($(#[$m:meta])* $name:ident = $class:literal $snake:literal $other:ident;)*) => {$(
        $(#[$m])*
        #[derive(Clone, Debug)]
        pub struct $name {
            name: String,
            given: Thresholds,
            confusion: Confusion,
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $name {
            /// With the threshold 0.5.
            pub fn new() -> Self {
                Self::build(Thresholds::default(), None, None)
            }

            /// With these thresholds, of which each has its value. Errors for one outside of [0, 1].
            pub fn with_thresholds(thresholds: &[f64]) -> Result<Self> {
                checked(thresholds)?;
                Ok(Self::build(Thresholds::Several(thresholds.to_vec()), None, None))
            }

            /// Counts the `k` largest predictions of each sample as positive, whatever their value.
            #[must_use]
            pub fn top_k(self, k: usize) -> Self {
                Self::build(self.given, Some(k), self.confusion.class_id)
            }

            /// Looks at one class alone.
            #[must_use]
            pub fn class_id(self, class: usize) -> Self {
                Self::build(self.given, self.confusion.top_k, Some(class))
            }

            fn build(given: Thresholds, top_k: Option<usize>, class_id: Option<usize>) -> Self {
                let list = given.list(if top_k.is_none() { 0.5 } else { NEG_INF });
                let even = evenly_distributed(&list);
                let confusion = Confusion { top_k, class_id, ..Confusion::new(list, even) };
                $name { name: $snake.into(), given, confusion }
            }

            /// The metric of a Keras configuration.
            pub fn from_config(config: &Value) -> Result<Self> {
                let given = Thresholds::from_config(config)?;
                checked(&given.list(0.5))?;
                let size = |key: &str| config[key].as_u64().map(|n| n as usize);
                let mut metric = Self::build(given, size("top_k"), size("class_id"));
                metric.name = config["name"].as_str().unwrap_or($snake).into();
                Ok(metric)
            }
        }

        impl Metric for $name {
            fn name(&self) -> &str {
                &self.name
            }
            fn set_name(&mut self, name: &str) {
                self.name = name.to_string();
            }
            fn update_state(&mut self, y_true: &Tensor, y_pred: &Tensor, sample_weight: Option<&Tensor>) -> Result<()> {
                self.confusion.update(y_true, y_pred, sample_weight).map_err(|e| e.within(self.name.clone()))
            }
            fn result(&self) -> Result<Tensor> {
                let right = self.confusion.true_positives.value();
                let all = right.add(&self.confusion.$other.value())?;
                let ratio = right.div_no_nan(&all)?;
                if ratio.len() == 1 { ratio.reshape(()) } else { Ok(ratio) }
            }
            fn variables(&self) -> Vec<Variable> {
                vec![self.confusion.true_positives.clone(), self.confusion.$other.clone()]
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
            fn config(&self) -> Option<(&'static str, Value)> {
                Some(($class, json!({
                    "name": self.name,
                    "dtype": "float32",
                    "thresholds": self.given.config(),
                    "top_k": self.confusion.top_k,
                    "class_id": self.confusion.class_id,
                })))
            }
        }
    )*};
}
ratio! {
    /// How many of the predicted positives are positive: `tp / (tp + fp)`, 0 when nothing was predicted.
    Precision = "Precision" "precision" false_positives;
    /// How many of the positives were predicted: `tp / (tp + fn)`, 0 when there are none.
    Recall = "Recall" "recall" false_negatives;
}
