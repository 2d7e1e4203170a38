//! TensorBoard's event files: curves, histograms, pictures, texts, graphs and hyperparameters.
//!
//! ```
//! use gradus_io::tensorboard::EventWriter;
//!
//! # let folder = std::env::temp_dir().join(format!("gradus-events-{}", std::process::id()));
//! let mut train = EventWriter::create(folder.join("train"))?;
//! for (epoch, loss) in [0.9f32, 0.5, 0.3].into_iter().enumerate() {
//!     train.scalar("epoch_loss", epoch as i64, loss)?;
//! }
//! train.flush()?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Keras writes `LOG/train` and `LOG/validation` with the tags `epoch_loss`, `epoch_learning_rate`, `epoch_<metric>`
//! and `<layer path>/histogram`: with the same names, runs lie over Keras's runs.
//!
//! A file is a row of [TFRecords](crate::tfrecord), each an `Event` message: a time, a step, and a summary that says by
//! the name of a plugin what its tensor means.

mod event_reader;
mod event_writer;
mod summary;

pub use event_reader::{Event, Logged, Summary, read_events};
pub use event_writer::{EventWriter, GraphNode, HyperParameter, Picture};
