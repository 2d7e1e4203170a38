//! The sealed file: named blocks, each with a checksum, under one index with its own.
//!
//! All our own files have this form, little-endian throughout:
//!
//! ```text
//! header    8  89 47 52 44 53 0D 0A 1A    a text-mode copy or a 7-bit channel breaks it visibly, as in PNG
//!           2  format version (1)
//!           2  kind: what the file is for
//!           8  generation: which save of its directory it belongs to, 0 for a single file
//!           4  CRC-32C of the 20 bytes before
//! blocks       one after the other, no gaps, in the order of the index
//! index        bincode: for each block its section, name, dtype and shape, lengths, packing and CRC-32C
//! trailer   8  length of the index
//!           8  length of the file
//!           4  CRC-32C of the index
//!           4  CRC-32C of the 20 bytes before
//!           8  "GRDSEND\n"
//! ```
//!
//! Every byte is under a checksum or compared with a constant, so a flipped bit anywhere is found, and named by the
//! block it is in. The index lies at the end so that writing needs one pass; there are no offsets in it, so blocks
//! cannot overlap or leave holes. The lengths are checked against the length of the file before anything is
//! allocated.

mod reader;
mod writer;

pub(crate) use reader::{SealedReader, read_header};
pub(crate) use writer::SealedWriter;

use bincode::{Decode, Encode};

/// The format version that is written; every version up to it is read.
pub(crate) const VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"\x89GRDS\r\n\x1a";
const END: [u8; 8] = *b"GRDSEND\n";
pub(crate) const HEADER: usize = 24;
const TRAILER: usize = 32;

/// Memory that a file may ask for beyond twice its own size.
pub(crate) const SLACK: u64 = 64 << 20;

/// What a sealed file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SavedModel = 1,
    Variables = 2,
    Assets = 3,
    Weights = 4,
    Checkpoint = 5,
}

impl Kind {
    fn name(code: u16) -> &'static str {
        match code {
            1 => "the saved_model file of a model directory",
            2 => "the variables file of a model directory",
            3 => "the assets file of a model directory",
            4 => "a weights file",
            5 => "a checkpoint",
            _ => "a file of an unknown kind",
        }
    }
}

/// The list that a block belongs to. Part of the format: only ever append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Section {
    Manifest,
    Architecture,
    Compile,
    Metadata,
    Weights,
    Optimizer,
    Assets,
}

/// What the bytes of a block are.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
enum Content {
    Bytes,
    /// `dtype` is TensorFlow's number.
    Tensor {
        dtype: u8,
        shape: Vec<u64>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
enum Packing {
    Raw,
    /// A raw deflate stream (RFC 1951).
    Deflate,
}

/// One block in the index.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Record {
    section: Section,
    name: String,
    content: Content,
    packing: Packing,
    /// Bytes in the file.
    stored: u64,
    /// Bytes after unpacking.
    length: u64,
    /// CRC-32C of the bytes in the file.
    crc: u32,
}

impl Record {
    fn label(&self) -> String {
        match self.section {
            Section::Weights => format!("tensor {:?}", self.name),
            Section::Optimizer => format!("optimizer tensor {:?}", self.name),
            Section::Assets => format!("asset {:?}", self.name),
            Section::Manifest => "manifest".into(),
            Section::Architecture => "architecture".into(),
            Section::Compile => "compile settings".into(),
            Section::Metadata => "metadata".into(),
        }
    }
}

/// How a finished file is recognised by the file that refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Seal {
    pub(crate) length: u64,
    pub(crate) index_crc: u32,
}

/// A block as it was read.
pub(crate) enum Block {
    Bytes(Vec<u8>),
    Tensor(crate::TensorData),
}
