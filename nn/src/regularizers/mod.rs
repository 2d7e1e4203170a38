//! Regularizers: penalties on weights or outputs, added to the loss.
//!
//! ```
//! use gradus_nn::regularizers::{L2, Regularizer};
//! use gradus_tensor::Tensor;
//! assert_eq!(L2::new(0.1).penalty(&Tensor::new([1.0f32, 3.0])?)?.item::<f32>()?, 1.0);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```

mod norms;
mod orthogonal;
mod regularizer;

pub use norms::{L1, L1L2, L2};
pub use orthogonal::{OrthogonalMode, OrthogonalRegularizer};
pub use regularizer::{IntoRegularizer, NAMES, Regularizer, from_config, get};
