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

mod custom_gradient;
mod forms;
mod forward_mode;
mod gradcheck;
mod parts;
mod passing;
mod reads;
mod recompute;
mod sources;
mod tape;
mod upstream;
mod variable;

pub use custom_gradient::custom_gradient;
pub use forms::{Arguments, Tensors};
pub use forward_mode::jvp;
pub use gradcheck::GradCheck;
pub use parts::VariableSlice;
pub use recompute::recompute_grad;
pub use sources::{Source, Sources};
pub use tape::{GradientTape, PersistentTape, stop_recording};
pub use upstream::Upstream;
pub use variable::Variable;
