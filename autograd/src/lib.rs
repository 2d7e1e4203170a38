//! Variables, gradient tapes and traced functions.
//!
//! ```
//! use gradus_autograd::{GradientTape, Variable};
//! use gradus_tensor::Tensor;
//! let w1 = Variable::new(Tensor::scalar(5.0f64));
//! let w2 = Variable::new(Tensor::scalar(3.0f64));
//! let tape = GradientTape::new();
//! let y = 3.0 * w1.value().square()? + 2.0 * w1.value() * w2.value();
//! let [d1, d2] = tape.gradient(&y, [&w1, &w2])?;
//! assert_eq!((d1.item::<f64>()?, d2.item::<f64>()?), (36.0, 10.0));
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! The tape knows the trait [`Op`](gradus_tensor::Op) and no operation: gradient rules stand beside the
//! operations and are written in operations, so gradients of gradients need nothing more.
#![forbid(unsafe_code)]

mod gradcheck;
mod parts;
mod sources;
mod tape;
mod variable;

pub use gradcheck::GradCheck;
pub use parts::VariableSlice;
pub use sources::{Source, Sources};
pub use tape::{GradientTape, PersistentTape, Upstream, stop_recording};
pub use variable::Variable;
