//! Input pipelines in the manner of tf.data.
#![forbid(unsafe_code)]
