//! Initializers: what weights start from.
//!
//! Random ones draw from a generator keyed by a seed: the one given, or one that follows from the global
//! seed, [`set_random_seed`](crate::set_random_seed). An initializer with a fixed seed gives the same values every time it is called.
//!
//! ```
//! use gradus_nn::initializers::{Initializer, GlorotUniform};
//! use gradus_tensor::DType;
//! let init = GlorotUniform::new().seed(7);
//! let w = init.init(&[100, 50], DType::F32)?;
//! assert!(w.to_vec::<f32>()?.iter().all(|w| w.abs() <= 0.2)); // sqrt(6 / (fan_in + fan_out))
//! # Ok::<(), gradus_tensor::Error>(())
//! ```

mod constant;
mod drawn;
mod identifier;
mod initializer;
mod orthogonal;
mod random;
mod variance_scaling;

pub use constant::{Constant, Identity, Ones, Zeros};
pub use identifier::{NAMES, from_config, get};
pub use initializer::{Initializer, IntoInitializer};
pub use orthogonal::Orthogonal;
pub use random::{RandomNormal, RandomUniform, TruncatedNormal};
pub use variance_scaling::{
    Distribution, FanMode, GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform,
    VarianceScaling, compute_fans,
};
