//! Intersection over union of classes: the metrics of segmentation.

use super::mean_metric::Direction;
use super::metric::Metric;
use crate::losses::EPSILON;
use gradus_autograd::Variable;
use gradus_tensor::{DType, Error, Result, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The matrix of true against predicted classes, and what is read off it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
struct Overlap {
    num_classes: usize,
    target_class_ids: Vec<usize>,
    ignore_class: Option<i64>,
    sparse_y_true: bool,
    sparse_y_pred: bool,
    axis: isize,
    threshold: Option<f64>,
}

impl Default for Overlap {
    fn default() -> Self {
        Overlap {
            num_classes: 0,
            target_class_ids: Vec::new(),
            ignore_class: None,
            sparse_y_true: true,
            sparse_y_pred: true,
            axis: -1,
            threshold: None,
        }
    }
}

impl Overlap {
    fn check(&self, class: &str) -> Result<()> {
        match self.target_class_ids.iter().find(|id| **id >= self.num_classes) {
            None if self.num_classes > 0 => Ok(()),
            None => Err(Error::value(format!("{class}: num_classes must be at least 1"))),
            Some(id) => {
                Err(Error::value(format!("{class}: target class {id} is outside of 0..{}", self.num_classes)))
            }
        }
    }

    fn matrix(&self) -> Variable {
        let n = self.num_classes;
        let zeros = gradus_tensor::recorder::suspended(|| Tensor::zeros([n, n], DType::I64));
        let zeros = zeros.unwrap_or_else(|_| Tensor::scalar(0i64));
        Variable::named("total_confusion_matrix", zeros).trainable(false)
    }

    /// Classes as integers, in a row.
    fn classes(&self, y: &Tensor, sparse: bool) -> Result<Tensor> {
        if sparse { y.cast(DType::I64)?.flatten() } else { y.argmax(self.axis)?.cast(DType::I64)?.flatten() }
    }

    fn update(&self, matrix: &Variable, t: &Tensor, p: &Tensor, weight: Option<&Tensor>) -> Result<()> {
        let p = match self.threshold {
            Some(at) => {
                let p = p.cast(DType::F32)?;
                p.greater_equal(&p.like(at)?)?.cast(DType::I64)?
            }
            None => p.clone(),
        };
        let (t, p) = (self.classes(t, self.sparse_y_true)?, self.classes(&p, self.sparse_y_pred)?);
        if t.shape() != p.shape() {
            return Err(Error::shape(format!("{} true classes, {} predicted ones", t.len(), p.len())));
        }
        // The matrix counts whole samples, as Keras's does: weights are truncated to integers.
        let mut w = match weight {
            Some(w) => w.cast(DType::I64)?.flatten()?.broadcast_to(t.shape().clone())?,
            None => t.ones_like()?,
        };
        if let Some(ignored) = self.ignore_class {
            w = t.not_equal(&t.like(ignored)?)?.select(&w, &w.zeros_like()?)?;
        }
        // A class outside of the matrix matches no row or column, and is not counted.
        let all = Tensor::range(self.num_classes as i64)?;
        let rows =
            t.expand_dims(-1)?.equal(&all)?.cast(DType::F64)?.mul(&w.expand_dims(-1)?.cast(DType::F64)?)?;
        let columns = p.expand_dims(-1)?.equal(&all)?.cast(DType::F64)?;
        // Counts are whole numbers, which products of f64 keep exact up to 2^53.
        let counts = rows.t()?.matmul(&columns)?.cast(DType::I64)?;
        matrix.assign_add(&counts)
    }

    fn result(&self, matrix: &Variable) -> Result<Tensor> {
        let m = matrix.value();
        let all = Tensor::range(self.num_classes as i64)?;
        let diagonal = all.expand_dims(-1)?.equal(&all)?;
        let both = diagonal.select(&m, &m.zeros_like()?)?.reduce_sum(0, false)?;
        let union = m.reduce_sum(0, false)?.add(&m.reduce_sum(1, false)?)?.sub(&both)?;
        let targets: Vec<i64> = self.target_class_ids.iter().map(|id| *id as i64).collect();
        let targets = Tensor::from_slice(&targets, [targets.len()])?;
        let both = both.gather(&targets, 0)?.cast(DType::F32)?;
        let union = union.gather(&targets, 0)?.cast(DType::F32)?;
        let zero = union.like(0.0)?;
        let epsilon = union.like(EPSILON)?;
        let seen = union.greater(&union.like(1e-9)?)?;
        let iou = seen.select(&both.div(&union.add(&epsilon)?)?, &zero)?;
        let count = seen.cast(DType::F32)?.reduce_sum((), false)?;
        iou.reduce_sum((), false)?.div(&count.add(&epsilon)?)
    }
}

macro_rules! iou {
    ($($(#[$m:meta])* $name:ident = $class:literal $snake:literal |$o:ident, $config:ident| $adjust:expr, [$($key:literal)*];)*) => {$(
        $(#[$m])*
        #[derive(Clone, Debug)]
        pub struct $name {
            name: String,
            overlap: Overlap,
            matrix: Variable,
        }

        impl $name {
            #[allow(unused_mut, clippy::no_effect)] // One of them has nothing to adjust.
            fn build(mut $o: Overlap) -> Result<Self> {
                $adjust;
                $o.check($class)?;
                Ok($name { name: $snake.into(), matrix: $o.matrix(), overlap: $o })
            }

            /// The metric of a Keras configuration.
            pub fn from_config($config: &Value) -> Result<Self> {
                let overlap: Overlap = serde_json::from_value($config.clone())
                    .map_err(|e| Error::value(format!("{}: its configuration does not fit: {e}", $class)))?;
                let mut metric = Self::build(overlap)?;
                metric.name = $config["name"].as_str().unwrap_or($snake).into();
                Ok(metric)
            }

            /// Labels of this class do not count; none by default.
            #[must_use]
            pub fn ignore_class(mut self, class: i64) -> Self {
                self.overlap.ignore_class = Some(class);
                self
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
                let done = self.overlap.update(&self.matrix, y_true, y_pred, sample_weight);
                done.map_err(|e| e.within(self.name.clone()))
            }
            fn result(&self) -> Result<Tensor> {
                self.overlap.result(&self.matrix)
            }
            fn variables(&self) -> Vec<Variable> {
                vec![self.matrix.clone()]
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
            fn config(&self) -> Option<(&'static str, Value)> {
                let all = serde_json::to_value(&self.overlap).ok()?;
                let mut c = json!({"name": self.name});
                $(c[$key] = all[$key].clone();)*
                Some(($class, c))
            }
        }
    )*};
}
iou! {
    /// Intersection over union of some classes, averaged: `tp / (tp + fp + fn)` each.
    IoU = "IoU" "io_u" |o, config| (),
        ["num_classes" "target_class_ids" "ignore_class" "sparse_y_true" "sparse_y_pred" "axis"];
    /// [`IoU`] of 0 and 1, predictions being probabilities.
    BinaryIoU = "BinaryIoU" "binary_io_u" |o, config| {
        o.num_classes = 2;
        o.threshold = Some(o.threshold.unwrap_or(0.5));
        if o.target_class_ids.is_empty() {
            o.target_class_ids = vec![0, 1];
        }
    }, ["target_class_ids" "threshold"];
    /// [`IoU`] of all classes.
    MeanIoU = "MeanIoU" "mean_io_u" |o, config| o.target_class_ids = (0..o.num_classes).collect(),
        ["num_classes" "ignore_class" "sparse_y_true" "sparse_y_pred" "axis"];
    /// [`IoU`] with distributions over the classes for labels, and for predictions.
    OneHotIoU = "OneHotIoU" "one_hot_io_u" |o, config| o.sparse_y_true = false,
        ["num_classes" "target_class_ids" "ignore_class" "sparse_y_pred" "axis"];
    /// [`MeanIoU`] with distributions over the classes for labels, and for predictions.
    OneHotMeanIoU = "OneHotMeanIoU" "one_hot_mean_io_u" |o, config| {
        o.sparse_y_true = false;
        o.target_class_ids = (0..o.num_classes).collect();
    }, ["num_classes" "ignore_class" "sparse_y_pred" "axis"];
}

impl IoU {
    /// Of these classes among `num_classes`. Errors for a class that is not among them.
    pub fn new(num_classes: usize, target_class_ids: &[usize]) -> Result<Self> {
        IoU::build(Overlap { num_classes, target_class_ids: target_class_ids.to_vec(), ..Overlap::default() })
    }
}

impl BinaryIoU {
    /// Of both classes, probabilities from `threshold` on being positive; Keras's default is 0.5.
    pub fn new(threshold: f64) -> Result<Self> {
        BinaryIoU::build(Overlap { threshold: Some(threshold), ..Overlap::default() })
    }
}

impl MeanIoU {
    /// Of all classes. Errors for none.
    pub fn new(num_classes: usize) -> Result<Self> {
        MeanIoU::build(Overlap { num_classes, ..Overlap::default() })
    }
}

impl OneHotIoU {
    /// Of these classes among `num_classes`. Errors for a class that is not among them.
    pub fn new(num_classes: usize, target_class_ids: &[usize]) -> Result<Self> {
        let target_class_ids = target_class_ids.to_vec();
        OneHotIoU::build(Overlap {
            num_classes,
            target_class_ids,
            sparse_y_pred: false,
            ..Overlap::default()
        })
    }
}

impl OneHotMeanIoU {
    /// Of all classes. Errors for none.
    pub fn new(num_classes: usize) -> Result<Self> {
        OneHotMeanIoU::build(Overlap { num_classes, sparse_y_pred: false, ..Overlap::default() })
    }
}
