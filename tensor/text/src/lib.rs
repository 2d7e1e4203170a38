//! Tensors of byte strings, and TensorFlow's operations on them.
//!
//! ```
//! use gradus_text::{CaseEncoding, Pattern, Split, StringTensor};
//! let lines = StringTensor::new(["One <b>two</b>", "three"])?;
//! let words = lines
//!     .lower(CaseEncoding::Utf8)
//!     .regex_replace(&Pattern::new("<[^>]*>")?, "", true)?
//!     .split(&Split::on_whitespace())?;
//! assert_eq!(words.row_splits(), [0, 2, 3]);
//! assert_eq!(words.flat_values().to_strings()?, ["one", "two", "three"]);
//! # Ok::<(), gradus_tensor::Error>(())
//! ```
//!
//! A [`StringTensor`] holds bytes. Operations that count or change characters say which encoding they read; what is not
//! valid in it is replaced, left out, or an error, as asked. Pieces of unlike numbers come as a
//! [`RaggedTensor`](gradus_ragged::RaggedTensor) of strings. Nothing here has a gradient.
#![forbid(unsafe_code)]

mod as_string;
mod base64;
mod broadcast;
mod case;
mod compare;
mod construct;
mod display;
mod hash;
mod join;
mod length;
mod ngrams;
mod number;
mod pieces;
mod printf;
mod ragged;
mod raw;
mod regex;
mod shaping;
mod split;
mod string_tensor;
mod strip;
mod substr;
mod template;
mod unicode;

pub use as_string::NumberFormat;
pub use case::CaseEncoding;
pub use compare::DistinctStrings;
pub use construct::NestedStrings;
pub use hash::fingerprint;
pub use length::Unit;
pub use ngrams::NGrams;
pub use raw::RawFormat;
pub use regex::Pattern;
pub use split::Split;
pub use string_tensor::{StringBuilder, StringTensor};
pub use template::Shown;
pub use unicode::{Decoder, Encoder, Encoding, OnError, Transcoder, unicode_script};
