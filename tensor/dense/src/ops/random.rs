//! Random values as pure functions of a state, and dropout.
//!
//! A state is a u64 tensor `[key, counter]`. The same state gives the same values, whatever the number of
//! threads; whoever draws again moves the counter.

use crate::attr::OpDef;
use crate::backward::Backward;
use crate::op::{Op, apply1, unsupported_dtype};
use crate::view::{View, ViewMut};
use crate::{DType, Element, Error, Keep, Result, Shape, Spec, Specs, Tensor, dispatch};
use gradus_kernels::random::{Philox, dropout_f32, normal_f64, truncated_normal, uniform_f32, uniform_f64};
use smallvec::smallvec;

pub(super) const DEFS: &[OpDef] = &[RandomUniform::DEF, RandomNormal::DEF, Dropout::DEF];

/// The stream of a state; states with different counters do not overlap.
pub fn random_stream(state: &View<'_>) -> Philox {
    let s = state.as_slice::<u64>();
    Philox::new(s[0]).skip(u128::from(s[1]) << 64)
}

/// Errors when a state is not `[key, counter]`; `name` names the operation in the error.
pub fn check_random_state(name: &str, state: &Spec) -> Result<()> {
    if state.dtype != DType::U64 || state.shape.dims() != [2] {
        return Err(Error::shape(format!(
            "{name}: the state is {state}, expected uint64[2]: key and counter"
        )));
    }
    Ok(())
}

/// The result of a draw of floats.
fn floats(name: &str, state: &Spec, dtype: DType, shape: &Shape) -> Result<Specs> {
    check_random_state(name, state)?;
    if !dtype.is_float() {
        return Err(unsupported_dtype(name, dtype));
    }
    shape.checked_len()?;
    Ok(smallvec![Spec::new(dtype, shape.clone())])
}

/// Fills an output of any float dtype with values drawn in double precision.
fn narrowed(y: &mut ViewMut<'_>, draw: impl Fn(&mut [f64])) -> Result<()> {
    dispatch!(y.dtype(), T: float => {
        let out = y.as_mut::<T>();
        let mut wide = vec![0.0; out.len()];
        draw(&mut wide);
        out.iter_mut().zip(wide).for_each(|(o, w)| *o = T::from_f64(w));
        Ok(())
    } else { Err(unsupported_dtype("random", y.dtype())) })
}

crate::op! {
    /// Uniform values in `[low, high)`.
    pub struct RandomUniform { shape: Shape, dtype: DType, low: f64, high: f64 } = "random_uniform"
}

impl Op for RandomUniform {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        floats(Self::NAME, x[0], self.dtype, &self.shape)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let stream = random_stream(&x[0]);
        if self.dtype == DType::F32 {
            uniform_f32(stream, self.low as f32, self.high as f32, y[0].as_mut());
            return Ok(());
        }
        narrowed(&mut y[0], |wide| uniform_f64(stream, self.low, self.high, wide))
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// Normal values; with `truncated`, values further than two deviations from the mean are drawn again.
    pub struct RandomNormal { shape: Shape, dtype: DType, mean: f64, stddev: f64, truncated: bool } = "random_normal"
}

impl Op for RandomNormal {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        floats(Self::NAME, x[0], self.dtype, &self.shape)
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let stream = random_stream(&x[0]);
        narrowed(&mut y[0], |wide| {
            if self.truncated {
                truncated_normal::<f64>(stream, self.mean, self.stddev, 2.0, wide);
            } else {
                normal_f64(stream, self.mean, self.stddev, wide);
            }
        })
    }
    fn keep(&self) -> Keep {
        Keep::NONE
    }
    fn differentiable(&self) -> bool {
        false
    }
}

crate::op! {
    /// Each element zero with probability `rate`, else divided by `1 - rate`. The gradient is the same operation.
    pub struct Dropout { rate: f64 } = "dropout"
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[1])?;
        if !x[0].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[0].dtype));
        }
        if !(0.0..1.0).contains(&self.rate) {
            return Err(Error::value(format!("dropout: rate {} is outside of 0 <= rate < 1", self.rate)));
        }
        Ok(smallvec![x[0].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        /// Values drawn at once: they stay in the innermost cache.
        const TILE: usize = 1024;
        let stream = random_stream(&x[1]);
        let (rate, scale) = (self.rate as f32, 1.0 / (1.0 - self.rate));
        if x[0].dtype() == DType::F32 {
            dropout_f32(stream, rate, scale as f32, x[0].as_slice(), y[0].as_mut());
            return Ok(());
        }
        dispatch!(x[0].dtype(), T: float => {
            let scale = T::from_f64(scale);
            let v = x[0].as_slice::<T>();
            let mut u = [0.0f32; TILE];
            for (i, (x, y)) in v.chunks(TILE).zip(y[0].as_mut::<T>().chunks_mut(TILE)).enumerate() {
                let u = &mut u[..x.len()];
                // Four values come of a block.
                uniform_f32(stream.skip((i * TILE / 4) as u128), 0.0, 1.0, u);
                for ((y, &x), &u) in y.iter_mut().zip(x).zip(u.iter()) {
                    *y = if u < rate { T::ZERO } else { x * scale };
                }
            }
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, x[0].dtype())) })
    }
    fn keep(&self) -> Keep {
        Keep { x: 0b10, y: 0 }
    }
    fn vjp(&self, cx: &mut Backward<'_>) -> Result<()> {
        let g = apply1(self, &[&cx.dy(0)?, cx.x(1)])?;
        cx.give(0, g)
    }
}

impl Tensor {
    /// The state `[key, counter]` that random operations take.
    pub fn random_state(key: u64, counter: u64) -> Tensor {
        Tensor::from_slice(&[key, counter], [2]).expect("two values fill the shape [2]")
    }

    /// Uniform values in `[low, high)` from a state, of a float dtype.
    pub fn random_uniform(
        shape: impl Into<Shape>,
        low: f64,
        high: f64,
        dtype: DType,
        state: &Tensor,
    ) -> Result<Tensor> {
        apply1(&RandomUniform { shape: shape.into(), dtype, low, high }, &[state])
    }

    /// Normal values from a state, of a float dtype.
    pub fn random_normal(
        shape: impl Into<Shape>,
        mean: f64,
        stddev: f64,
        dtype: DType,
        state: &Tensor,
    ) -> Result<Tensor> {
        apply1(&RandomNormal { shape: shape.into(), dtype, mean, stddev, truncated: false }, &[state])
    }

    /// Normal values within two deviations of the mean, from a state, of a float dtype.
    pub fn truncated_normal(
        shape: impl Into<Shape>,
        mean: f64,
        stddev: f64,
        dtype: DType,
        state: &Tensor,
    ) -> Result<Tensor> {
        apply1(&RandomNormal { shape: shape.into(), dtype, mean, stddev, truncated: true }, &[state])
    }

    /// Each element zero with probability `rate`, else divided by `1 - rate`; the state decides which.
    pub fn dropout(&self, rate: f64, state: &Tensor) -> Result<Tensor> {
        apply1(&Dropout { rate }, &[self, state])
    }
}
