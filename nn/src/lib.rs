//! Keras-style layers, models, losses, metrics and training.
//!
//! ```no_run
//! use gradus_nn::prelude::*;
//! use gradus_tensor::{DType, Tensor};
//!
//! let x = Tensor::zeros([64, 28, 28, 1], DType::F32)?;
//! let y = Tensor::zeros([64], DType::I64)?;
//! let mut model = Sequential::new()
//!     .input([28, 28, 1])
//!     .add(Conv2D::new(64, 3).padding("same").activation("relu"))
//!     .add(MaxPooling2D::new(2))
//!     .add(Flatten::new())
//!     .add(Dense::new(10).activation("softmax"));
//! println!("{}", model.summary()?);
//! model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])?;
//! let history = model.fit(&x, &y).epochs(5).validation_split(0.1).run()?;
//! println!("{:?}", &history["val_accuracy"]);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! Names and defaults are Keras's. Strings such as `"relu"` are accepted where Keras accepts them, and a wrong
//! one is an error that lists the right ones.
#![forbid(unsafe_code)]

pub mod activations;
pub mod batches;
pub mod callbacks;
pub mod constraints;
mod dims;
mod fit;
mod history;
pub mod initializers;
pub mod layer;
pub mod layers;
pub mod losses;
mod meta;
pub mod metrics;
mod model;
#[cfg(feature = "data")]
mod pipeline;
mod progress;
pub mod regularizers;
pub mod saving;
mod seed;
mod sequential;
pub mod signatures;
mod source;
mod steps;
pub mod summary;
mod weight;

pub use dims::Dims;
pub use fit::Fit;
pub use history::{History, Logs};
pub use layer::{Call, Layer, ensure_built};
pub use meta::{Meta, clear_session, snake_case, unique_name};
pub use model::{Compiled, Model, TrainState, default_train_step};
pub use progress::{Progress, Verbose};
pub use saving::load_model;
pub use seed::{next_key, set_random_seed};
pub use sequential::{IntoLayer, Sequential, Stack};
pub use source::{BatchSource, Epoch};
pub use weight::{Weight, existing};

/// What a program that builds and trains models imports.
pub mod prelude {
    pub use crate::callbacks::{Callback, EarlyStopping, LearningRateScheduler, ModelCheckpoint};
    pub use crate::layers::*;
    pub use crate::losses::{self, Loss};
    pub use crate::metrics::{self, Metric};
    pub use crate::{
        Call, History, Layer, Model, Sequential, Verbose, clear_session, load_model, set_random_seed,
    };
    pub use gradus_optim::{Adam, AdamW, Nadam, Optimizer, RMSprop, SGD};
    pub use gradus_tensor::ops::Padding;
}
