//! Batch normalization in training as steps that work on ranges of images, and sums between them.
//!
//! Replays put these in place of [`BatchNorm`](super::normalization::BatchNorm) and its gradient where images are large:
//! statistics are taken of a range while it is in the cache of the processor that made it, and it is normalized on its way
//! into the next operation. Ranges are joined in order, so that sums may be rounded otherwise than over all rows.

use super::activated_normalization::Rectifier;
use super::reduce::ReduceSum;
use crate::attr::OpDef;
use crate::op::{Attributes, Op, PartStep, Parts, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Keep, Result, Shape, Spec, Specs, dispatch};
use gradus_kernels::norm::{
    GradientColumns, Moments, column_affine, column_backward, column_moments, column_scales, column_sums,
    join_moments,
};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[
    MomentsOfRanges::DEF,
    JoinMoments::DEF,
    Normalize::DEF,
    GradientSumsOfRanges::DEF,
    NormalizeGrad::DEF,
    NormalizeWeightGrads::DEF,
];

/// The steps of a normalization with the inputs x, gamma, beta and the outputs y, mean, variance.
pub(super) fn forward_parts(epsilon: f64, activation: Option<Rectifier>, part: usize) -> Parts {
    Parts {
        steps: vec![
            PartStep::new(MomentsOfRanges { part }, &[0], 1),
            PartStep::new(JoinMoments {}, &[3], 2),
            PartStep { cheap: true, ..PartStep::new(Normalize { epsilon, activation }, &[0, 1, 2, 4, 5], 1) },
        ],
        outputs: smallvec![6, 4, 5],
    }
}

/// The steps of a gradient with the inputs dy, x, gamma, mean, variance and, for an activation, beta, and the outputs
/// dx, dgamma, dbeta.
pub(super) fn gradient_parts(epsilon: f64, activation: Option<Rectifier>, part: usize) -> Parts {
    let inputs: Vec<usize> = (0..5 + usize::from(activation.is_some())).collect();
    let n = inputs.len();
    let with_sums: Vec<usize> = inputs.iter().copied().chain([n + 1]).collect();
    Parts {
        steps: vec![
            PartStep::new(GradientSumsOfRanges { epsilon, activation, part }, &inputs, 1),
            PartStep::new(ReduceSum { axes: vec![0], keepdims: false }, &[n], 1),
            PartStep::new(NormalizeGrad { epsilon, activation }, &with_sums, 1),
            PartStep::new(NormalizeWeightGrads { epsilon }, &[n + 1, 4], 2),
        ],
        outputs: smallvec![n + 2, n + 3, n + 4],
    }
}

/// The size of the last axis.
fn columns(x: &Spec) -> usize {
    x.shape.last().copied().unwrap_or(0)
}

/// Elements of a range of `part` rows, and how many ranges there are.
fn ranges(x: &Spec, part: usize) -> (usize, usize) {
    let rows = x.shape.first().copied().unwrap_or(0);
    (x.len().checked_div(rows).unwrap_or(0) * part, rows.div_ceil(part.max(1)))
}

crate::op! {
    /// For every range of `part` rows of x: the number of pixels, then mean and sum of squared distances from it per column.
    pub struct MomentsOfRanges { part: usize } = "moments_of_ranges"
}

impl Op for MomentsOfRanges {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[0].reshaped([ranges(x[0], self.part).1, 1 + 2 * columns(x[0])])])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, (len, _)) = (columns(x[0].spec()), ranges(x[0].spec(), self.part));
        dispatch!(x[0].dtype(), T: wide_float => {
            let ranges = x[0].as_slice::<T>().chunks(len.max(1));
            for (x, y) in ranges.zip(y[0].as_mut::<T>().chunks_exact_mut(1 + 2 * n)) {
                let Moments { mean, variance } = column_moments::<T>(x, n);
                let count = (x.len() / n.max(1)) as T;
                y[0] = count;
                y[1..=n].copy_from_slice(&mean);
                y[1 + n..].iter_mut().zip(&variance).for_each(|(y, v)| *y = v * count);
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, _: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((MomentsOfRanges { part: rows }.boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// Mean and variance per column, of all ranges of [`MomentsOfRanges`].
    pub struct JoinMoments {} = "join_moments"
}

impl Op for JoinMoments {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let n = columns(x[0]) / 2;
        Ok(smallvec![x[0].reshaped([n]), x[0].reshaped([n])])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = columns(x[0].spec()) / 2;
        dispatch!(x[0].dtype(), T: wide_float => {
            let ranges = x[0].as_slice::<T>().chunks_exact(1 + 2 * n);
            let counts: Vec<usize> = ranges.clone().map(|r| r[0] as usize).collect();
            let mut means: Vec<T> = ranges.clone().flat_map(|r| &r[1..=n]).copied().collect();
            let mut squares: Vec<T> = ranges.flat_map(|r| &r[1 + n..]).copied().collect();
            let moments = join_moments::<T>(&counts, &mut means, &mut squares, n);
            y[0].as_mut::<T>().copy_from_slice(&moments.mean);
            y[1].as_mut::<T>().copy_from_slice(&moments.variance);
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// activation((x - mean) / sqrt(variance + epsilon) gamma + beta) for x, gamma, beta, mean, variance.
    pub struct Normalize { epsilon: f64, activation: Option<Rectifier> } = "normalize"
}

impl Op for Normalize {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: wide_float => {
            let [gamma, beta, mean, variance] = [1, 2, 3, 4].map(|i| x[i].as_slice::<T>());
            let [scale, shift] = column_scales::<T>(self.epsilon as T, gamma, beta, mean, variance);
            let activation = self.activation.map(Rectifier::unary);
            column_affine::<T>(x[0].as_slice(), &scale, &shift, activation, y[0].as_mut());
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, _: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.boxed(), 0b1))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// For every range of `part` rows: the number of pixels, then the sums of dy (x - mean) and of dy per column, dy below the
    /// activation.
    pub struct GradientSumsOfRanges { epsilon: f64, activation: Option<Rectifier>, part: usize } = "gradient_sums_of_ranges"
}

impl Op for GradientSumsOfRanges {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[0].reshaped([ranges(x[0], self.part).1, 1 + 2 * columns(x[0])])])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, (len, _)) = (columns(x[0].spec()), ranges(x[0].spec(), self.part));
        dispatch!(x[0].dtype(), T: wide_float => {
            let [dy, input, gamma, mean, variance] = [0, 1, 2, 3, 4].map(|i| x[i].as_slice::<T>());
            let activation = self.activation.map(|a| (x[5].as_slice::<T>(), a.top() as T));
            let columns = GradientColumns::<T>::new(self.epsilon as T, gamma, mean, variance, activation);
            let ranges = dy.chunks(len.max(1)).zip(input.chunks(len.max(1)));
            for ((dy, input), y) in ranges.zip(y[0].as_mut::<T>().chunks_exact_mut(1 + 2 * n)) {
                let [plain, dot] = column_sums::<T>(columns.above(dy, input, mean));
                y[0] = (dy.len() / n.max(1)) as T;
                y[1..=n].copy_from_slice(&dot);
                y[1 + n..].copy_from_slice(&plain);
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, _: &[&Spec], rows: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((GradientSumsOfRanges { part: rows, ..self.clone() }.boxed(), 0b11))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// The gradient of x from dy, x, gamma, mean, variance, beta (for an activation) and the sums over all ranges.
    pub struct NormalizeGrad { epsilon: f64, activation: Option<Rectifier> } = "normalize_grad"
}

impl Op for NormalizeGrad {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![x[1].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: wide_float => {
            let [dy, input, gamma, mean, variance] = [0, 1, 2, 3, 4].map(|i| x[i].as_slice::<T>());
            let activation = self.activation.map(|a| (x[5].as_slice::<T>(), a.top() as T));
            let columns = GradientColumns::<T>::new(self.epsilon as T, gamma, mean, variance, activation);
            // Of more than 2^24 pixels f32 counts to within one part in as many.
            let sums = x[x.len() - 1].as_slice::<T>();
            let (n, count) = (gamma.len(), sums[0] as usize);
            let sums = [sums[1 + n..].to_vec(), sums[1..=n].to_vec()];
            let above = columns.above(dy, input, mean);
            column_backward::<T>(above, count, &columns.rstd, &columns.scale, &sums, y[0].as_mut());
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn by_rows(&self, _: &[&Spec], _: usize) -> Option<(Box<dyn Op>, u64)> {
        Some((self.boxed(), 0b11))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// The gradients of gamma and beta from the sums over all ranges and the variance.
    pub struct NormalizeWeightGrads { epsilon: f64 } = "normalize_weight_grads"
}

impl Op for NormalizeWeightGrads {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        let shape: Shape = x[1].shape.clone();
        Ok(smallvec![x[0].reshaped(shape.clone()), x[0].reshaped(shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: wide_float => {
            let (sums, variance) = (x[0].as_slice::<T>(), x[1].as_slice::<T>());
            let n = variance.len();
            for ((d, s), v) in y[0].as_mut::<T>().iter_mut().zip(&sums[1..]).zip(variance) {
                *d = s * (1.0 / (v + self.epsilon as T).sqrt());
            }
            y[1].as_mut::<T>().copy_from_slice(&sums[1 + n..]);
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use crate::op::{Op, Parts, apply};
    use crate::ops::{ActivatedBatchNorm, Conv2dFilterGrad, ConvOptions, Rectifier};
    use crate::{DType, Spec, Tensor, recorder};

    fn numbers(shape: &[usize], seed: usize) -> Tensor {
        let n: usize = shape.iter().product();
        let v: Vec<f64> = (0..n).map(|i| ((i + seed) * 7919 % 1009) as f64 / 300.0 - 1.5).collect();
        Tensor::from_vec(v, shape).unwrap()
    }

    /// The outputs of an operation, and those of its parts.
    fn both(op: &dyn Op, x: &[&Tensor], part: usize) -> [Vec<Tensor>; 2] {
        let specs: Vec<&Spec> = x.iter().map(|t| t.spec()).collect();
        let Parts { steps, outputs } = op.in_parts(&specs, part).unwrap();
        let mut operands: Vec<Tensor> = x.iter().map(|t| (*t).clone()).collect();
        for s in steps {
            let x: Vec<&Tensor> = s.x.iter().map(|&k| &operands[k]).collect();
            let made = apply(&*s.op, &x).unwrap();
            assert_eq!(made.len(), s.outputs, "{}", s.op.name());
            operands.extend(made);
        }
        let parts = outputs.iter().map(|&k| operands[k].clone()).collect();
        [apply(op, x).unwrap().to_vec(), parts]
    }

    fn check(op: &dyn Op, x: &[&Tensor]) {
        let rows = x[0].shape()[0];
        for part in [1, 3, rows] {
            let [whole, parts] = recorder::suspended(|| both(op, x, part));
            for (w, p) in whole.iter().zip(&parts) {
                assert_eq!(w.spec(), p.spec(), "{} in parts of {part}", op.name());
                let (w, p) = (w.to_vec::<f64>().unwrap(), p.to_vec::<f64>().unwrap());
                let near = w.iter().zip(&p).all(|(w, p)| (w - p).abs() <= 1e-12 * w.abs().max(1.0));
                assert!(near, "{} in parts of {part}: {w:?}, found {p:?}", op.name());
            }
        }
    }

    #[test]
    fn parts_give_what_the_operation_gives() {
        use crate::ops::normalization::{BatchNorm, BatchNormGrad};
        let x = numbers(&[8, 2, 3, 5], 1);
        let [gamma, beta] = [2, 3].map(|seed| numbers(&[5], seed));
        check(&BatchNorm { epsilon: 1e-3 }, &[&x, &gamma, &beta]);
        let (_, mean, variance) = x.batch_norm(&gamma, &beta, 1e-3).unwrap();
        let dy = numbers(&[8, 2, 3, 5], 4);
        check(&BatchNormGrad { epsilon: 1e-3 }, &[&dy, &x, &gamma, &mean, &variance]);
        for activation in [Rectifier::Relu, Rectifier::Relu6] {
            check(&ActivatedBatchNorm { epsilon: 1e-3, activation }, &[&x, &gamma, &beta]);
            let op = crate::ops::ActivatedBatchNormGrad { epsilon: 1e-3, activation };
            check(&op, &[&dy, &x, &gamma, &mean, &variance, &beta]);
        }
    }

    #[test]
    fn a_filter_gradient_is_the_sum_of_those_of_ranges() {
        let (x, dy) = (numbers(&[7, 4, 4, 2], 5), numbers(&[7, 2, 2, 3], 6));
        let ConvOptions { padding, dilations, groups, .. } = ConvOptions::default();
        let (strides, filter) = ([1, 1], [3, 3, 2, 3].into());
        check(&Conv2dFilterGrad { strides, padding, dilations, groups, filter }, &[&x, &dy]);
    }

    #[test]
    fn sums_and_means_of_columns_come_from_ranges() {
        use crate::ops::{ReduceMean, ReduceSum};
        let x = numbers(&[7, 3, 2, 4], 7);
        for keepdims in [false, true] {
            check(&ReduceSum { axes: vec![0, 1, 2], keepdims }, &[&x]);
            check(&ReduceMean { axes: vec![0, 1, 2], keepdims }, &[&x]);
            let rows = ReduceSum { axes: vec![1, 2, 3], keepdims };
            assert!(rows.in_parts(&[x.spec()], 2).is_none(), "a sum of each row works by rows as it is");
        }
        // Half floats hold neither the sums nor the count, and integers have a mean of their own.
        for dtype in [DType::F16, DType::BF16, DType::I32] {
            let spec = Spec::new(dtype, x.shape().clone());
            assert!(
                ReduceMean { axes: vec![0, 1, 2], keepdims: false }.in_parts(&[&spec], 2).is_none(),
                "{dtype}"
            );
        }
    }
}
