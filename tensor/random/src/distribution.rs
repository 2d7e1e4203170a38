//! Distributions whose parameters are tensors: gamma, Poisson, binomial.

use crate::stream::{Stream, fill};
use gradus_tensor::op::{Op, apply1, same_dtype, unsupported_dtype};
use gradus_tensor::ops::check_random_state;
use gradus_tensor::view::{View, ViewMut};
use gradus_tensor::{DType, Element, Error, Result, Shape, Spec, Specs, Tensor, dispatch};
use rand_distr::{Binomial, Distribution, Gamma, Poisson};
use smallvec::smallvec;

/// Errors naming the first parameter that a distribution does not take.
fn check(name: &str, what: &str, values: &[f64], good: impl Fn(f64) -> bool) -> Result<()> {
    match values.iter().position(|&v| !good(v)) {
        None => Ok(()),
        Some(i) => Err(Error::value(format!("{name}: {what} {} at element {i} is out of range", values[i]))),
    }
}

/// The elements of a parameter as f64.
pub(crate) fn wide(x: &View<'_>) -> Result<Vec<f64>> {
    dispatch!(x.dtype(), T: real => {
        Ok(x.as_slice::<T>().iter().map(|v| v.to_f64()).collect())
    } else { Err(unsupported_dtype("random", x.dtype())) })
}

/// Fills an output of any real dtype.
fn draw(state: &View<'_>, y: &mut ViewMut<'_>, f: impl Fn(usize, &mut Stream) -> f64 + Sync) -> Result<()> {
    dispatch!(y.dtype(), T: real => {
        fill(state, y.as_mut::<T>(), |i, stream| T::from_f64(f(i, stream)));
        Ok(())
    } else { Err(unsupported_dtype("random", y.dtype())) })
}

fn numbers(name: &str, dtype: DType) -> Result<()> {
    if dtype.is_float() || dtype.is_int() { Ok(()) } else { Err(unsupported_dtype(name, dtype)) }
}

gradus_tensor::op! {
    /// Gamma values of scale 1; inputs are the state and the shapes of the distributions.
    pub struct RandomGamma {} = "random_gamma"
}

impl Op for RandomGamma {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[0])?;
        if !x[1].dtype.is_float() {
            return Err(unsupported_dtype(Self::NAME, x[1].dtype));
        }
        Ok(smallvec![x[1].clone()])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let alpha = wide(&x[1])?;
        check("gamma", "alpha", &alpha, |a| a > 0.0 && a.is_finite())?;
        draw(&x[0], &mut y[0], |i, stream| {
            // The range was checked, so there is such a distribution.
            Gamma::new(alpha[i], 1.0).map_or(f64::NAN, |d| d.sample(stream))
        })
    }
    constant!();
}

gradus_tensor::op! {
    /// Poisson counts; inputs are the state and the rates.
    pub struct RandomPoisson { dtype: DType } = "random_poisson"
}

impl Op for RandomPoisson {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[0])?;
        numbers(Self::NAME, self.dtype)?;
        numbers(Self::NAME, x[1].dtype)?;
        Ok(smallvec![Spec::new(self.dtype, x[1].shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let rate = wide(&x[1])?;
        check("poisson", "rate", &rate, |r| (0.0..Poisson::<f64>::MAX_LAMBDA).contains(&r))?;
        draw(&x[0], &mut y[0], |i, stream| {
            // A rate of 0 gives 0, which the distribution does not know.
            Poisson::new(rate[i]).map_or(0.0, |d| d.sample(stream))
        })
    }
    constant!();
}

gradus_tensor::op! {
    /// Binomial counts; inputs are the state, the numbers of trials and the probabilities.
    pub struct RandomBinomial { dtype: DType } = "random_binomial"
}

impl Op for RandomBinomial {
    fn name(&self) -> &'static str {
        Self::NAME
    }
    fn infer(&self, x: &[&Spec]) -> Result<Specs> {
        check_random_state(Self::NAME, x[0])?;
        numbers(Self::NAME, self.dtype)?;
        same_dtype(Self::NAME, &x[1..])?;
        if !x[1].dtype.is_float() || x[1].shape != x[2].shape {
            return Err(Error::shape(format!("binomial: counts {} and probabilities {}", x[1], x[2])));
        }
        Ok(smallvec![Spec::new(self.dtype, x[1].shape.clone())])
    }
    fn forward(&self, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (counts, probabilities) = (wide(&x[1])?, wide(&x[2])?);
        // Beyond 2^53 a count is not exact.
        check("binomial", "count", &counts, |c| (0.0..9e15).contains(&c))?;
        check("binomial", "probability", &probabilities, |p| (0.0..=1.0).contains(&p))?;
        draw(&x[0], &mut y[0], |i, stream| {
            // Both ranges were checked, so there is such a distribution.
            Binomial::new(counts[i] as u64, probabilities[i]).map_or(f64::NAN, |d| d.sample(stream) as f64)
        })
    }
    constant!();
}

/// Gamma values of the given shape: density proportional to `x^(alpha - 1) exp(-beta x)`, mean `alpha / beta`. Both
/// parameters broadcast to the shape and have the result's dtype.
///
/// Differentiable with respect to beta; with respect to alpha there is no gradient. Errors when an alpha is not positive.
pub fn gamma(shape: impl Into<Shape>, alpha: &Tensor, beta: &Tensor, state: &Tensor) -> Result<Tensor> {
    let shape = shape.into();
    let unit = apply1(&RandomGamma {}, &[state, &alpha.broadcast_to(shape)?])?;
    unit.div(beta)
}

/// Poisson counts of the given shape with mean `rate`, which broadcasts to it, as numbers of any real dtype.
///
/// Errors when a rate is negative, NaN or above 1.8e19.
pub fn poisson(shape: impl Into<Shape>, rate: &Tensor, dtype: DType, state: &Tensor) -> Result<Tensor> {
    apply1(&RandomPoisson { dtype }, &[state, &rate.broadcast_to(shape)?])
}

/// How many of `counts` trials succeed, each with the given probability: numbers of any real dtype. Both parameters are
/// floats and broadcast to the shape.
///
/// Errors when a count is negative or not below 9e15, or a probability lies outside of 0 to 1.
pub fn binomial(
    shape: impl Into<Shape>,
    counts: &Tensor,
    probabilities: &Tensor,
    dtype: DType,
    state: &Tensor,
) -> Result<Tensor> {
    let shape = shape.into();
    let (counts, probabilities) = (counts.broadcast_to(shape.clone())?, probabilities.broadcast_to(shape)?);
    apply1(&RandomBinomial { dtype }, &[state, &counts, &probabilities])
}
