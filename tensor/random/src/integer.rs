//! Integers: uniform ones, categories, permutations.

use crate::distribution::wide;
use crate::stream::{Stream, fill};
use gradus_tensor::op::{Op, apply1, unsupported_dtype};
use gradus_tensor::ops::{check_random_state, random_stream};
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Error, Result, Shape, Spec, Specs, Tensor, dispatch};
use rand_distr::{Distribution, Uniform};
use smallvec::smallvec;

gradus_tensor::op! {
    /// Integers in `low..high`, each equally likely; the input is the state.
    pub struct RandomInteger { shape: Shape, dtype: DType, low: i64, high: i64 } = "random_integer"
}

impl RandomInteger {
    fn distribution(&self) -> Result<Uniform<i64>> {
        Uniform::new(self.low, self.high).map_err(|_| {
            Error::value(format!("uniform_int: there is no integer in {}..{}", self.low, self.high))
        })
    }
}

impl Op for RandomInteger {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[0])?;
        self.shape.checked_len()?;
        self.distribution()?;
        let (low, last) = (i128::from(self.low), i128::from(self.high) - 1);
        let holds = match self.dtype {
            DType::I8 => i8::try_from(low).is_ok() && i8::try_from(last).is_ok(),
            DType::I16 => i16::try_from(low).is_ok() && i16::try_from(last).is_ok(),
            DType::I32 => i32::try_from(low).is_ok() && i32::try_from(last).is_ok(),
            DType::U8 => u8::try_from(low).is_ok() && u8::try_from(last).is_ok(),
            DType::U16 => u16::try_from(low).is_ok() && u16::try_from(last).is_ok(),
            DType::U32 => u32::try_from(low).is_ok() && u32::try_from(last).is_ok(),
            DType::U64 => low >= 0,
            DType::I64 => true,
            d => return Err(unsupported_dtype(Self::NAME, d)),
        };
        if !holds {
            return Err(Error::value(format!(
                "uniform_int: {} does not hold {}..{}",
                self.dtype, self.low, self.high
            )));
        }
        Ok(smallvec![Spec::new(self.dtype, self.shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let d = self.distribution()?;
        dispatch!(self.dtype, T: int => {
            fill(&x[0], y[0].as_mut::<T>(), |_, stream| d.sample(stream) as T);
            Ok(())
        } else { Err(unsupported_dtype(Self::NAME, self.dtype)) })
    }
    constant!();
}

gradus_tensor::op! {
    /// Classes drawn by unnormalised log-probabilities; inputs are the state and the logits, `[rows, classes]`.
    pub struct RandomCategorical { samples: usize } = "random_categorical"
}

impl Op for RandomCategorical {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[0])?;
        if !x[1].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[1].dtype));
        }
        let [rows, classes] = x[1].shape[..] else {
            return Err(Error::shape(format!("categorical: expected [rows, classes], found {}", x[1].shape)));
        };
        if classes == 0 && rows > 0 && self.samples > 0 {
            return Err(Error::shape("categorical: there are no classes to draw from"));
        }
        let shape = Shape::from([rows, self.samples]);
        shape.checked_len()?;
        Ok(smallvec![Spec::new(DType::I64, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let classes = x[1].shape().last().copied().unwrap_or(0);
        if self.samples == 0 || x[1].spec().is_empty() {
            return Ok(());
        }
        // Running sums of probabilities, row by row.
        let mut sums = wide(&x[1])?;
        for (r, row) in sums.chunks_mut(classes).enumerate() {
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if !top.is_finite() || row.iter().any(|v| v.is_nan()) {
                return Err(Error::value(format!("categorical: row {r} of the logits is no distribution")));
            }
            let mut sum = 0.0;
            for v in row {
                sum += (*v - top).exp();
                *v = sum;
            }
        }
        let unit = Uniform::new(0.0, 1.0).map_err(|e| Error::value(format!("categorical: {e}")))?;
        fill(&x[0], y[0].as_mut::<i64>(), |i, stream| {
            let row = &sums[i / self.samples * classes..][..classes];
            let at = unit.sample(stream) * row[classes - 1];
            // Rounding may reach the sum itself: then the last class that has a probability is meant.
            let found = row.partition_point(|&s| s <= at);
            let last = row.partition_point(|&s| s < row[classes - 1]);
            found.min(last) as i64
        });
        Ok(())
    }
    constant!();
}

gradus_tensor::op! {
    /// The numbers `0..n` in random order; the input is the state.
    pub struct RandomPermutation { n: usize } = "random_permutation"
}

impl Op for RandomPermutation {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[0])?;
        let shape = Shape::from([self.n]);
        shape.checked_len()?;
        Ok(smallvec![Spec::new(DType::I64, shape)])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let y = y[0].as_mut::<i64>();
        y.iter_mut().enumerate().for_each(|(i, y)| *y = i as i64);
        let mut stream = Stream::new(random_stream(&x[0]));
        // Fisher and Yates, with exactly uniform indices.
        for i in (1..self.n).rev() {
            let d = Uniform::new_inclusive(0, i as u64).map_err(|e| Error::value(format!("shuffle: {e}")))?;
            y.swap(i, d.sample(&mut stream) as usize);
        }
        Ok(())
    }
    constant!();
}

/// Integers in `low..high`, each exactly equally likely, of an integer dtype that holds them.
pub fn uniform_int(
    shape: impl Into<Shape>,
    low: i64,
    high: i64,
    dtype: DType,
    state: &Tensor,
) -> Result<Tensor> {
    apply1(&RandomInteger { shape: shape.into(), dtype, low, high }, &[state])
}

/// Classes drawn by unnormalised log-probabilities: `[rows, classes]` gives `[rows, samples]` of int64. Minus infinity is
/// never drawn.
///
/// Errors for a row with NaN, plus infinity, or nothing but minus infinity.
pub fn categorical(logits: &Tensor, samples: usize, state: &Tensor) -> Result<Tensor> {
    apply1(&RandomCategorical { samples }, &[state, logits])
}

/// The numbers `0..n` in random order, of int64; every order is equally likely.
pub fn permutation(n: usize, state: &Tensor) -> Result<Tensor> {
    apply1(&RandomPermutation { n }, &[state])
}

/// The parts along the first axis in random order. Differentiable. Errors for a scalar.
pub fn shuffle(x: &Tensor, state: &Tensor) -> Result<Tensor> {
    let n = x.shape().first().copied().ok_or_else(|| Error::shape("shuffle: found a scalar"))?;
    x.gather(&permutation(n, state)?, 0)
}
