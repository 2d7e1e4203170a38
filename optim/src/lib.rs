//! Keras's optimizers and learning-rate schedules.
//!
//! ```
//! use gradus_autograd::{GradientTape, Variable};
//! use gradus_optim::{Adam, Optimizer, schedules::CosineDecay};
//! use gradus_tensor::Tensor;
//! let w = Variable::new(Tensor::new([1.0f32, -2.0])?);
//! let mut optimizer = Adam::new(CosineDecay::new(0.1, 100.0)).beta_1(0.95).global_clipnorm(1.0);
//! let tape = GradientTape::new();
//! let loss = w.value().square()?.reduce_sum((), false)?;
//! let gradient = tape.gradient(&loss, &w)?;
//! optimizer.apply_gradients(&[gradient], &[w.clone()])?;
//! assert!(w.value().to_vec::<f32>()?[0] < 1.0);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! An optimizer is a [`Rule`] (a record of hyperparameters with the update) inside a [`RuleOptimizer`], which
//! clips, decays, averages and accumulates. A rule of your own is one formula: see [`Elementwise`]. Formulas
//! run as one pass over memory in place, and as recorded operations inside a trace.
//!
//! Names, defaults, the order of variables and the order of operations are those of Keras 3.15. Not here:
//! Muon, ScheduleFreeAdamW, MultiOptimizer, and a loss scale that adapts by itself.
#![forbid(unsafe_code)]

pub mod arith;
pub mod names;
pub mod rule;
pub mod schedules;

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod average;
mod clip;
mod ftrl;
mod lamb;
mod learning_rate;
mod lion;
mod minimize;
mod nadam;
mod one_pass;
mod optimizer;
mod options;
mod registry;
mod rmsprop;
mod rule_optimizer;
mod sgd;
mod state;
mod touched;

pub use adadelta::{Adadelta, AdadeltaRule};
pub use adafactor::{Adafactor, AdafactorRule};
pub use adagrad::{Adagrad, AdagradRule};
pub use adam::{Adam, AdamCoefficients, AdamRule};
pub use adamax::{Adamax, AdamaxRule};
pub use adamw::{AdamW, AdamWRule};
pub use ftrl::{Ftrl, FtrlCoefficients, FtrlRule};
pub use lamb::{Lamb, LambRule};
pub use learning_rate::LearningRate;
pub use lion::{Lion, LionRule};
pub use minimize::{IntoVariables, Loss, Minimize};
pub use nadam::{Nadam, NadamCoefficients, NadamRule};
pub use optimizer::{IntoOptimizer, Optimizer};
pub use options::Options;
pub use registry::{NAMES, from_config, get};
pub use rmsprop::{RMSprop, RmspropCoefficients, RmspropRule};
pub use rule::{Elementwise, Rule, Step};
pub use rule_optimizer::RuleOptimizer;
pub use sgd::{SGD, SgdRule};
pub use state::Slots;
