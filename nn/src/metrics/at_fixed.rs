//! The best of one quality that another one, held at a bound, allows.

use super::confusion::{Confusion, even_thresholds};
use super::mean_metric::Direction;
use super::metric::Metric;
use gradus_autograd::Variable;
use gradus_tensor::{Error, Result, Tensor};
use serde_json::{Value, json};

/// A quality at every threshold.
fn ratio(part: &Variable, rest: &Variable) -> Result<Tensor> {
    let part = part.value();
    part.div_no_nan(&part.add(&rest.value())?)
}

macro_rules! at {
    ($($(#[$m:meta])* $name:ident = $class:literal $snake:literal $key:literal
        held $h1:ident / $h2:ident, wanted $w1:ident / $w2:ident;)*) => {$(
        $(#[$m])*
        #[derive(Clone, Debug)]
        pub struct $name {
            name: String,
            bound: f64,
            confusion: Confusion,
        }

        impl $name {
            /// At that bound, over 200 thresholds. Errors for a bound outside of [0, 1].
            pub fn new(bound: f64) -> Result<Self> {
                Self::with_thresholds(bound, 200)
            }

            /// At that bound, over so many thresholds from 0 to 1.
            pub fn with_thresholds(bound: f64, num_thresholds: usize) -> Result<Self> {
                if !(0.0..=1.0).contains(&bound) || num_thresholds == 0 {
                    return Err(Error::value(format!(
                        "{}: expected {} in [0, 1] and at least one threshold, found {bound} and {num_thresholds}",
                        $class, $key
                    )));
                }
                let confusion = Confusion::new(even_thresholds(num_thresholds), num_thresholds > 1);
                Ok($name { name: $snake.into(), bound, confusion })
            }

            /// Looks at one class alone.
            #[must_use]
            pub fn class_id(mut self, class: usize) -> Self {
                self.confusion.class_id = Some(class);
                self
            }

            /// The metric of a Keras configuration.
            pub fn from_config(config: &Value) -> Result<Self> {
                let bound = config[$key].as_f64().ok_or_else(|| {
                    Error::value(format!("{}: its configuration has no {}", $class, $key))
                })?;
                let n = config["num_thresholds"].as_u64().unwrap_or(200);
                let mut metric = Self::with_thresholds(bound, usize::try_from(n).unwrap_or(usize::MAX))?;
                metric.confusion.class_id = config["class_id"].as_u64().map(|n| n as usize);
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
                let held = ratio(&self.confusion.$h1, &self.confusion.$h2)?;
                let wanted = ratio(&self.confusion.$w1, &self.confusion.$w2)?;
                let feasible = held.greater_equal(&held.like(self.bound)?)?;
                feasible.select(&wanted, &wanted.like(0.0)?)?.reduce_max((), false)
            }
            fn variables(&self) -> Vec<Variable> {
                let c = &self.confusion;
                [&c.true_positives, &c.false_positives, &c.true_negatives, &c.false_negatives]
                    .map(Clone::clone)
                    .to_vec()
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
            fn config(&self) -> Option<(&'static str, Value)> {
                let mut c = json!({
                    "name": self.name,
                    "dtype": "float32",
                    "num_thresholds": self.confusion.thresholds.len(),
                    "class_id": self.confusion.class_id,
                });
                c[$key] = json!(self.bound);
                Some(($class, c))
            }
        }
    )*};
}
at! {
    /// The best sensitivity, `tp / (tp + fn)`, where the specificity is at least the bound.
    SensitivityAtSpecificity = "SensitivityAtSpecificity" "sensitivity_at_specificity" "specificity"
        held true_negatives / false_positives, wanted true_positives / false_negatives;
    /// The best specificity, `tn / (tn + fp)`, where the sensitivity is at least the bound.
    SpecificityAtSensitivity = "SpecificityAtSensitivity" "specificity_at_sensitivity" "sensitivity"
        held true_positives / false_negatives, wanted true_negatives / false_positives;
    /// The best precision, `tp / (tp + fp)`, where the recall is at least the bound.
    PrecisionAtRecall = "PrecisionAtRecall" "precision_at_recall" "recall"
        held true_positives / false_negatives, wanted true_positives / false_positives;
    /// The best recall, `tp / (tp + fn)`, where the precision is at least the bound.
    RecallAtPrecision = "RecallAtPrecision" "recall_at_precision" "precision"
        held true_positives / false_positives, wanted true_positives / false_negatives;
}
