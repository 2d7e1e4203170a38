//! A generator that moves its own counter.

use crate::{binomial, categorical, gamma, permutation, poisson, shuffle, uniform_int};
use gradus_tensor::{DType, Error, Result, Shape, Tensor};

/// A seed and a count of draws. Every draw takes the next state, so draws are independent, and the same seed gives the
/// same draws, whatever the number of threads.
///
/// ```
/// use gradus_random::Generator;
/// use gradus_tensor::DType;
/// let mut g = Generator::new(42);
/// let noise = g.normal([2, 3], 0.0, 1.0, DType::F32)?;
/// let dice = g.uniform_int([10], 1, 7, DType::I32)?;
/// let again = Generator::new(42).normal([2, 3], 0.0, 1.0, DType::F32)?;
/// assert_eq!(noise.to_vec::<f32>()?, again.to_vec::<f32>()?);
/// # Ok::<(), gradus_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    key: u64,
    counter: u64,
}

impl Generator {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Generator {
        Generator { key: seed, counter: 0 }
    }

    /// The generator that goes on from a [`Generator::state`]. Errors when the tensor is no state.
    pub fn from_state(state: &Tensor) -> Result<Generator> {
        match *state.to_vec::<u64>()? {
            [key, counter] if state.rank() == 1 => Ok(Generator { key, counter }),
            _ => Err(Error::shape(format!("generator: the state is {}, expected uint64[2]", state.spec()))),
        }
    }

    /// Key and counter of the next draw, to be kept in a checkpoint.
    pub fn state(&self) -> Tensor {
        Tensor::random_state(self.key, self.counter)
    }

    /// The state of the next draw, for a stateless function; the generator moves on.
    pub fn next_state(&mut self) -> Tensor {
        let state = self.state();
        self.counter = self.counter.wrapping_add(1);
        state
    }

    /// Uniform values in `[low, high)` of a float dtype.
    pub fn uniform(&mut self, shape: impl Into<Shape>, low: f64, high: f64, dtype: DType) -> Result<Tensor> {
        Tensor::random_uniform(shape, low, high, dtype, &self.next_state())
    }

    /// Integers in `low..high`: see [`uniform_int`].
    pub fn uniform_int(
        &mut self,
        shape: impl Into<Shape>,
        low: i64,
        high: i64,
        dtype: DType,
    ) -> Result<Tensor> {
        uniform_int(shape, low, high, dtype, &self.next_state())
    }

    /// Normal values of a float dtype.
    pub fn normal(
        &mut self,
        shape: impl Into<Shape>,
        mean: f64,
        stddev: f64,
        dtype: DType,
    ) -> Result<Tensor> {
        Tensor::random_normal(shape, mean, stddev, dtype, &self.next_state())
    }

    /// Normal values within two deviations of the mean, of a float dtype.
    pub fn truncated_normal(
        &mut self,
        shape: impl Into<Shape>,
        mean: f64,
        stddev: f64,
        dtype: DType,
    ) -> Result<Tensor> {
        Tensor::truncated_normal(shape, mean, stddev, dtype, &self.next_state())
    }

    /// Gamma values: see [`gamma`].
    pub fn gamma(&mut self, shape: impl Into<Shape>, alpha: &Tensor, beta: &Tensor) -> Result<Tensor> {
        gamma(shape, alpha, beta, &self.next_state())
    }

    /// Poisson counts: see [`poisson`].
    pub fn poisson(&mut self, shape: impl Into<Shape>, rate: &Tensor, dtype: DType) -> Result<Tensor> {
        poisson(shape, rate, dtype, &self.next_state())
    }

    /// Binomial counts: see [`binomial`].
    pub fn binomial(
        &mut self,
        shape: impl Into<Shape>,
        counts: &Tensor,
        probabilities: &Tensor,
        dtype: DType,
    ) -> Result<Tensor> {
        binomial(shape, counts, probabilities, dtype, &self.next_state())
    }

    /// Classes by log-probabilities: see [`categorical`].
    pub fn categorical(&mut self, logits: &Tensor, samples: usize) -> Result<Tensor> {
        categorical(logits, samples, &self.next_state())
    }

    /// The numbers `0..n` in random order: see [`permutation`].
    pub fn permutation(&mut self, n: usize) -> Result<Tensor> {
        permutation(n, &self.next_state())
    }

    /// The parts along the first axis in random order: see [`shuffle`].
    pub fn shuffle(&mut self, x: &Tensor) -> Result<Tensor> {
        shuffle(x, &self.next_state())
    }
}
