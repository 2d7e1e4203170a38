//! Losses from logits, and the small operations of `tf.nn`.

use gradus_tensor::Tensor;

use super::bind::{binary, take};
use crate::registry::{ConformanceError, Registry};

pub fn register(r: &mut Registry) {
    binary!(r: "tf.nn.bias_add" => add);
    r.op("tf.nn.softmax_cross_entropy_with_logits", |x, attrs| {
        let [labels, logits] = take(x)?;
        let axis = attrs.i64_or("axis", -1)? as isize;
        let (labels, logits) = (axis_last(labels, axis)?, axis_last(logits, axis)?);
        Ok(vec![logits.softmax_cross_entropy_with_logits(&labels)?])
    });
    r.op("tf.nn.sparse_softmax_cross_entropy_with_logits", |x, _| {
        let [labels, logits] = take(x)?;
        Ok(vec![logits.sparse_softmax_cross_entropy_with_logits(labels)?])
    });
    r.op("tf.nn.sigmoid_cross_entropy_with_logits", |x, _| {
        let [labels, logits] = take(x)?;
        Ok(vec![logits.sigmoid_cross_entropy_with_logits(labels)?])
    });
    r.op("tf.nn.weighted_cross_entropy_with_logits", |x, attrs| {
        let [labels, logits] = take(x)?;
        let weight = Tensor::scalar_of(logits.dtype(), attrs.f64("pos_weight")?);
        Ok(vec![logits.weighted_cross_entropy_with_logits(labels, &weight)?])
    });
    r.op("tf.nn.log_poisson_loss", |x, attrs| {
        let [targets, log_input] = take(x)?;
        Ok(vec![log_input.log_poisson_loss(targets, attrs.bool_or("compute_full_loss", false)?)?])
    });
    r.op("x.ctc_loss", |x, attrs| {
        let [labels, logits, label_lengths, logit_lengths] = take(x)?;
        // Recorded with the time axis first.
        let logits = logits.transpose(&[1, 0, 2])?;
        let blank = attrs.i64("blank_index")?;
        let classes = logits.shape()[2];
        let blank = usize::try_from(blank).unwrap_or(classes - blank.unsigned_abs() as usize);
        Ok(vec![logits.ctc_loss(labels, label_lengths, logit_lengths, blank)?])
    });
    r.op("tf.nn.batch_normalization", |x, attrs| {
        let [x, mean, variance, offset, scale] = take(x)?;
        let epsilon = Tensor::scalar_of(x.dtype(), attrs.f64("variance_epsilon")?);
        let factor = variance.add(&epsilon)?.rsqrt()?.mul(scale)?;
        Ok(vec![x.sub(mean)?.mul(&factor)?.add(offset)?])
    });
}

/// The same tensor with that axis moved behind the others.
pub fn axis_last(x: &Tensor, axis: isize) -> Result<Tensor, ConformanceError> {
    let axis = x.shape().axis(axis)?;
    let mut perm: Vec<usize> = (0..x.rank()).filter(|&a| a != axis).collect();
    perm.push(axis);
    Ok(x.transpose(&perm)?)
}
