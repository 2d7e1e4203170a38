//! True and false, positive and negative: counts over thresholds, which most metrics of yes-or-no answers share.

use super::metric::state;
use crate::losses::squeeze_or_expand_to_same_rank;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};

/// What stands for minus infinity where all but the best classes are put out of the running.
pub(super) const NEG_INF: f64 = -1e10;

/// Weighted counts per threshold (and per label, when labels are counted apart).
#[derive(Clone, Debug)]
pub(super) struct Confusion {
    pub true_positives: Variable,
    pub false_positives: Variable,
    pub true_negatives: Variable,
    pub false_negatives: Variable,
    pub thresholds: Vec<f64>,
    /// Even thresholds put predictions into buckets, as Keras does, which rounds otherwise than comparing.
    pub even: bool,
    pub top_k: Option<usize>,
    pub class_id: Option<usize>,
    pub multi_label: bool,
    pub label_weights: Option<Vec<f64>>,
}

impl Confusion {
    /// Empty counts for these thresholds.
    pub fn new(thresholds: Vec<f64>, even: bool) -> Confusion {
        let n = [thresholds.len()];
        Confusion {
            true_positives: state("true_positives", &n),
            false_positives: state("false_positives", &n),
            true_negatives: state("true_negatives", &n),
            false_negatives: state("false_negatives", &n),
            thresholds,
            even,
            top_k: None,
            class_id: None,
            multi_label: false,
            label_weights: None,
        }
    }

    /// Counts per label too: `[thresholds, labels]`.
    pub fn per_label(mut self, labels: usize) -> Confusion {
        let shape = [self.thresholds.len(), labels];
        self.true_positives = state("true_positives", &shape);
        self.false_positives = state("false_positives", &shape);
        self.true_negatives = state("true_negatives", &shape);
        self.false_negatives = state("false_negatives", &shape);
        self.multi_label = true;
        self
    }

    /// Counts a batch. Labels are true where they are not 0; predictions are probabilities.
    pub fn update(&self, y_true: &Tensor, y_pred: &Tensor, sample_weight: Option<&Tensor>) -> Result<()> {
        let (t, p) = (y_true.cast(DType::F32)?, y_pred.cast(DType::F32)?);
        let (mut p, mut t) = squeeze_or_expand_to_same_rank(&p, &t, true)?;
        if t.shape() != p.shape() {
            return Err(Error::shape(format!(
                "the labels have shape {}, the predictions {}; they must be the same",
                y_true.shape(),
                y_pred.shape()
            )));
        }
        let weight = match sample_weight {
            Some(w) => {
                let w = w.cast(DType::F32)?.expand_dims(-1)?;
                Some(squeeze_or_expand_to_same_rank(&t, &w, false)?.1)
            }
            None => None,
        };
        if let Some(k) = self.top_k {
            p = best_only(&p, k)?;
        }
        if let Some(class) = self.class_id {
            if p.rank() < 2 || class >= p.shape()[p.rank() - 1] {
                return Err(Error::shape(format!(
                    "class_id {class}: expected predictions [samples, classes], found shape {}",
                    p.shape()
                )));
            }
            let index = Tensor::new([class as i64])?;
            t = t.gather(&index, -1)?;
            p = p.gather(&index, -1)?;
        }
        let mut w = match weight {
            Some(w) => w.broadcast_to(p.shape().clone())?,
            None => p.ones_like()?,
        };
        if let (Some(list), false) = (&self.label_weights, self.multi_label) {
            w = w.mul(&Tensor::from_slice(list, [list.len()])?.cast(DType::F32)?)?;
        }
        // [1, samples, labels], where labels that are not counted apart are samples too.
        let labels = if self.multi_label { *p.shape().last().unwrap_or(&1) } else { 1 };
        let shape = [1, p.len() / labels.max(1), labels];
        let (t, p, w) = (t.reshape(shape)?, p.reshape(shape)?, w.reshape(shape)?);
        let t = t.not_equal(&t.like(0)?)?.cast(DType::F32)?;
        let yes = t.mul(&w)?;
        let no = t.like(1.0)?.sub(&t)?.mul(&w)?;
        let positive = self.positive(&p)?.cast(DType::F32)?;
        let counted = |x: &Tensor| -> Result<Tensor> {
            let n = positive.mul(x)?.reduce_sum(1, false)?;
            if self.multi_label { Ok(n) } else { n.squeeze(-1) }
        };
        let all = |x: &Tensor| -> Result<Tensor> {
            let n = x.reduce_sum(1, false)?;
            if self.multi_label { Ok(n) } else { n.squeeze(-1) }
        };
        let (tp, fp) = (counted(&yes)?, counted(&no)?);
        self.false_negatives.assign_add(&all(&yes)?.sub(&tp)?)?;
        self.true_negatives.assign_add(&all(&no)?.sub(&fp)?)?;
        self.true_positives.assign_add(&tp)?;
        self.false_positives.assign_add(&fp)
    }

    /// `[thresholds, samples, labels]`: which predictions are above which thresholds.
    fn positive(&self, p: &Tensor) -> Result<Tensor> {
        let n = self.thresholds.len();
        if !self.even {
            let thresholds: Vec<f32> = self.thresholds.iter().map(|t| *t as f32).collect();
            return p.greater(&Tensor::from_vec(thresholds, [n, 1, 1])?);
        }
        let steps = p.like((n - 1) as f64)?;
        let mut bucket = p.clip(0.0, 1.0)?.mul(&steps)?.ceil()?.sub(&p.like(1.0)?)?;
        if self.thresholds[0] < 0.0 {
            // A threshold below 0 is passed by 0 itself.
            bucket = bucket.relu()?;
        }
        bucket.greater_equal(&Tensor::range(n as f32)?.reshape([n, 1, 1])?)
    }
}

/// The predictions with all but the `k` largest along the last axis put out of the running.
fn best_only(p: &Tensor, k: usize) -> Result<Tensor> {
    let classes = p.shape().last().copied().unwrap_or(0);
    let (_, best) = p.top_k(k)?;
    let chosen = best.one_hot(classes)?.cast(p.dtype())?.reduce_sum(-2, false)?;
    let out = p.like(1.0)?.sub(&chosen)?.mul(&p.like(NEG_INF)?)?;
    p.mul(&chosen)?.add(&out)
}

/// Thresholds in [0, 1], or an error that names the first one outside.
pub(super) fn checked(thresholds: &[f64]) -> Result<()> {
    match thresholds.iter().find(|t| !(0.0..=1.0).contains(*t)) {
        None => Ok(()),
        Some(t) => Err(Error::value(format!("thresholds must be in [0, 1], found {t}"))),
    }
}

/// True for 0, 1/(n-1), .., 1, within the tolerance of numpy's `allclose`.
pub(super) fn evenly_distributed(thresholds: &[f64]) -> bool {
    let last = thresholds.len().saturating_sub(1) as f64;
    let near = |(i, t): (usize, &f64)| {
        let want = i as f64 / last;
        (t - want).abs() <= 1e-7 + 1e-5 * want
    };
    thresholds.len() >= 3 && thresholds.iter().enumerate().all(near)
}

/// `n` thresholds from 0 to 1.
pub(super) fn even_thresholds(n: usize) -> Vec<f64> {
    match n {
        0 | 1 => vec![0.5],
        _ => (0..n).map(|i| i as f64 / (n - 1) as f64).collect(),
    }
}
