//! Zip archives, as npz files and `.keras` models are: stored and deflated members, zip64, nothing else.
//!
//! Readers of zip disagree on files that describe a member twice in different words, and that has been used to show one
//! content to a scanner and another to a program. Here the central directory, the local headers and the bytes must
//! tell one story: the archive starts at its first byte and ends at its last, members do not overlap, names are
//! unique, lengths and CRC-32 hold. Encryption, several disks and other methods are refused. Names are text, never paths.

mod reader;
mod writer;

pub(crate) use reader::ZipReader;
pub(crate) use writer::ZipWriter;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END64: u32 = 0x0606_4b50;
const END64_LOCATOR: u32 = 0x0706_4b50;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

const UTF8: u16 = 1 << 11;
/// Lengths stand behind the data instead of in the local header.
const STREAMED: u16 = 1 << 3;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// Tag of the extra field with 64-bit lengths.
const ZIP64: u16 = 1;

/// Whether a declared length is one that honest data reaches: everything up to 16 MiB, above that 200 times the
/// packed bytes (deflate itself ends at 1032).
fn plausible(packed: u64, length: u64) -> bool {
    length <= 16 << 20 || length <= packed.saturating_mul(200)
}
