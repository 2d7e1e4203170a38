//! Tensors made from nothing: zeros, ones, fill, range, linspace, eye.
//!
//! Filled tensors are operations without inputs, so that a trace records how they are made instead of
//! swallowing the array as a constant.

use super::slice::Index;
use crate::attr::OpDef;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Lower, Result, Shape, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Fill::DEF, Range::DEF];

crate::op! {
    /// A tensor of one repeated value, converted from f64 (exact for integers up to 2^53).
    pub struct Fill { shape: Shape, dtype: DType, value: f64 } = "fill"
}

impl Op for Fill {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, _: &[&Spec]) -> Result<Specs> {
        self.shape.checked_len()?;
        Ok(smallvec![Spec::new(self.dtype, self.shape.clone())])
    }
    fn forward(&self, _: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        if self.dtype == DType::F32 {
            gradus_kernels::stream::fill(y[0].as_mut(), self.value as f32);
            return Ok(());
        }
        dispatch!(self.dtype, T: all => { y[0].as_mut::<T>().fill(T::from_f64(self.value)) });
        Ok(())
    }
    fn lower(&self) -> Lower {
        Lower::Fill(self.value)
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, _: &mut crate::backward::Backward<'_>) -> Result<()> {
        Ok(())
    }
}

crate::op! {
    /// `start + i * step` for `i` in `0..len`.
    pub struct Range { start: f64, step: f64, len: usize, dtype: DType } = "range"
}

impl Op for Range {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, _: &[&Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(self.dtype, [self.len])])
    }
    fn forward(&self, _: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(self.dtype, T: real => {
            for (i, v) in y[0].as_mut::<T>().iter_mut().enumerate() {
                *v = T::from_f64(self.start + i as f64 * self.step);
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, self.dtype)) })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn vjp(&self, _: &mut crate::backward::Backward<'_>) -> Result<()> {
        Ok(())
    }
}

impl Tensor {
    /// A tensor of zeros (false for bool).
    pub fn zeros(shape: impl Into<Shape>, dtype: DType) -> Result<Tensor> {
        Tensor::full(shape, 0.0, dtype)
    }

    /// A tensor of ones (true for bool).
    pub fn ones(shape: impl Into<Shape>, dtype: DType) -> Result<Tensor> {
        Tensor::full(shape, 1.0, dtype)
    }

    /// A tensor of one repeated value.
    pub fn full(shape: impl Into<Shape>, value: f64, dtype: DType) -> Result<Tensor> {
        apply1(&Fill { shape: shape.into(), dtype, value }, &[])
    }

    /// Zeros of this tensor's dtype and shape.
    pub fn zeros_like(&self) -> Result<Tensor> {
        Tensor::zeros(self.shape().clone(), self.dtype())
    }

    /// Ones of this tensor's dtype and shape.
    pub fn ones_like(&self) -> Result<Tensor> {
        Tensor::ones(self.shape().clone(), self.dtype())
    }

    /// `count` values evenly spaced from `start` to `stop`, both included, along a new axis in front; the two have one
    /// shape and a float dtype.
    pub fn linspace(start: &Tensor, stop: &Tensor, count: usize) -> Result<Tensor> {
        if start.spec() != stop.spec() || !start.dtype().is_float() {
            return Err(Error::shape(format!("linspace: from {} to {}", start.spec(), stop.spec())));
        }
        if count < 2 {
            return start.expand_dims(0)?.slice([Index::from(..count)]);
        }
        let steps = Tensor::range_step(1.0, count as f64 - 1.0, 1.0)?.cast(start.dtype())?;
        let column: Shape = std::iter::once(count - 2).chain(std::iter::repeat_n(1, start.rank())).collect();
        let step = stop.sub(start)?.div(&start.like((count - 1) as f64)?)?;
        let between = steps.reshape(column)?.mul(&step)?.add(start)?;
        Tensor::concat(&[&start.expand_dims(0)?, &between, &stop.expand_dims(0)?], 0)
    }

    /// `0, 1, .. limit - 1` for an integer limit, in the limit's own dtype: `range(10)` is i32 as in TensorFlow.
    pub fn range<T: Element>(limit: T) -> Result<Tensor> {
        Tensor::range_step(T::ZERO, limit, T::ONE)
    }

    /// `start, start + step, ..` up to but without `limit`; nothing when both are equal. Errors when `step` is zero or
    /// leads away from `limit`, and for integers beyond 2^53, which would not come out exactly.
    pub fn range_step<T: Element>(start: T, limit: T, step: T) -> Result<Tensor> {
        let (a, b, s) = (start.to_f64(), limit.to_f64(), step.to_f64());
        if s == 0.0 || !(a.is_finite() && b.is_finite() && s.is_finite()) {
            return Err(Error::value(format!("range: from {a} to {b} in steps of {s} has no end")));
        }
        let exact = (1u64 << f64::MANTISSA_DIGITS) as f64;
        if T::DTYPE.is_int() && [a, b, s].iter().any(|v| v.abs() > exact) {
            return Err(Error::value(format!(
                "range: from {a} to {b} in steps of {s}: integers beyond 2^53"
            )));
        }
        if (b - a) / s < 0.0 {
            return Err(Error::value(format!("range: steps of {s} from {a} lead away from {b}")));
        }
        let len = ((b - a) / s).ceil();
        let len = if len < 9e15 { len as usize } else { usize::MAX };
        Shape::from([len]).checked_len()?;
        apply1(&Range { start: a, step: s, len, dtype: T::DTYPE }, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(Tensor::range(10i32).unwrap().to_vec::<i32>().unwrap(), (0..10).collect::<Vec<_>>());
        assert_eq!(Tensor::range_step(5i64, 0, -2).unwrap().to_vec::<i64>().unwrap(), [5, 3, 1]);
        assert_eq!(Tensor::range_step(3i32, 3, 1).unwrap().len(), 0);
        assert!(Tensor::range_step(3i32, 1, 1).is_err());
        assert!(Tensor::range_step(0.0f32, 1.0, 0.0).is_err());
        assert!(Tensor::range(f64::MAX).is_err());
        let far = 1i64 << 53;
        assert_eq!(Tensor::range_step(far - 2, far, 1).unwrap().to_vec::<i64>().unwrap(), [far - 2, far - 1]);
        assert!(Tensor::range_step(far, far + 2, 1).is_err(), "f64 does not hold 2^53 + 1");
        let (zero, one) = (Tensor::scalar(0.0f32), Tensor::scalar(1.0f32));
        for (count, want) in [(0, &[][..]), (1, &[0.0]), (2, &[0.0, 1.0]), (3, &[0.0, 0.5, 1.0])] {
            assert_eq!(Tensor::linspace(&zero, &one, count).unwrap().to_vec::<f32>().unwrap(), want);
        }
    }
}
