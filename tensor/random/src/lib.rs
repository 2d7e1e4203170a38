//! Random tensors.
//!
//! ```
//! use gradus_random::{gamma, shuffle};
//! use gradus_tensor::{DType, Tensor};
//! let state = Tensor::random_state(42, 0);
//! let one = Tensor::scalar(1.0f32);
//! let waits = gamma([1000], &Tensor::scalar(3.0f32), &one, &state)?;
//! let order = shuffle(&Tensor::range(52i64)?, &Tensor::random_state(42, 1))?;
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! Every function takes a state, the tensor `[key, counter]`, and is pure: the same state gives the same values,
//! whatever the number of threads; states that differ give independent values. A [`Generator`] keeps such a state and
//! moves it. Uniform and normal values stand in `gradus-tensor` ([`Tensor::random_uniform`], [`Tensor::random_normal`],
//! [`Tensor::truncated_normal`]); here are the distributions of rand_distr over the same generator, Philox.
//!
//! Values are not those of TensorFlow for an equal seed.
//!
//! [`Tensor::random_uniform`]: gradus_tensor::Tensor::random_uniform
//! [`Tensor::random_normal`]: gradus_tensor::Tensor::random_normal
//! [`Tensor::truncated_normal`]: gradus_tensor::Tensor::truncated_normal
#![forbid(unsafe_code)]

/// Draws keep nothing and have no gradient.
macro_rules! constant {
    () => {
        fn keep(&self) -> gradus_tensor::Keep {
            gradus_tensor::Keep::NONE
        }
        fn differentiable(&self) -> bool {
            false
        }
    };
}

mod distribution;
mod generator;
mod integer;
mod stream;

pub use distribution::{RandomBinomial, RandomGamma, RandomPoisson, binomial, gamma, poisson};
pub use generator::Generator;
pub use integer::{
    RandomCategorical, RandomInteger, RandomPermutation, categorical, permutation, shuffle, uniform_int,
};

/// The operations of this crate, for a [`Registry`](gradus_tensor::Registry).
pub const DEFS: &[gradus_tensor::attr::OpDef] = &[
    RandomBinomial::DEF,
    RandomCategorical::DEF,
    RandomGamma::DEF,
    RandomInteger::DEF,
    RandomPermutation::DEF,
    RandomPoisson::DEF,
];
