//! Activations: the functions between layers.
//!
//! Layers take `impl IntoActivation`: a name, a value, or a closure.
//!
//! ```
//! use gradus_nn::activations::{Activation, IntoActivation};
//! use gradus_tensor::{Result, Tensor};
//! let x = Tensor::new([-1.0f32, 2.0])?;
//! for (f, want) in [
//!     ("relu".into_activation()?, [0.0, 2.0]),
//!     (Activation::LeakyRelu { negative_slope: 0.5 }, [-0.5, 2.0]),
//!     ((|x: &Tensor| x.mul(x)).into_activation()?, [1.0, 4.0]),
//! ] {
//!     assert_eq!(f.apply(&x)?.to_vec::<f32>()?, want);
//! }
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! The functions themselves are here too, as in `keras.activations`: [`relu`], [`softmax`] and so on.

mod activation;
mod functions;
mod sparsemax;

pub use activation::{Activation, IntoActivation, NAMES, from_config, get};
pub use functions::{
    celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
    log_sigmoid, log_softmax, mish, relu, relu_with, relu6, selu, sigmoid, silu, soft_shrink, softmax,
    softplus, softsign, sparse_plus, sparse_sigmoid, squareplus, tanh, tanh_shrink, threshold,
};
pub use sparsemax::sparsemax;
