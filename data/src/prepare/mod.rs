//! What one does to data before it becomes a pipeline, one thing in each file.

mod normalize;
mod pad_sequences;
mod random_batch;
mod scaler;
mod to_categorical;
mod train_test_split;

pub use normalize::normalize;
pub use pad_sequences::{PadSequences, Side, pad_sequences};
pub use random_batch::random_batch;
pub use scaler::{MinMaxScaler, StandardScaler};
pub use to_categorical::to_categorical;
#[cfg(feature = "tensor")]
pub(crate) use to_categorical::{class_count, class_of};
pub use train_test_split::{Split, train_test_split};
