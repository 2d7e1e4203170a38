//! The area under a curve over thresholds.

use super::confusion::{Confusion, checked, even_thresholds, evenly_distributed};
use super::mean_metric::Direction;
use super::metric::Metric;
use crate::losses::EPSILON;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// True-positive rate over false-positive rate.
    #[default]
    #[serde(rename = "ROC", alias = "roc")]
    Roc,
    /// Precision over recall.
    #[serde(rename = "PR", alias = "pr")]
    PrecisionRecall,
    /// Precision gain over recall gain.
    #[serde(rename = "PRGAIN", alias = "prgain")]
    PrecisionRecallGain,
}

/// How the area between two thresholds is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Summation {
    /// Trapezoids; for precision and recall, the interpolation of Davis & Goadrich 2006.
    #[default]
    Interpolation,
    /// The larger of the two ends.
    Majoring,
    /// The smaller of the two ends.
    Minoring,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Options {
    num_thresholds: usize,
    curve: Curve,
    summation_method: Summation,
    thresholds: Option<Vec<f64>>,
    multi_label: bool,
    num_labels: Option<usize>,
    label_weights: Option<Vec<f64>>,
    from_logits: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            num_thresholds: 200,
            curve: Curve::Roc,
            summation_method: Summation::Interpolation,
            thresholds: None,
            multi_label: false,
            num_labels: None,
            label_weights: None,
            from_logits: false,
        }
    }
}

/// The area under the ROC curve (or the precision-recall curve), from counts at 200 thresholds.
#[derive(Clone, Debug)]
pub struct AUC {
    name: String,
    options: Options,
    /// Absent until the number of labels is known, when labels are counted apart.
    confusion: Option<Confusion>,
}

impl Default for AUC {
    fn default() -> Self {
        Self::new()
    }
}

impl AUC {
    /// The area under the ROC curve.
    pub fn new() -> Self {
        AUC { name: "auc".into(), options: Options::default(), confusion: None }.built()
    }

    /// Which curve; ROC by default.
    #[must_use]
    pub fn curve(mut self, curve: Curve) -> Self {
        self.options.curve = curve;
        self
    }

    /// How areas are taken; by interpolation by default.
    #[must_use]
    pub fn summation_method(mut self, method: Summation) -> Self {
        self.options.summation_method = method;
        self
    }

    /// How many thresholds, at least 2; 200 by default.
    #[must_use]
    pub fn num_thresholds(mut self, n: usize) -> Self {
        self.options.num_thresholds = n.max(2);
        self.built()
    }

    /// The mean of an area per label, rather than one area for all.
    #[must_use]
    pub fn multi_label(mut self, yes: bool) -> Self {
        self.options.multi_label = yes;
        self.built()
    }

    /// Predictions are logits rather than probabilities; false by default.
    #[must_use]
    pub fn from_logits(mut self, yes: bool) -> Self {
        self.options.from_logits = yes;
        self
    }

    /// The metric of a Keras configuration.
    pub fn from_config(config: &Value) -> Result<Self> {
        let options: Options = serde_json::from_value(config.clone())
            .map_err(|e| Error::value(format!("AUC: its configuration does not fit: {e}")))?;
        checked(options.thresholds.as_deref().unwrap_or_default())?;
        if options.thresholds.is_none() && options.num_thresholds < 2 {
            return Err(Error::value(format!(
                "AUC: num_thresholds must be at least 2, found {}",
                options.num_thresholds
            )));
        }
        let name = config["name"].as_str().unwrap_or("auc").into();
        Ok(AUC { name, options, confusion: None }.built())
    }

    /// With counts, as far as the number of labels is known.
    fn built(mut self) -> Self {
        self.confusion = match (self.options.multi_label, self.options.num_labels) {
            (false, _) => Some(self.counts(None)),
            (true, Some(labels)) => Some(self.counts(Some(labels))),
            (true, None) => None,
        };
        self
    }

    fn counts(&self, labels: Option<usize>) -> Confusion {
        let mut between = match &self.options.thresholds {
            Some(list) => list.clone(),
            None => {
                let all = even_thresholds(self.options.num_thresholds);
                all[1..all.len() - 1].to_vec()
            }
        };
        between.sort_by(f64::total_cmp);
        let closed: Vec<f64> = [0.0].into_iter().chain(between.iter().copied()).chain([1.0]).collect();
        let even = self.options.thresholds.is_none() || evenly_distributed(&closed);
        // The outer thresholds lie beyond 0 and 1, so that these count too.
        let mut thresholds = closed;
        let last = thresholds.len() - 1;
        thresholds[0] = -EPSILON;
        thresholds[last] = 1.0 + EPSILON;
        let confusion = Confusion::new(thresholds, even);
        match labels {
            Some(n) => confusion.per_label(n),
            None => Confusion { label_weights: self.options.label_weights.clone(), ..confusion },
        }
    }

    /// The sum of areas: one, or the mean over the labels.
    fn total(&self, areas: &Tensor) -> Result<Tensor> {
        let by_label = areas.reduce_sum(0, false)?;
        if !self.options.multi_label {
            return Ok(by_label);
        }
        match &self.options.label_weights {
            None => by_label.reduce_mean((), false),
            Some(list) => {
                let w = Tensor::from_slice(list, [list.len()])?.cast(DType::F32)?;
                by_label.mul(&w)?.reduce_sum((), false)?.div_no_nan(&w.reduce_sum((), false)?)
            }
        }
    }
}

/// All thresholds but the last, and all but the first.
fn ends(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let n = x.shape()[0];
    let mut pieces = x.split_sizes(&[1, n - 1], 0)?;
    let upper = pieces.swap_remove(1);
    let mut pieces = x.split_sizes(&[n - 1, 1], 0)?;
    Ok((pieces.swap_remove(0), upper))
}

/// Davis & Goadrich's interpolation: between two thresholds, true positives grow linearly with positives.
fn interpolated(c: &Confusion) -> Result<Tensor> {
    let tp = c.true_positives.value();
    let (tp_low, tp_high) = ends(&tp)?;
    let (p_low, p_high) = ends(&tp.add(&c.false_positives.value())?)?;
    let zero = tp.like(0.0)?;
    let dtp = tp_low.sub(&tp_high)?;
    let slope = dtp.div_no_nan(&p_low.sub(&p_high)?.maximum(&zero)?)?;
    let intercept = tp_high.sub(&slope.mul(&p_high)?)?;
    let both = p_low.greater(&zero)?.logical_and(&p_high.greater(&zero)?)?;
    let ratio = both.select(&p_low.div_no_nan(&p_high.maximum(&zero)?)?, &p_high.ones_like()?)?;
    let (_, fn_high) = ends(&c.false_negatives.value())?;
    let positives = tp_high.add(&fn_high)?.maximum(&zero)?;
    slope.mul(&dtp.add(&intercept.mul(&ratio.log()?)?)?)?.div_no_nan(&positives)
}

/// Abscissa and ordinate of the curve at every threshold.
fn curve(c: &Confusion, kind: Curve) -> Result<(Tensor, Tensor)> {
    let [tp, fp, tn, fns] =
        [&c.true_positives, &c.false_positives, &c.true_negatives, &c.false_negatives].map(Variable::value);
    let recall = tp.div_no_nan(&tp.add(&fns)?)?;
    Ok(match kind {
        Curve::Roc => (fp.div_no_nan(&fp.add(&tn)?)?, recall),
        Curve::PrecisionRecall => (recall, tp.div_no_nan(&tp.add(&fp)?)?),
        Curve::PrecisionRecallGain => {
            let (zero, one) = (tp.like(0.0)?, tp.like(1.0)?);
            let scale = tp.add(&fns)?.div_no_nan(&tn.add(&fp)?)?;
            let none = tp.equal(&zero)?;
            let gain = |wrong: &Tensor| one.sub(&scale.mul(&wrong.div_no_nan(&tp)?)?);
            let recall = none.select(&zero, &gain(&fns)?)?.maximum(&zero)?;
            (recall, none.select(&one, &gain(&fp)?)?)
        }
    })
}

impl Metric for AUC {
    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        self.name = name.to_string();
    }

    fn update_state(
        &mut self,
        y_true: &Tensor,
        y_pred: &Tensor,
        sample_weight: Option<&Tensor>,
    ) -> Result<()> {
        if self.confusion.is_none() {
            let [_, labels] = y_pred.dims::<2>().map_err(|e| e.within(self.name.clone()))?;
            self.confusion = Some(self.counts(Some(labels)));
        }
        let y_pred = if self.options.from_logits { y_pred.sigmoid()? } else { y_pred.clone() };
        match &self.confusion {
            Some(c) => c.update(y_true, &y_pred, sample_weight).map_err(|e| e.within(self.name.clone())),
            None => Ok(()),
        }
    }

    fn result(&self) -> Result<Tensor> {
        let Some(c) = &self.confusion else { return Ok(Tensor::scalar(0.0f32)) };
        let (kind, method) = (self.options.curve, self.options.summation_method);
        if kind == Curve::PrecisionRecall && method == Summation::Interpolation {
            return self.total(&interpolated(c)?);
        }
        let (x, y) = curve(c, kind)?;
        let ((x_low, x_high), (y_low, y_high)) = (ends(&x)?, ends(&y)?);
        let height = match method {
            Summation::Interpolation => y_low.add(&y_high)?.div(&y.like(2.0)?)?,
            Summation::Majoring => y_low.maximum(&y_high)?,
            Summation::Minoring => y_low.minimum(&y_high)?,
        };
        self.total(&x_low.sub(&x_high)?.mul(&height)?)
    }

    fn variables(&self) -> Vec<Variable> {
        let Some(c) = &self.confusion else { return Vec::new() };
        [&c.true_positives, &c.false_positives, &c.true_negatives, &c.false_negatives]
            .map(Clone::clone)
            .to_vec()
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Up)
    }

    fn config(&self) -> Option<(&'static str, Value)> {
        let mut c = serde_json::to_value(&self.options).ok()?;
        c["name"] = json!(self.name);
        c["dtype"] = json!("float32");
        Some(("AUC", c))
    }
}
