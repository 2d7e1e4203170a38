//! Tensor arrays, queues between threads, and sets of tensor rows.
//!
//! * [`TensorArray`]: a list of tensors that grows while a loop runs.
//! * [`Queue`]: bounded queues that block, close and cancel: first in first out, by priority, shuffled, padded.
//! * [`Sets`]: rows of integers or strings as sets: union, intersection, difference, size.
//!
//! With the feature `text`, queues and sets hold strings (`gradus_text::StringTensor`), too.
#![forbid(unsafe_code)]

mod partial_shape;
mod queue;
mod sets;
mod tensor_array;

pub use partial_shape::PartialShape;
pub use queue::{Component, ComponentSpec, ComponentType, Queue, QueueError};
pub use sets::{SetValues, Sets};
pub use tensor_array::TensorArray;
