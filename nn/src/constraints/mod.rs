//! Constraints: projections of weights after each step of training.
//!
//! ```
//! use gradus_nn::constraints::{Constraint, MaxNorm};
//! use gradus_tensor::Tensor;
//! let w = MaxNorm::new(2.0).project(&Tensor::new([[3.0f32], [4.0]])?)?;
//! assert!((w.to_vec::<f32>()?[0] - 1.2).abs() < 1e-6);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```

mod constraint;
mod non_neg;
mod norms;

pub use constraint::{Constraint, IntoConstraint, NAMES, from_config, get};
pub use non_neg::NonNeg;
pub use norms::{MaxNorm, MinMaxNorm, UnitNorm};
