//! The four counts as metrics.

use super::confusion::{Confusion, checked, evenly_distributed};
use super::metric::Metric;
use super::thresholds::Thresholds;
use gradus_autograd::Variable;
use gradus_tensor::{Result, Tensor};
use serde_json::{Value, json};

macro_rules! counts {
    ($($(#[$m:meta])* $name:ident = $class:literal $snake:literal $field:ident;)*) => {$(
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
                Self::build(Thresholds::default())
            }

            /// With these thresholds, of which each has its count. Errors for one outside of [0, 1].
            pub fn with_thresholds(thresholds: &[f64]) -> Result<Self> {
                checked(thresholds)?;
                Ok(Self::build(Thresholds::Several(thresholds.to_vec())))
            }

            fn build(given: Thresholds) -> Self {
                let list = given.list(0.5);
                let even = evenly_distributed(&list);
                let confusion = Confusion::new(list, even);
                confusion.$field.set_name("accumulator");
                $name { name: $snake.into(), given, confusion }
            }

            /// The metric of a Keras configuration.
            pub fn from_config(config: &Value) -> Result<Self> {
                let given = Thresholds::from_config(config)?;
                checked(&given.list(0.5))?;
                let mut metric = Self::build(given);
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
                let counts = self.confusion.$field.value();
                if counts.len() == 1 { counts.reshape(()) } else { Ok(counts) }
            }
            fn variables(&self) -> Vec<Variable> {
                vec![self.confusion.$field.clone()]
            }
            fn config(&self) -> Option<(&'static str, Value)> {
                Some(($class, json!({"name": self.name, "thresholds": self.given.config()})))
            }
        }
    )*};
}
counts! {
    /// How many positives were predicted positive: `y_pred > threshold` and `y_true` not 0.
    TruePositives = "TruePositives" "true_positives" true_positives;
    /// How many negatives were predicted positive.
    FalsePositives = "FalsePositives" "false_positives" false_positives;
    /// How many negatives were predicted negative.
    TrueNegatives = "TrueNegatives" "true_negatives" true_negatives;
    /// How many positives were predicted negative.
    FalseNegatives = "FalseNegatives" "false_negatives" false_negatives;
}
