//! The only place that knows bincode.
//!
//! Structures that live in our files are bincode 2 in its standard configuration: little-endian, variable-length
//! integers. The layout is part of the format version of [`crate::sealed`]: changing a structure means a new
//! version there, and the old structure stays readable here. No bincode type is public.

use crate::error::{Error, Result};

/// Memory that decoding may claim; collections are checked against it before they are allocated.
const CLAIM: usize = 48 << 20;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<CLAIM>()
}

/// The bytes of a value. Errors when [`decode`] would refuse them, so that nothing is saved that cannot be loaded.
pub(crate) fn encode<T: bincode::Encode + bincode::Decode<()>>(what: &str, value: &T) -> Result<Vec<u8>> {
    let bytes = bincode::encode_to_vec(value, config())
        .map_err(|e| Error::invalid(format!("{what} cannot be encoded: {e}")))?;
    decode::<T>(what, &bytes).map_err(|_| {
        Error::invalid(format!("{what} of {} bytes is larger than the format allows", bytes.len()))
    })?;
    Ok(bytes)
}

/// The value of exactly these bytes.
pub(crate) fn decode<T: bincode::Decode<()>>(what: &str, bytes: &[u8]) -> Result<T> {
    let (value, used) = bincode::decode_from_slice(bytes, config())
        .map_err(|e| Error::corrupt(format!("{what} cannot be decoded: {e}")))?;
    if used != bytes.len() {
        return Err(Error::corrupt(format!("{what} ends {} bytes early", bytes.len() - used)));
    }
    Ok(value)
}
