//! Values and norms kept within bounds.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{Axes, DType, Element, Error, Keep, Result, Spec, Specs, Tensor, dispatch};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[Clip::DEF];

crate::op! {
    /// `max(min(x, high), low)`.
    pub struct Clip { low: f64, high: f64 } = "clip"
}

impl Op for Clip {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        if x[0].dtype.is_complex() || x[0].dtype == DType::Bool {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T: real => {
            // Where the bounds cross, the lower one wins, as in TensorFlow.
            let (low, high) = (T::from_f64(self.low), T::from_f64(self.high.max(self.low)));
            Ok(gradus_kernels::elementwise::clip::<T>(x[0].as_slice(), low, high, y[0].as_mut())?)
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep::X
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let x = cx.x(0);
        let low = Tensor::scalar_of(x.dtype(), self.low);
        let high = Tensor::scalar_of(x.dtype(), self.high);
        let inside = x.greater_equal(&low)?.logical_and(&x.less_equal(&high)?)?;
        let g = cx.dy(0)?;
        let zero = Tensor::scalar_of(g.dtype(), 0.0);
        cx.give(0, inside.select(&g, &zero)?)
    }
}

impl Tensor {
    /// `max(min(x, high), low)`; NaN stays. The gradient passes where `low <= x <= high`.
    pub fn clip(&self, low: f64, high: f64) -> Result<Tensor> {
        apply1(&Clip { low, high }, &[self])
    }

    /// Scaled down so that the Euclidean norm over the axes is at most `clip_norm`.
    ///
    /// The gradient of an all-zero tensor is that of the identity. Errors when `clip_norm` is not positive.
    pub fn clip_by_norm(&self, clip_norm: f64, axes: impl Into<Axes>) -> Result<Tensor> {
        positive("clip_by_norm", clip_norm)?;
        let sum = self.reduce_sum_squares(axes, true)?;
        let nonzero = sum.greater(&sum.like(0)?)?;
        // The root of zero has an infinite gradient, which even an unused branch would turn into NaN.
        let safe = nonzero.select(&sum, &sum.like(1)?)?;
        let norm = nonzero.select(&safe.sqrt()?, &sum)?;
        let limit = self.like(clip_norm)?;
        self.mul(&limit)?.div(&norm.maximum(&limit)?)
    }

    /// Converted to a dtype, with values beyond its range replaced by the nearest one within.
    pub fn saturate_cast(&self, dtype: DType) -> Result<Tensor> {
        let from = self.dtype();
        if dtype == from || dtype == DType::Bool || from == DType::Bool {
            return self.cast(dtype);
        }
        if dtype.is_complex() || from.is_complex() {
            return self.cast(dtype);
        }
        let (low, high) = range_within(from, dtype);
        self.clip(low, high)?.cast(dtype)
    }
}

/// The lowest and highest values of `from` that `to` can hold.
fn range_within(from: DType, to: DType) -> (f64, f64) {
    let (low, high) = range(to);
    let (have_low, have_high) = range(from);
    let (low, high) = (low.max(have_low), high.min(have_high));
    if !from.is_float() {
        return (low, high);
    }
    // The largest float below a power of two that the float type itself does not reach.
    dispatch!(from, T: float => {
        let mut top = T::from_f64(high).to_f64();
        if top > high {
            let digits = match from { DType::F64 => 53, DType::F32 => 24, DType::F16 => 11, _ => 8 };
            top -= top / 2f64.powi(digits);
        }
        (low, top)
    } else { (low, high) })
}

fn range(d: DType) -> (f64, f64) {
    match d {
        DType::I8 => (-128.0, 127.0),
        DType::U8 => (0.0, 255.0),
        DType::I16 => (-32768.0, 32767.0),
        DType::U16 => (0.0, 65535.0),
        DType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        DType::U32 => (0.0, f64::from(u32::MAX)),
        DType::I64 => (-(2f64.powi(63)), 2f64.powi(63)),
        DType::U64 => (0.0, 2f64.powi(64)),
        DType::F16 => (-65504.0, 65504.0),
        DType::F32 => (f64::from(f32::MIN), f64::from(f32::MAX)),
        DType::BF16 => (gradus_kernels::bf16::MIN.to_f64(), gradus_kernels::bf16::MAX.to_f64()),
        _ => (f64::MIN, f64::MAX),
    }
}

fn positive(name: &str, clip_norm: f64) -> Result<()> {
    if clip_norm > 0.0 {
        return Ok(());
    }
    Err(Error::value(format!("{name}: clip_norm is {clip_norm}, expected more than 0")))
}

/// `sqrt(sum of the squares of all elements of all tensors)`. Errors for an empty list.
pub fn global_norm(x: &[&Tensor]) -> Result<Tensor> {
    let halves = x.iter().map(|t| t.l2_loss()).collect::<Result<Vec<_>>>()?;
    let sum = super::add_n(&halves.iter().collect::<Vec<_>>())?;
    sum.mul(&sum.like(2)?)?.sqrt()
}

/// The tensors scaled by `clip_norm / max(global_norm, clip_norm)`, and the norm they had.
///
/// Errors when `clip_norm` is not positive. Infinite or NaN norms make every result NaN.
pub fn clip_by_global_norm(x: &[&Tensor], clip_norm: f64) -> Result<(Vec<Tensor>, Tensor)> {
    positive("clip_by_global_norm", clip_norm)?;
    let norm = global_norm(x)?;
    let limit = norm.like(clip_norm)?;
    // norm - norm is 0 unless the norm is not finite.
    let scale = limit.mul(&norm.reciprocal()?.minimum(&limit.reciprocal()?)?)?.add(&norm.sub(&norm)?)?;
    let clipped = x.iter().map(|t| t.mul(&scale)).collect::<Result<Vec<_>>>()?;
    Ok((clipped, norm))
}
