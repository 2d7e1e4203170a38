//! Model directories, weights files and checkpoints; exchange with numpy, safetensors and TensorBoard.
//!
//! **Files are data.** Loading never runs code, never opens another path than the one asked for (and the parts of
//! that model directory), never panics, and checks declared sizes against the bytes present before it allocates.
//! **Saving is all-or-nothing:** a temporary file, a sync, a rename, a sync of the folder; after a crash at any
//! moment the previous or the new content is there. **Everything of our own carries checksums:** a flipped bit is an
//! error that names file and tensor.
//!
//! ```
//! use gradus_io::{NamedTensor, SavedModel, TensorData, load_model, save_model};
//!
//! # let folder = std::env::temp_dir().join(format!("gradus-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join("model.gradus");
//! let kernel = TensorData::from_values(&[2, 3], &[0.5f32, -1.0, 2.0, 0.0, 1.5, 3.0])?;
//! let model = SavedModel {
//!     architecture: serde_json::json!({"class_name": "Dense", "config": {"units": 3}}),
//!     weights: vec![NamedTensor::new("dense/kernel", kernel)],
//!     ..SavedModel::default()
//! };
//! save_model(&path, &model)?;
//! assert_eq!(load_model(&path)?, model);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate knows tensors, not layers: what an architecture means is the business of the crate that made it.
#![forbid(unsafe_code)]

mod atomic_file;
mod byte_fields;
mod checkpoint;
mod codec;
#[cfg(test)]
mod crash_tests;
pub mod crc32c;
mod element;
mod error;
mod file_system;
pub mod hdf5;
mod input_file;
mod json;
pub mod keras;
mod model_directory;
pub mod npy;
pub mod npz;
pub mod png;
mod protobuf;
pub mod safetensors;
mod saved_model;
mod sealed;
pub mod tensor_bundle;
mod tensor_conversion;
mod tensor_data;
pub mod tensorboard;
mod tensorflow_dtype;
pub mod tfrecord;
mod weights_file;
mod zip_archive;

pub use checkpoint::{Checkpoint, CheckpointFolder};
pub use element::FileElement;
pub use error::{Error, ErrorKind, Result};
pub use model_directory::{
    LoadOptions, SaveOptions, load_model, load_model_with, save_model, save_model_with,
};
pub use saved_model::{Asset, SavedModel};
pub use tensor_data::{MAX_RANK, NamedTensor, TensorData};
pub use weights_file::{load_weights, load_weights_with, save_weights, save_weights_with};
