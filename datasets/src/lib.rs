//! Verified, resumable downloads of the classic datasets, and their parsers.
//!
//! ```
//! use gradus_datasets::fashion_mnist;
//!
//! # if cfg!(feature = "sample") {
//! let data = fashion_mnist::Loader::new().offline(true).load()?;
//! println!("{}", data.source);
//! let (images, labels) = (&data.train.images, &data.train.labels);
//! assert_eq!(images.shape[1..], [28, 28]);
//! assert_eq!(images.len(), labels.len());
//! # }
//! # Ok::<(), gradus_datasets::Error>(())
//! ```
//!
//! Files are looked for in the user's folder, in the cache and in Keras's cache before the network is asked; see
//! [`Lookup`]. What was found is always compared with a pinned hash or named as something else ([`Source`]).
//!
//! The crate knows no tensors at its heart: arrays are plain structs. It never runs code from a file: pickled arrays
//! are read by a list of allowed instructions, archives are unpacked entry by entry and refused whole when one entry
//! could leave its folder.
#![forbid(unsafe_code)]

mod address;
pub mod boston_housing;
pub mod cache;
pub mod california_housing;
pub mod catalog;
pub mod cifar;
pub mod cifar10;
pub mod cifar100;
mod digest;
mod entry_name;
mod error;
mod extract;
pub mod fashion_mnist;
pub mod flower_photos;
mod get_file;
#[cfg(feature = "download")]
mod http;
pub mod idx;
mod idx_images;
mod images;
pub mod imdb;
mod lookup;
pub mod mnist;
mod mt19937;
pub mod npy;
mod part;
mod pickle;
mod progress;
mod ratio_guard;
mod regression;
pub mod reuters;
#[cfg(feature = "sample")]
mod sample;
mod sequences;
mod source;
mod split;
#[cfg(feature = "tensor")]
mod tensor;
mod untar;
mod unzip;
mod verified;
mod zip_reader;

pub use digest::Digest;
pub use error::{Error, ErrorKind, Result};
pub use extract::{ExtractLimits, extract};
pub use get_file::{Fetched, GetFile};
pub use images::{ImageDataset, Images, LabeledImages};
pub use lookup::{Condition, Located, Lookup, Verified};
pub use progress::{Progress, TerminalBar};
pub use regression::{Regression, RegressionDataset};
pub use sequences::{LabeledSequences, SequenceDataset};
pub use source::Source;
