//! The harmonic mean of precision and recall.

use super::mean_metric::Direction;
use super::metric::{Metric, state};
use crate::losses::EPSILON;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How the scores of several classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Average {
    /// One score over the counts of all classes.
    Micro,
    /// The mean of the classes' scores.
    Macro,
    /// Their mean, weighted with how often each class occurs.
    Weighted,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Options {
    average: Option<Average>,
    beta: f64,
    threshold: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Options { average: None, beta: 1.0, threshold: None }
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        if !(self.beta > 0.0) {
            return Err(Error::value(format!("FBetaScore: beta must be > 0, found {}", self.beta)));
        }
        match self.threshold {
            Some(t) if !(t > 0.0 && t <= 1.0) => {
                Err(Error::value(format!("FBetaScore: threshold must be in (0, 1], found {t}")))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Debug)]
struct Counts {
    true_positives: Variable,
    false_positives: Variable,
    false_negatives: Variable,
    intermediate_weights: Variable,
}

/// The score's state and formula, shared by both metrics.
#[derive(Clone, Debug)]
struct Score {
    options: Options,
    /// Absent until the number of classes is known.
    counts: Option<Counts>,
}

impl Score {
    fn update(&mut self, y_true: &Tensor, y_pred: &Tensor, sample_weight: Option<&Tensor>) -> Result<()> {
        let (t, p) = (y_true.cast(DType::F32)?, y_pred.cast(DType::F32)?);
        if t.rank() != 2 || t.shape() != p.shape() {
            return Err(Error::shape(format!(
                "expected labels and predictions [samples, classes], found {} and {}",
                t.shape(),
                p.shape()
            )));
        }
        let micro = self.options.average == Some(Average::Micro);
        let counts = self.counts.get_or_insert_with(|| {
            let classes = [p.shape()[1]];
            let shape: &[usize] = if micro { &[] } else { &classes };
            Counts {
                true_positives: state("true_positives", shape),
                false_positives: state("false_positives", shape),
                false_negatives: state("false_negatives", shape),
                intermediate_weights: state("intermediate_weights", shape),
            }
        });
        let one = p.like(1.0)?;
        let chosen = match self.options.threshold {
            // Without a threshold the largest is meant, unless all are zero.
            None => {
                p.greater_equal(&p.reduce_max(-1, true)?)?.logical_and(&p.abs()?.greater(&p.like(1e-9)?)?)?
            }
            Some(at) => p.greater(&p.like(at)?)?,
        };
        let p = chosen.cast(DType::F32)?;
        let weight = sample_weight.map(|w| w.cast(DType::F32)?.expand_dims(1)).transpose()?;
        let add = |to: &Variable, x: Tensor| -> Result<()> {
            let x = match &weight {
                Some(w) => x.mul(w)?,
                None => x,
            };
            to.assign_add(&if micro { x.reduce_sum((), false)? } else { x.reduce_sum(0, false)? })
        };
        add(&counts.true_positives, p.mul(&t)?)?;
        add(&counts.false_positives, p.mul(&one.sub(&t)?)?)?;
        add(&counts.false_negatives, one.sub(&p)?.mul(&t)?)?;
        add(&counts.intermediate_weights, t)
    }

    fn result(&self) -> Result<Tensor> {
        let Some(c) = &self.counts else { return Ok(Tensor::scalar(0.0f32)) };
        let tp = c.true_positives.value();
        let epsilon = tp.like(EPSILON)?;
        let ratio = |rest: &Variable| tp.div(&tp.add(&rest.value())?.add(&epsilon)?);
        let (precision, recall) = (ratio(&c.false_positives)?, ratio(&c.false_negatives)?);
        let square = self.options.beta * self.options.beta;
        let sum = precision.mul(&tp.like(square)?)?.add(&recall)?.add(&epsilon)?;
        let score = precision.mul(&recall)?.div(&sum)?.mul(&tp.like(1.0 + square)?)?;
        match self.options.average {
            None => Ok(score),
            Some(Average::Weighted) => {
                let w = c.intermediate_weights.value();
                let w = w.div(&w.reduce_sum((), false)?.add(&epsilon)?)?;
                score.mul(&w)?.reduce_sum((), false)
            }
            Some(_) => score.reduce_mean((), false),
        }
    }

    fn variables(&self) -> Vec<Variable> {
        let Some(c) = &self.counts else { return Vec::new() };
        [&c.true_positives, &c.false_positives, &c.false_negatives, &c.intermediate_weights]
            .map(Clone::clone)
            .to_vec()
    }
}

macro_rules! score {
    ($($(#[$m:meta])* $name:ident = $class:literal $snake:literal [$($key:literal)*];)*) => {$(
        $(#[$m])*
        #[derive(Clone, Debug)]
        pub struct $name {
            name: String,
            score: Score,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { name: $snake.into(), score: Score { options: Options::default(), counts: None } }
            }
        }

        impl $name {
            /// One score per class, the largest prediction being the answer.
            pub fn new() -> Self {
                Self::default()
            }

            /// How the classes' scores become one; they stay apart by default.
            #[must_use]
            pub fn average(mut self, average: Average) -> Self {
                self.score.options.average = Some(average);
                self
            }

            /// Predictions above it are answers, in (0, 1]; without one, the largest is.
            #[must_use]
            pub fn threshold(mut self, threshold: f64) -> Self {
                self.score.options.threshold = Some(threshold);
                self
            }

            /// The metric of a Keras configuration.
            pub fn from_config(config: &Value) -> Result<Self> {
                let options: Options = serde_json::from_value(config.clone())
                    .map_err(|e| Error::value(format!("{}: its configuration does not fit: {e}", $class)))?;
                options.check()?;
                let name = config["name"].as_str().unwrap_or($snake).into();
                Ok($name { name, score: Score { options, counts: None } })
            }
        }

        impl Metric for $name {
            fn name(&self) -> &str {
                &self.name
            }
            fn set_name(&mut self, name: &str) {
                self.name = name.to_string();
            }
            /// Labels and predictions are `[samples, classes]`.
            fn update_state(&mut self, y_true: &Tensor, y_pred: &Tensor, sample_weight: Option<&Tensor>) -> Result<()> {
                self.score.options.check()?;
                self.score.update(y_true, y_pred, sample_weight).map_err(|e| e.within(self.name.clone()))
            }
            fn result(&self) -> Result<Tensor> {
                self.score.result()
            }
            fn variables(&self) -> Vec<Variable> {
                self.score.variables()
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
            fn config(&self) -> Option<(&'static str, Value)> {
                let all = serde_json::to_value(self.score.options).ok()?;
                let mut c = json!({"name": self.name, "dtype": "float32"});
                $(c[$key] = all[$key].clone();)*
                Some(($class, c))
            }
        }
    )*};
}
score! {
    /// `(1 + beta^2) * precision * recall / (beta^2 * precision + recall)`, class by class or averaged.
    FBetaScore = "FBetaScore" "fbeta_score" ["average" "beta" "threshold"];
    /// [`FBetaScore`] with beta = 1: the harmonic mean of precision and recall.
    F1Score = "F1Score" "f1_score" ["average" "threshold"];
}

impl FBetaScore {
    /// How much more recall counts than precision; 1 by default.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.score.options.beta = beta;
        self
    }
}
