//! Keeping the best of overlapping boxes.

use gradus_tensor::{DType, Error, Result, Tensor};

/// Options of [`non_max_suppression`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NonMaxSuppression {
    /// At most this many boxes are kept.
    pub max_output_size: usize,
    /// Boxes that overlap a better one by more than this are dropped. Default 0.5.
    pub iou_threshold: f64,
    /// Boxes with a score of this or less are dropped. Default: minus infinity.
    pub score_threshold: f64,
}

impl NonMaxSuppression {
    /// At most so many boxes, with an overlap of at most one half.
    pub fn new(max_output_size: usize) -> NonMaxSuppression {
        NonMaxSuppression { max_output_size, iou_threshold: 0.5, score_threshold: f64::NEG_INFINITY }
    }

    /// See the field.
    pub fn iou_threshold(mut self, threshold: f64) -> NonMaxSuppression {
        self.iou_threshold = threshold;
        self
    }

    /// See the field.
    pub fn score_threshold(mut self, threshold: f64) -> NonMaxSuppression {
        self.score_threshold = threshold;
        self
    }
}

/// The indices of the boxes to keep, best score first (i32).
///
/// `boxes` is `[n, 4]` with two opposite corners `y1, x1, y2, x2` in any order, `scores` is `[n]`. A box is dropped when
/// it overlaps one that is kept by more than `iou_threshold` (intersection over union). Of equal scores the first box
/// goes first. Boxes without area overlap nothing.
///
/// # Errors
/// When shapes do not fit or the overlap is outside of 0 to 1.
pub fn non_max_suppression(boxes: &Tensor, scores: &Tensor, options: NonMaxSuppression) -> Result<Tensor> {
    match (boxes.shape().dims(), scores.shape().dims()) {
        ([n, 4], [m]) if n == m => {}
        _ => {
            return Err(Error::shape(format!(
                "non_max_suppression: boxes must be [n, 4] and scores [n], found {} and {}",
                boxes.shape(),
                scores.shape()
            )));
        }
    }
    if !(0.0..=1.0).contains(&options.iou_threshold) {
        return Err(Error::value(format!(
            "non_max_suppression: iou_threshold must be from 0 to 1, found {}",
            options.iou_threshold
        )));
    }
    let (boxes, scores) = (boxes.cast(DType::F32)?.to_vec::<f32>()?, scores.to_f64_vec()?);
    let (boxes, _) = boxes.as_chunks::<4>();
    let mut order: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] > options.score_threshold).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut kept: Vec<usize> = Vec::new();
    for candidate in order {
        if kept.len() == options.max_output_size {
            break;
        }
        if kept.iter().all(|k| f64::from(overlap(&boxes[candidate], &boxes[*k])) <= options.iou_threshold) {
            kept.push(candidate);
        }
    }
    let count = kept.len();
    Tensor::from_vec(kept.into_iter().map(|i| i as i32).collect(), [count])
}

/// Intersection over union.
fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let corners = |[y1, x1, y2, x2]: [f32; 4]| (y1.min(y2), x1.min(x2), y1.max(y2), x1.max(x2));
    let (a, b) = (corners(*a), corners(*b));
    let area = |c: (f32, f32, f32, f32)| (c.2 - c.0) * (c.3 - c.1);
    if area(a) <= 0.0 || area(b) <= 0.0 {
        return 0.0;
    }
    let height = (a.2.min(b.2) - a.0.max(b.0)).max(0.0);
    let width = (a.3.min(b.3) - a.1.max(b.1)).max(0.0);
    let both = height * width;
    both / (area(a) + area(b) - both)
}
