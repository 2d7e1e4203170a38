//! Code points: decoding, encoding, splitting, transcoding.

mod decode;
mod encode;
mod encoding;
mod script;
mod transcode;

pub use decode::Decoder;
pub use encode::Encoder;
pub use encoding::{Encoding, OnError};
pub use script::unicode_script;
pub use transcode::Transcoder;
