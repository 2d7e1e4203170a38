//! The TensorFlow/Keras workflow in Rust: one crate that re-exports the others.
//!
//! ```no_run
//! use gradus::prelude::*;
//! let x = Tensor::zeros([64, 28, 28], DType::F32)?;
//! let y = Tensor::zeros([64], DType::I64)?;
//! let mut model = Sequential::new()
//!     .input([28, 28])
//!     .add(Flatten::new())
//!     .add(Dense::new(128).activation("relu"))
//!     .add(Dense::new(10).activation("softmax"));
//! model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
//! model.fit(&x, &y).epochs(5).run()?;
//! # Ok::<(), gradus::Error>(())
//! ```
//!
//! Depend on the crates by themselves to get less: `gradus-tensor` for arrays, `gradus-autograd` for gradients,
//! `gradus-data` for input pipelines, `gradus-datasets` for downloads.
//!
//! Features add what many programs do not need: `linalg`, `random` and `signal`; tensors of other kinds with `ragged`,
//! `sparse`, `text` and `collections`; `data` and `image`; conversions with `ndarray`. `full` is all of them.
#![forbid(unsafe_code)]

pub use gradus_autograd::{self as autograd, GradientTape, PersistentTape, Variable};
#[cfg(feature = "collections")]
pub use gradus_collections as collections;
#[cfg(feature = "data")]
pub use gradus_data as data;
pub use gradus_function::{self as function, Function};
#[cfg(feature = "image")]
pub use gradus_image as image;
pub use gradus_io as io;
pub use gradus_kernels::threads::{num_threads, set_num_threads};
#[cfg(feature = "linalg")]
pub use gradus_linalg as linalg;
pub use gradus_nn::{self as nn, History};
pub use gradus_optim as optim;
#[cfg(feature = "ragged")]
pub use gradus_ragged as ragged;
#[cfg(feature = "random")]
pub use gradus_random as random;
#[cfg(feature = "signal")]
pub use gradus_signal as signal;
#[cfg(feature = "sparse")]
pub use gradus_sparse as sparse;
pub use gradus_tensor::{
    self as tensor, Axes, DType, Error, ErrorKind, Registry, Result, Shape, Tensor, ops,
};
#[cfg(feature = "text")]
pub use gradus_text as text;

/// What most programs import.
pub mod prelude {
    pub use gradus_autograd::{GradientTape, Variable};
    pub use gradus_nn::prelude::*;
    pub use gradus_tensor::{DType, Tensor};
}
