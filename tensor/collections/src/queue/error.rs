//! Why an operation on a queue did not happen.

use std::fmt;

use super::exchange::Refusal;

/// Why an operation on a queue did not happen. A consumer's loop ends at [`QueueError::Ended`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QueueError {
    /// The queue is closed and holds fewer elements than were asked for; no more can come.
    /// (TensorFlow's `OutOfRangeError`.)
    Ended {
        /// Number of elements asked for.
        requested: usize,
        /// Number of elements in the queue.
        found: usize,
    },
    /// The queue is closed, or was closed with `cancel_pending_enqueues` while this call waited.
    /// (TensorFlow's `CancelledError`.)
    Cancelled,
    /// The components do not fit the queue's dtypes and shapes.
    Invalid(gradus_tensor::Error),
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueueError::Ended { requested, found } => {
                write!(f, "queue: closed with too few elements (requested {requested}, found {found})")
            }
            QueueError::Cancelled => f.write_str("queue: closed, or cancelled while waiting"),
            QueueError::Invalid(error) => write!(f, "queue: {error}"),
        }
    }
}

impl std::error::Error for QueueError {}

impl From<gradus_tensor::Error> for QueueError {
    fn from(error: gradus_tensor::Error) -> QueueError {
        QueueError::Invalid(error)
    }
}

impl From<Refusal> for QueueError {
    fn from(refusal: Refusal) -> QueueError {
        match refusal {
            Refusal::Cancelled => QueueError::Cancelled,
            Refusal::Ended { requested, found } => QueueError::Ended { requested, found },
        }
    }
}
