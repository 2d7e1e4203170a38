//! The operations, a file per concept: attributes, shape rule, kernel call, gradient rule, method.

pub(crate) mod elementwise;

mod arithmetic;
mod broadcast_to;
mod cast;
mod compare;
mod creation;
mod exponential;
mod linear;
mod matmul;
mod reduce;
mod reshape;
mod stop_gradient;
mod transpose;

pub use arithmetic::{Add, Div, Maximum, Minimum, Mul, Neg, Sub, add_n};
pub use broadcast_to::BroadcastTo;
pub use cast::Cast;
pub use compare::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Select};
pub use creation::{Fill, Range};
pub use exponential::{Exp, Log, Sigmoid, Sqrt, Square, Tanh};
pub use linear::{Activation, ActivationGrad, Linear};
pub use matmul::MatMul;
pub use reduce::{ReduceMax, ReduceMean, ReduceSum};
pub use reshape::Reshape;
pub use stop_gradient::StopGradient;
pub use transpose::Transpose;

use crate::attr::OpDef;

/// Every operation of the crate, by file.
pub(crate) const DEFS: &[&[OpDef]] = &[
    arithmetic::DEFS,
    broadcast_to::DEFS,
    cast::DEFS,
    compare::DEFS,
    creation::DEFS,
    exponential::DEFS,
    linear::DEFS,
    matmul::DEFS,
    reduce::DEFS,
    reshape::DEFS,
    stop_gradient::DEFS,
    transpose::DEFS,
];
